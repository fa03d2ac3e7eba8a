#include "framework/nn/registered_layers.h"
#include "framework/nn/layers.h"

namespace gradus::nn {
namespace {

struct LinearOptions {
  std::int64_t in_features = 0;
  std::int64_t out_features = 0;
  bool bias = true;
  void describe(OptionReader& o) {
    o.required()("in_features", in_features, "size of the last dim of the input", {.min = 1});
    o.required()("out_features", out_features, "size of the last dim of the output", {.min = 1});
    o("bias", bias, "whether a bias is added");
  }
};

struct ConvOptions {
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

struct BatchNormOptions {
  std::int64_t num_features = 0;
  BatchNormSettings settings;
  void describe(OptionReader& o) {
    o.required()("num_features", num_features, "channels of the input", {.min = 1});
    o("eps", settings.eps, "added to the variance", {.above = 0});
    o("momentum", settings.momentum, "weight of the newest batch in the running statistics",
      {.min = 0, .max = 1});
  }
};

struct PoolOptions {
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

struct FlattenOptions {
  std::int64_t start_dim = 1;
  std::int64_t end_dim = -1;
  void describe(OptionReader& o) {
    o("start_dim", start_dim, "first dim that is joined", {.min = -8, .max = 7});
    o("end_dim", end_dim, "last dim that is joined", {.min = -8, .max = 7});
  }
};

struct DropoutOptions {
  double p = 0.5;
  void describe(OptionReader& o) {
    o("p", p, "probability of an element to be dropped", {.min = 0, .max = 1});
  }
};

using ModulePtr = std::shared_ptr<Module>;

template <class M>
bool plain(const char* name, const char* doc) {
  return layers().add<NoOptions>(name, doc, [](const NoOptions&) { return std::make_shared<M>(); });
}

const bool kRegistered[] = {
    layers().add<LinearOptions>("linear", "x * weight^T + bias over the last dim",
                                [](const LinearOptions& o) -> ModulePtr {
                                  return std::make_shared<LinearImpl>(o.in_features, o.out_features,
                                                                      o.bias);
                                }),
    layers().add<ConvOptions>("conv2d", "2-D convolution of images [N, C, H, W]",
                              [](const ConvOptions& o) -> ModulePtr {
                                return std::make_shared<Conv2dImpl>(
                                    o.in_channels, o.out_channels, o.kernel_size,
                                    Conv2dOptions{o.stride, o.padding, o.dilation, o.groups,
                                                  o.bias});
                              }),
    layers().add<BatchNormOptions>("batch_norm2d", "normalises every channel of [N, C, H, W]",
                                   [](const BatchNormOptions& o) -> ModulePtr {
                                     return std::make_shared<BatchNorm2dImpl>(o.num_features,
                                                                              o.settings);
                                   }),
    layers().add<PoolOptions>("max_pool2d", "the largest value of each window",
                              [](const PoolOptions& o) -> ModulePtr {
                                return std::make_shared<MaxPool2dImpl>(
                                    o.kernel_size,
                                    MaxPool2dOptions{.stride = o.step(), .padding = o.padding});
                              }),
    layers().add<PoolOptions>("avg_pool2d", "the mean of each window",
                              [](const PoolOptions& o) -> ModulePtr {
                                return std::make_shared<AvgPool2dImpl>(
                                    o.kernel_size,
                                    AvgPool2dOptions{.stride = o.step(), .padding = o.padding});
                              }),
    layers().add<FlattenOptions>("flatten", "joins dims; by default all but the batch",
                                 [](const FlattenOptions& o) -> ModulePtr {
                                   return std::make_shared<FlattenImpl>(
                                       static_cast<int>(o.start_dim), static_cast<int>(o.end_dim));
                                 }),
    layers().add<DropoutOptions>(
        "dropout", "drops elements in training",
        [](const DropoutOptions& o) -> ModulePtr { return std::make_shared<DropoutImpl>(o.p); }),
    plain<ReLUImpl>("relu", "max(x, 0)"),
    plain<SigmoidImpl>("sigmoid", "1 / (1 + exp(-x))"),
    plain<TanhImpl>("tanh", "the hyperbolic tangent"),
};

}  // namespace
}  // namespace gradus::nn
