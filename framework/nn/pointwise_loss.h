// The losses that compare input and target element by element in one pass each way. Included by
// loss families only.
#pragma once

#include "framework/kernels/pointwise_loss.h"
#include "framework/nn/loss.h"
#include "framework/ops/apply.h"

namespace gradus::ops {

/// kernels::pointwise_loss with a reduction. An op derives from it and has, beside its kInfo, a
/// backward() that calls fused(), or under create_graph does the same with public ops.
struct PointwiseLoss {
  kernels::PointwiseLoss loss;
  Reduction reduction;
  double parameter = 0;  ///< of the loss, where it has one
  Tensor weight{};
  Tensor pos_weight{};
  autograd::SavedTensor saved_weight{};
  autograd::SavedTensor saved_pos_weight{};
  double factor = 1;  ///< of all gradients, by the reduction

  Tensor forward(Inputs in);

 protected:
  Gradients fused(const Saved& s, const Tensor& g, const Needs& needs, std::string_view op);
};

/// The saved weight; undefined where there was none.
inline Tensor unpack_weight(const autograd::SavedTensor& saved, std::string_view op) {
  return saved.defined() ? saved.unpack({}, op) : Tensor();
}

}  // namespace gradus::ops
