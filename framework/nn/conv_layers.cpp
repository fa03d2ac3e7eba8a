#include "framework/nn/conv_layers.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"

#include <cmath>

namespace gradus::nn {
namespace {

void check_channels(const char* layer, std::int64_t in, std::int64_t out, std::int64_t groups) {
  check_at_least_one(layer, "in_channels", in);
  check_at_least_one(layer, "out_channels", out);
  check_at_least_one(layer, "groups", groups);
  if (in % groups == 0 && out % groups == 0) return;
  throw ValueError(std::string(layer) + ": groups " + std::to_string(groups) +
                   " does not divide in_channels " + std::to_string(in) + " and out_channels " +
                   std::to_string(out));
}

// Uniform by the fan-in of a weight of the shape `of_weight`.
Tensor by_fan_in(const Shape& sizes, const Shape& of_weight) {
  const std::int64_t fan_in = of_weight.numel() / of_weight[0];
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return init::uniform(sizes, -bound, bound);
}

}  // namespace

Conv2dImpl::Conv2dImpl(std::int64_t in_channels, std::int64_t out_channels, const Pair& kernel_size,
                       const Conv2dOptions& options)
    : options_{options.stride, options.padding, options.dilation, options.groups} {
  check_channels("Conv2d", in_channels, out_channels, options.groups);
  check_at_least_one("Conv2d", "kernel_size", std::min(kernel_size[0], kernel_size[1]));
  const Shape sizes = {out_channels, in_channels / options.groups, kernel_size[0], kernel_size[1]};
  weight = register_parameter("weight", by_fan_in(sizes, sizes));
  if (options.bias) bias = register_parameter("bias", by_fan_in({out_channels}, sizes));
}

Tensor Conv2dImpl::forward(const Tensor& x) {
  return conv2d(x, weight, bias, options_);
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct Conv2dSettings {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  kernels::Pair kernel_size = {0, 0};
  kernels::Pair stride = {1, 1};
  kernels::Pair padding = {0, 0};
  kernels::Pair dilation = {1, 1};
  std::int64_t groups = 1;
  bool bias = true;
  void describe(OptionReader& o) {
    o.required()("in_channels", in_channels, "channels of the input", {.min = 1});
    o.required()("out_channels", out_channels, "channels of the output", {.min = 1});
    o.required()("kernel_size", kernel_size, "height and width of the kernel", {.min = 1});
    o("stride", stride, "step of the kernel", {.min = 1});
    o("padding", padding, "zeros added on each side", {.min = 0});
    o("dilation", dilation, "distance between kernel elements", {.min = 1});
    o("groups", groups, "groups of channels that do not mix", {.min = 1});
    o("bias", bias, "whether a bias is added");
  }
};

const bool kRegistered[] = {
    register_layer<Conv2dSettings>("conv2d", "2-D convolution of images [N, C, H, W]",
                                   [](const Conv2dSettings& o) {
                                     return Conv2d(o.in_channels, o.out_channels, o.kernel_size,
                                                   Conv2dOptions{o.stride, o.padding, o.dilation,
                                                                 o.groups, o.bias});
                                   }),
};

}  // namespace
}  // namespace gradus::nn
