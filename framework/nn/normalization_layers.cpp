#include "framework/nn/normalization_layers.h"
#include "framework/autograd/recompute.h"
#include "framework/nn/fusion.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/tensor/creation.h"

namespace gradus::nn {

BatchNormImpl::BatchNormImpl(const char* name, std::int64_t num_features,
                             const BatchNormSettings& settings)
    : settings_(settings) {
  check_at_least_one(name, "num_features", num_features);
  if (settings.affine) {
    weight = register_parameter("weight", ones({num_features}));
    bias = register_parameter("bias", zeros({num_features}));
  }
  if (settings.track_running_stats) {
    running_mean = register_buffer("running_mean", zeros({num_features}));
    running_var = register_buffer("running_var", ones({num_features}));
    num_batches_tracked = register_buffer("num_batches_tracked", zeros({}, kInt64));
  }
}

BatchNormOptions BatchNormImpl::options() const {
  return {.training = is_training() || !settings_.track_running_stats,
          .momentum = settings_.momentum,
          .eps = settings_.eps};
}

void BatchNormImpl::count_batch() const {
  const bool counts = is_training() && settings_.track_running_stats;
  if (counts && !is_recomputing()) num_batches_tracked.add_(1);
}

Tensor BatchNormImpl::forward(const Tensor& x) {
  check_input(x);
  Tensor y = batch_norm(x, running_mean, running_var, weight, bias, options());
  count_batch();
  return y;
}

Tensor BatchNormImpl::forward_relu(const Tensor& x, const Tensor& residual) {
  if (!may_fuse() || has_hooks()) {
    const Tensor y = call(x);
    return relu(residual.defined() ? y + residual : y);
  }
  check_input(x);
  Tensor y = batch_norm_relu(x, running_mean, running_var, weight, bias, residual, options());
  count_batch();
  return y;
}

void BatchNorm1dImpl::check_input(const Tensor& x) const {
  if (x.dim() == 2 || x.dim() == 3) return;
  throw ShapeError("BatchNorm1d: needs [N, C] or [N, C, L], got " + to_string(x.sizes()));
}

void BatchNorm2dImpl::check_input(const Tensor& x) const {
  if (x.dim() == 4) return;
  throw ShapeError("BatchNorm2d: needs images [N, C, H, W], got " + to_string(x.sizes()));
}

GroupNormImpl::GroupNormImpl(std::int64_t num_groups, std::int64_t num_channels,
                             const GroupNormOptions& options)
    : num_groups_(num_groups), eps_(options.eps) {
  check_at_least_one("GroupNorm", "num_groups", num_groups);
  check_at_least_one("GroupNorm", "num_channels", num_channels);
  if (num_channels % num_groups != 0) {
    throw ValueError("GroupNorm: num_groups " + std::to_string(num_groups) +
                     " does not divide num_channels " + std::to_string(num_channels));
  }
  if (!options.affine) return;
  weight = register_parameter("weight", ones({num_channels}));
  bias = register_parameter("bias", zeros({num_channels}));
}

LayerNormImpl::LayerNormImpl(const Shape& normalized_shape, const LayerNormOptions& options)
    : normalized_shape_(normalized_shape), eps_(options.eps) {
  check_normalized_shape("LayerNorm", normalized_shape);
  if (!options.elementwise_affine) return;
  weight = register_parameter("weight", ones(normalized_shape));
  if (options.bias) bias = register_parameter("bias", zeros(normalized_shape));
}

Tensor LayerNormImpl::forward(const Tensor& x) {
  return layer_norm(x, normalized_shape_, weight, bias, eps_);
}

RMSNormImpl::RMSNormImpl(const Shape& normalized_shape, const RMSNormOptions& options)
    : normalized_shape_(normalized_shape), eps_(options.eps) {
  check_normalized_shape("RMSNorm", normalized_shape);
  if (options.elementwise_affine) weight = register_parameter("weight", ones(normalized_shape));
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
    o("affine", settings.affine, "whether there are a weight and a bias");
    o("track_running_stats", settings.track_running_stats,
      "whether there are running statistics to evaluate by");
  }
};

struct GroupNormSettings {
  std::int64_t num_groups = 0;
  std::int64_t num_channels = 0;
  GroupNormOptions options;
  void describe(OptionReader& o) {
    o.required()("num_groups", num_groups, "into which the channels are divided", {.min = 1});
    o.required()("num_channels", num_channels, "channels of the input", {.min = 1});
    o("eps", options.eps, "added to the variance", {.above = 0});
    o("affine", options.affine, "whether there are a weight and a bias");
  }
};

struct LayerNormSettings {
  std::vector<std::int64_t> normalized_shape;
  LayerNormOptions options;
  void describe(OptionReader& o) {
    o.required()("normalized_shape", normalized_shape, "sizes of the last dims", {.min = 1});
    o("eps", options.eps, "added to the variance", {.above = 0});
    o("elementwise_affine", options.elementwise_affine, "whether there are a weight and a bias");
    o("bias", options.bias, "whether there is a bias beside the weight");
  }
};

struct RMSNormSettings {
  std::vector<std::int64_t> normalized_shape;
  double eps = 0;
  bool elementwise_affine = true;
  void describe(OptionReader& o) {
    o.required()("normalized_shape", normalized_shape, "sizes of the last dims", {.min = 1});
    o("eps", eps, "added to the mean square; 0: the machine epsilon of the dtype", {.min = 0});
    o("elementwise_affine", elementwise_affine, "whether there is a weight");
  }
  [[nodiscard]] RMSNormOptions options() const {
    RMSNormOptions result = {.elementwise_affine = elementwise_affine};
    if (eps > 0) result.eps = eps;
    return result;
  }
};

const bool kRegistered[] = {
    register_layer<BatchNormSetup>(
        "batch_norm1d", "normalises every channel of [N, C] or [N, C, L]",
        [](const BatchNormSetup& o) { return BatchNorm1d(o.num_features, o.settings); }),
    register_layer<BatchNormSetup>(
        "batch_norm2d", "normalises every channel of [N, C, H, W]",
        [](const BatchNormSetup& o) { return BatchNorm2d(o.num_features, o.settings); }),
    register_layer<GroupNormSettings>("group_norm", "normalises groups of channels of each sample",
                                      [](const GroupNormSettings& o) {
                                        return GroupNorm(o.num_groups, o.num_channels, o.options);
                                      }),
    register_layer<LayerNormSettings>("layer_norm", "normalises over the last dims",
                                      [](const LayerNormSettings& o) {
                                        return LayerNorm(Shape(std::span(o.normalized_shape)),
                                                         o.options);
                                      }),
    register_layer<RMSNormSettings>(
        "rms_norm", "divides by the root of the mean square over the last dims",
        [](const RMSNormSettings& o) {
          return RMSNorm(Shape(std::span(o.normalized_shape)), o.options());
        }),
};

}  // namespace
}  // namespace gradus::nn
