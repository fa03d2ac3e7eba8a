// Softmax and normalisation. Integers are taken as float32; statistics are summed in double.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

/// exp(x) / sum(exp(x)) along `dim`, without overflow. Where all is -inf, or NaN is among the
/// values, the result is NaN. With a dtype, x is converted to it first.
Tensor softmax(const Tensor& x, int dim, Location at = Location::current());
Tensor softmax(const Tensor& x, int dim, DType dtype, Location at = Location::current());
/// softmax(-x).
Tensor softmin(const Tensor& x, int dim, Location at = Location::current());
/// log(softmax(x)) along `dim`, stable for any finite x.
Tensor log_softmax(const Tensor& x, int dim, Location at = Location::current());
Tensor log_softmax(const Tensor& x, int dim, DType dtype, Location at = Location::current());
/// softmax for attention: zeros, with zero gradients, where all is -inf.
Tensor masked_softmax(const Tensor& x, int dim, Location at = Location::current());

struct BatchNormOptions {
  bool training = false;  ///< normalise by this batch's own statistics
  double momentum = 0.1;  ///< the weight of this batch in the running statistics
  double eps = 1e-5;
};

/// (x - mean) / sqrt(variance + eps) * weight + bias, channel by channel, for x [N, C] or [N, C,
/// ...]; all others are [C]. In training mean and variance are those of x (over all dims but the
/// channels), the gradient flows through them, and running_mean and running_var (that of the
/// unbiased variance), where defined, move towards them in place. Else they are constants to
/// normalise by, and must be defined. weight and bias may be undefined.
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight = {}, const Tensor& bias = {},
                  const BatchNormOptions& options = {}, Location at = Location::current());

/// relu(batch_norm(x, ...) + residual) in fewer passes, to the same bits; residual, of x's shape,
/// may be undefined.
Tensor batch_norm_relu(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                       const Tensor& weight = {}, const Tensor& bias = {},
                       const Tensor& residual = {}, const BatchNormOptions& options = {},
                       Location at = Location::current());

/// Normalises over the last dims, whose sizes are `normalized_shape`; weight and bias, where
/// defined, have that shape.
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5, Location at = Location::current());

/// x / sqrt(mean(x^2) + eps) * weight over the last dims. eps is by default the machine epsilon of
/// x's dtype.
Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = {}, Location at = Location::current());

/// Normalises each sample's channels in groups, for x [N, C, ...]; num_groups divides C. weight and
/// bias, where defined, are [C].
Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5, Location at = Location::current());

struct InstanceNormOptions {
  bool use_input_stats = true;  ///< as opposed to the running statistics
  double momentum = 0.1;
  double eps = 1e-5;
};

/// Normalises each channel of each sample of x [N, C, L...]. Arguments as in batch_norm; running
/// statistics move towards the mean over the samples.
Tensor instance_norm(const Tensor& x, const Tensor& running_mean = {},
                     const Tensor& running_var = {}, const Tensor& weight = {},
                     const Tensor& bias = {}, const InstanceNormOptions& options = {},
                     Location at = Location::current());

/// x / max(norm, eps), with the p-norm along `dim`; p >= 0, or infinity.
Tensor normalize(const Tensor& x, double p = 2, int dim = 1, double eps = 1e-12,
                 Location at = Location::current());

}  // namespace gradus
