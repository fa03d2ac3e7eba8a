// Softmax and batch normalisation.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

/// log(softmax(x)) along `dim`, stable for any finite x.
Tensor log_softmax(const Tensor& x, int dim, Location at = Location::current());

struct BatchNormOptions {
  double eps = 1e-5;
  bool training = false;  ///< normalise by this batch's own statistics
};

/// What batch_norm found in training, for running statistics: mean and biased variance [C], and the
/// number of values per channel.
struct BatchMoments {
  Tensor mean;
  Tensor variance;
  std::int64_t count = 0;
};

/// (x - mean) / sqrt(variance + eps) * weight + bias, channel by channel, for x [N, C] or [N, C,
/// ...]; all others are [C]. In training mean and variance are those of x (over all dims but the
/// channels) and the gradient flows through them; `moments` receives them. Otherwise the given
/// mean and variance are constants.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                  const Tensor& variance, const BatchNormOptions& options = {},
                  BatchMoments* moments = nullptr, Location at = Location::current());

}  // namespace gradus
