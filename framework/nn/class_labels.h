// Class labels beside scores [N, C], [C], or [N, C, d...]. Included by loss families only.
#pragma once

#include "framework/tensor/tensor.h"

#include <optional>
#include <vector>

namespace gradus::ops {

/// The dim of the classes.
inline int class_dim(const Tensor& x) {
  return x.dim() == 1 ? 0 : 1;
}

/// Throws unless the labels, int64, have the shape of x without its classes and lie in [0, C), or
/// are `ignored`; and unless the weight, where defined, is [C].
void check_class_labels(const Tensor& labels, const Tensor& x, const Tensor& weight,
                        std::optional<std::int64_t> ignored);

/// Throws unless the weight, where defined, is [C].
void check_class_weight(const Tensor& weight, const Tensor& x);

/// The weight of each label, in its shape and of `dtype`. No gradient flows to the weight.
Tensor weights_of_labels(const Tensor& weight, const Tensor& labels, DType dtype);

/// The sum of the labels' weights, `weight` of each class or 1 where that is empty, but for those
/// that are `ignored`. Labels outside the list weigh nothing.
double weight_of_labels(const Tensor& labels, const std::vector<double>& weight,
                        std::int64_t ignored);

/// The weight of the classes as configs list it; undefined where the list is empty.
Tensor class_weight(const std::vector<double>& list);

}  // namespace gradus::ops
