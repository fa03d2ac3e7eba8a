#include "framework/nn/pooling_layers.h"
#include "framework/nn/fusion.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/activation.h"

namespace gradus::nn {

Tensor MaxPool2dImpl::forward_of_relu(const Tensor& x) {
  return may_fuse() ? relu_max_pool2d(x, kernel_size_, options_) : forward(relu(x));
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct PoolSettings {
  kernels::Pair kernel_size = {0, 0};
  kernels::Pair stride = {0, 0};
  kernels::Pair padding = {0, 0};
  void describe(OptionReader& o) {
    o.required()("kernel_size", kernel_size, "height and width of the window", {.min = 1});
    o("stride", stride, "step of the window; 0: the kernel size", {.min = 0});
    o("padding", padding, "border added on each side", {.min = 0});
  }
  [[nodiscard]] kernels::Pair step() const {
    return {stride[0] == 0 ? kernel_size[0] : stride[0],
            stride[1] == 0 ? kernel_size[1] : stride[1]};
  }
};

const bool kRegistered[] = {
    register_layer<PoolSettings>("max_pool2d", "the largest value of each window",
                                 [](const PoolSettings& o) {
                                   return MaxPool2d(
                                       o.kernel_size,
                                       MaxPool2dOptions{.stride = o.step(), .padding = o.padding});
                                 }),
    register_layer<PoolSettings>("avg_pool2d", "the mean of each window",
                                 [](const PoolSettings& o) {
                                   return AvgPool2d(
                                       o.kernel_size,
                                       AvgPool2dOptions{.stride = o.step(), .padding = o.padding});
                                 }),
};

}  // namespace
}  // namespace gradus::nn
