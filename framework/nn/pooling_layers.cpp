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
  bool ceil_mode = false;
  void describe(OptionReader& o) {
    o.required()("kernel_size", kernel_size, "height and width of the window", {.min = 1});
    o("stride", stride, "step of the window; 0: the kernel size", {.min = 0});
    o("padding", padding, "border added on each side", {.min = 0});
    o("ceil_mode", ceil_mode, "whether a last window may hang over the end");
  }
  [[nodiscard]] kernels::Pair step() const {
    return {stride[0] == 0 ? kernel_size[0] : stride[0],
            stride[1] == 0 ? kernel_size[1] : stride[1]};
  }
};

struct MaxPoolSettings : PoolSettings {
  kernels::Pair dilation = {1, 1};
  void describe(OptionReader& o) {
    PoolSettings::describe(o);
    o("dilation", dilation, "distance between the elements of a window", {.min = 1});
  }
};

struct AvgPoolSettings : PoolSettings {
  bool count_include_pad = true;
  void describe(OptionReader& o) {
    PoolSettings::describe(o);
    o("count_include_pad", count_include_pad, "whether the border counts in the mean, as zeros");
  }
};

struct AdaptivePoolSettings {
  kernels::Pair output_size = {0, 0};
  void describe(OptionReader& o) {
    o.required()("output_size", output_size, "height and width of the result", {.min = 1});
  }
};

const bool kRegistered[] = {
    register_layer<MaxPoolSettings>("max_pool2d", "the largest value of each window",
                                    [](const MaxPoolSettings& o) {
                                      return MaxPool2d(o.kernel_size,
                                                       MaxPool2dOptions{o.step(), o.padding,
                                                                        o.dilation, o.ceil_mode});
                                    }),
    register_layer<AvgPoolSettings>(
        "avg_pool2d", "the mean of each window",
        [](const AvgPoolSettings& o) {
          return AvgPool2d(o.kernel_size,
                           AvgPool2dOptions{o.step(), o.padding, o.ceil_mode, o.count_include_pad});
        }),
    register_layer<AdaptivePoolSettings>(
        "adaptive_avg_pool2d", "the means of windows that make images of one size",
        [](const AdaptivePoolSettings& o) { return AdaptiveAvgPool2d(o.output_size); }),
};

}  // namespace
}  // namespace gradus::nn
