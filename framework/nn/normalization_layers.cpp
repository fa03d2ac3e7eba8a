#include "framework/nn/normalization_layers.h"
#include "framework/autograd/recompute.h"
#include "framework/nn/fusion.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/tensor/creation.h"

namespace gradus::nn {

BatchNorm2dImpl::BatchNorm2dImpl(std::int64_t num_features, const BatchNormSettings& settings)
    : settings_(settings) {
  check_at_least_one("BatchNorm2d", "num_features", num_features);
  weight = register_parameter("weight", ones({num_features}));
  bias = register_parameter("bias", zeros({num_features}));
  running_mean = register_buffer("running_mean", zeros({num_features}));
  running_var = register_buffer("running_var", ones({num_features}));
  num_batches_tracked = register_buffer("num_batches_tracked", zeros({}, kInt64));
}

void BatchNorm2dImpl::check_images(const Tensor& x) const {
  if (x.dim() == 4) return;
  throw ShapeError("BatchNorm2d: needs images [N, C, H, W], got " + to_string(x.sizes()));
}

BatchNormOptions BatchNorm2dImpl::options() const {
  return {.training = is_training(), .momentum = settings_.momentum, .eps = settings_.eps};
}

void BatchNorm2dImpl::count_batch() const {
  if (is_training() && !is_recomputing()) num_batches_tracked.add_(1);
}

Tensor BatchNorm2dImpl::forward(const Tensor& x) {
  check_images(x);
  Tensor y = batch_norm(x, running_mean, running_var, weight, bias, options());
  count_batch();
  return y;
}

Tensor BatchNorm2dImpl::forward_relu(const Tensor& x, const Tensor& residual) {
  if (!may_fuse()) {
    const Tensor y = forward(x);
    return relu(residual.defined() ? y + residual : y);
  }
  check_images(x);
  Tensor y = batch_norm_relu(x, running_mean, running_var, weight, bias, residual, options());
  count_batch();
  return y;
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct BatchNormSetup {
  std::int64_t num_features = 0;
  BatchNormSettings settings;
  void describe(OptionReader& o) {
    o.required()("num_features", num_features, "channels of the input", {.min = 1});
    o("eps", settings.eps, "added to the variance", {.above = 0});
    o("momentum", settings.momentum, "weight of the newest batch in the running statistics",
      {.min = 0, .max = 1});
  }
};

const bool kRegistered[] = {
    register_layer<BatchNormSetup>(
        "batch_norm2d", "normalises every channel of [N, C, H, W]",
        [](const BatchNormSetup& o) { return BatchNorm2d(o.num_features, o.settings); }),
};

}  // namespace
}  // namespace gradus::nn
