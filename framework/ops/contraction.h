// The product of two tensors whose dims bear labels: what einsum and tensordot are made of.
// Included by op families only.
#pragma once

#include "framework/tensor/tensor.h"

#include <vector>

namespace gradus::ops {

/// A tensor with a label for each dim; no label occurs twice.
struct Labelled {
  Tensor values;
  std::vector<int> labels;
};

/// The product of a and b, summed over the dims whose labels are not in `kept`. The others follow
/// each other so: those of both tensors, those of a alone, those of b alone. Where a label has size
/// 1 in one tensor it broadcasts.
Labelled contract(Labelled a, Labelled b, const std::vector<int>& kept);

/// The tensor with exactly these labels in this order; the others are summed.
Tensor arranged(const Labelled& x, const std::vector<int>& labels);

}  // namespace gradus::ops
