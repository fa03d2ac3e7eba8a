// Joins: functions of several tensors that make one, for graphs of modules (graph_module.h). By
// name: {"type": "concat", "dim": 1}.
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

#include <span>

namespace gradus::nn {

/// One of them. It has no parameters.
struct Join {
  std::string type;  ///< for messages: "concat"
  std::function<Tensor(std::span<const Tensor> tensors)> run;
};

/// The sum, and the product element by element; shapes broadcast.
Join add_join();
Join multiply_join();
/// The tensors one after the other along a dim.
Join concat_join(int dim = 1);

/// The registry of joins.
Registry<Join>& joins();

}  // namespace gradus::nn
