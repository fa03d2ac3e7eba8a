#include "framework/nn/layers.h"
#include "framework/autograd/recompute.h"
#include "framework/nn/fusion.h"
#include "framework/nn/init.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/dropout.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/tensor/creation.h"

#include <cmath>

namespace gradus::nn {

Registry<Module>& layers() {
  static Registry<Module> registry("layer");
  return registry;
}

namespace {

void check_at_least_one(const char* layer, const char* what, std::int64_t value) {
  if (value >= 1) return;
  throw ValueError(std::string(layer) + ": " + what + " must be at least 1, got " +
                   std::to_string(value));
}

// Runs body with the layers that it stands for in errors.
template <class Body>
Tensor run_layers(std::span<const NamedModule> layers, Body body) {
  try {
    return body();
  } catch (Error& error) {
    std::string names = layers.size() == 1 ? "layer" : "layers";
    for (const auto& [name, module] : layers) {
      names += (names.back() == ')' ? ", " : " ") + name + " (" + module->type_name() + ")";
    }
    error.prepend(names);
    throw;
  }
}

}  // namespace

LinearImpl::LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias) {
  check_at_least_one("Linear", "in_features", in_features);
  check_at_least_one("Linear", "out_features", out_features);
  const double bound = 1 / std::sqrt(static_cast<double>(in_features));
  weight = register_parameter("weight", init::uniform({out_features, in_features}, -bound, bound));
  if (with_bias) bias = register_parameter("bias", init::uniform({out_features}, -bound, bound));
}

Tensor LinearImpl::forward(const Tensor& x) {
  return linear(x, weight, bias);
}

Conv2dImpl::Conv2dImpl(std::int64_t in_channels, std::int64_t out_channels, const Pair& kernel_size,
                       const Conv2dOptions& options)
    : options_{options.stride, options.padding, options.dilation, options.groups} {
  check_at_least_one("Conv2d", "in_channels", in_channels);
  check_at_least_one("Conv2d", "out_channels", out_channels);
  check_at_least_one("Conv2d", "kernel_size", std::min(kernel_size[0], kernel_size[1]));
  check_at_least_one("Conv2d", "groups", options.groups);
  if (in_channels % options.groups != 0 || out_channels % options.groups != 0) {
    throw ValueError("Conv2d: groups " + std::to_string(options.groups) +
                     " does not divide in_channels " + std::to_string(in_channels) +
                     " and out_channels " + std::to_string(out_channels));
  }
  const Shape sizes = {out_channels, in_channels / options.groups, kernel_size[0], kernel_size[1]};
  const double bound = 1 / std::sqrt(static_cast<double>(sizes[1] * sizes[2] * sizes[3]));
  weight = register_parameter("weight", init::uniform(sizes, -bound, bound));
  if (options.bias) {
    bias = register_parameter("bias", init::uniform({out_channels}, -bound, bound));
  }
}

Tensor Conv2dImpl::forward(const Tensor& x) {
  return conv2d(x, weight, bias, options_);
}

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

Tensor MaxPool2dImpl::forward_of_relu(const Tensor& x) {
  return may_fuse() ? relu_max_pool2d(x, kernel_size_, options_) : forward(relu(x));
}

DropoutImpl::DropoutImpl(double p) : p_(p) {
  if (!(p >= 0 && p <= 1)) {
    throw ValueError("Dropout: p must be in [0, 1], got " + std::to_string(p));
  }
}

Tensor DropoutImpl::forward(const Tensor& x) {
  return dropout(x, p_, is_training());
}

Tensor SequentialImpl::forward(const Tensor& x) {
  Tensor y = x;
  std::span<const NamedModule> rest = children();
  while (!rest.empty()) {
    if (const Fusion* fusion = fusion_of(rest)) {
      y = run_layers(rest.first(fusion->layers), [&] { return fusion->run(rest, y); });
      rest = rest.subspan(fusion->layers);
    } else {
      y = run_layers(rest.first(1), [&] { return rest[0].second->forward(y); });
      rest = rest.subspan(1);
    }
  }
  return y;
}

}  // namespace gradus::nn
