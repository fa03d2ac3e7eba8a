// Gradients cut to size before an optimizer's step, as torch.nn.utils has them.
//
//   loss.backward();
//   nn::utils::clip_grad_norm_(net->parameters(), 1.0);
//   optimizer.step();
#pragma once

#include "framework/tensor/tensor.h"

#include <vector>

namespace gradus::nn::utils {

/// A norm of gradients that is NaN or infinite.
class NonFiniteNormError : public ValueError {
  using ValueError::ValueError;
};

/// Scales all gradients by one factor, so that their norm, taken over all of them as one vector, is
/// at most `max_norm`: by max_norm / (norm + 1e-6) where that is less than 1. Returns the norm as
/// it was. Parameters without a gradient count for nothing; a norm_type of infinity means the
/// largest magnitude. With `error_if_nonfinite`, throws NonFiniteNormError where the norm is NaN
/// or infinite, and changes nothing; without, the gradients become NaN or 0 there, as in PyTorch.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);

/// Clamps every element of every gradient to [-clip_value, clip_value]; NaN stays.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);

}  // namespace gradus::nn::utils
