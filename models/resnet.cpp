// resnet: the residual networks of He et al. (2015, https://arxiv.org/abs/1512.03385) for small
// images, of basic blocks: two convolutions 3 x 3 beside a shortcut. Two forms, told apart by
// depth:
//
//   6n + 2   that of their experiments on CIFAR-10: a convolution 3 x 3 to 16 channels, three
//            stages of n blocks with 16, 32 and 64 channels. Every shortcut is an identity without
//            parameters (option A): where the stride is 2 it takes every second pixel, and channels
//            of zeros stand on both sides.
//   18, 34   that for ImageNet, stages of 2 2 2 2 or 3 4 6 3 blocks with 64, 128, 256 and 512
//            channels, where a shortcut is a convolution 1 x 1 with a norm where the shape changes
//            (option B). Small images need no stem of stride 4: a convolution 3 x 3 to 64 channels
//            takes the place of the one 7 x 7 and the pooling.
//
// Then the mean over the image and a linear layer. Weights of convolutions are normal with variance
// 2 / (out * kernel elements), as in torchvision, whose names the children bear.
#include "framework/autograd/grad_mode.h"
#include "framework/nn/layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/views.h"
#include "framework/tensor/sampling.h"
#include "framework/train/model.h"

#include <cmath>

namespace gradus {
namespace {

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t stride,
                       std::int64_t kernel = 3) {
  nn::Conv2d conv(in, out, kernel,
                  nn::Conv2dOptions{.stride = stride, .padding = kernel / 2, .bias = false});
  const NoGradGuard no_grad;
  const auto fan_out = static_cast<double>(out * kernel * kernel);
  conv->weight.copy_(randn(conv->weight.sizes()) * std::sqrt(2.0 / fan_out));
  return conv;
}

// What a depth means.
struct Form {
  std::vector<std::int64_t> blocks;
  std::vector<std::int64_t> channels;
  bool projects;  // whether shortcuts that change the shape are convolutions
};

Form form_of(std::int64_t depth) {
  const std::vector<std::int64_t> wide = {64, 128, 256, 512};
  if (depth == 18) return {{2, 2, 2, 2}, wide, true};
  if (depth == 34) return {{3, 4, 6, 3}, wide, true};
  return {std::vector<std::int64_t>(3, (depth - 2) / 6), {16, 32, 64}, false};
}

class Block : public nn::Module {
 public:
  Block(std::int64_t in, std::int64_t out, std::int64_t stride, bool projects)
      : stride_(stride),
        extra_(out - in),
        conv1_(register_module("conv1", convolution(in, out, stride))),
        bn1_(register_module("bn1", nn::BatchNorm2d(out))),
        conv2_(register_module("conv2", convolution(out, out, 1))),
        bn2_(register_module("bn2", nn::BatchNorm2d(out))),
        downsample_(nullptr) {
    if (!projects || (stride == 1 && in == out)) return;
    downsample_ = register_module(
        "downsample", nn::Sequential(convolution(in, out, stride, 1), nn::BatchNorm2d(out)));
  }

  Tensor forward(const Tensor& x) override {
    const Tensor inner = bn1_->forward_relu(conv1_(x));
    return bn2_->forward_relu(conv2_(inner), shortcut(x));
  }
  [[nodiscard]] std::string type_name() const override { return "BasicBlock"; }

 private:
  // Padded with the channels last, where they lie in memory.
  [[nodiscard]] Tensor shortcut(const Tensor& x) const {
    if (downsample_.ptr()) return downsample_(x);
    const Tensor y = stride_ == 1 ? x : avg_pool2d(x, 1, {.stride = stride_});
    if (extra_ == 0) return y;
    return pad(y.permute({0, 2, 3, 1}), {extra_ / 2, extra_ - extra_ / 2}).permute({0, 3, 1, 2});
  }

  std::int64_t stride_;
  std::int64_t extra_;
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Sequential downsample_;  // or none
};

class ResNet : public nn::Module {
 public:
  ResNet(const Form& form, std::int64_t channels, std::int64_t outputs)
      : conv1_(register_module("conv1", convolution(channels, form.channels[0], 1))),
        bn1_(register_module("bn1", nn::BatchNorm2d(form.channels[0]))),
        stages_(stages(form)),
        fc_(register_module("fc", nn::Linear(form.channels.back(), outputs))) {}

  Tensor forward(const Tensor& x) override {
    Tensor y = bn1_->forward_relu(conv1_(x));
    for (const nn::Sequential& stage : stages_) y = stage(y);
    return fc_(adaptive_avg_pool2d(y, 1).flatten(1));
  }
  [[nodiscard]] std::string type_name() const override { return "ResNet"; }

 private:
  // Registers them as layer1, layer2, ...
  std::vector<nn::Sequential> stages(const Form& form) {
    std::vector<nn::Sequential> all;
    std::int64_t in = form.channels[0];
    for (std::size_t s = 0; s < form.blocks.size(); ++s) {
      nn::Sequential blocks;
      for (std::int64_t i = 0; i < form.blocks[s]; ++i) {
        const std::int64_t stride = s > 0 && i == 0 ? 2 : 1;
        blocks->push_back(std::make_shared<Block>(in, form.channels[s], stride, form.projects));
        in = form.channels[s];
      }
      all.push_back(register_module("layer" + std::to_string(s + 1), blocks));
    }
    return all;
  }

  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  std::vector<nn::Sequential> stages_;
  nn::Linear fc_;
};

struct ResNetOptions {
  std::int64_t depth = 20;

  void describe(OptionReader& o) {
    o("depth", depth, "number of layers: 6n + 2, such as 20, 32, 44, 56 or 110; or 18 or 34",
      {.min = 8});
    if (depth % 6 != 2 && depth != 18 && depth != 34) {
      throw ConfigError(o.path() + "/depth",
                        "must be 6n + 2, such as 20, 32, 44, 56 or 110, or 18 or 34; got " +
                            std::to_string(depth));
    }
  }
};

std::shared_ptr<nn::Module> make_resnet(const ResNetOptions& options, const ModelInput& input) {
  const Shape& image = input.input_shape;
  if (image.size() != 3) {
    throw ShapeError("resnet: needs images [C, H, W], the data has shape " + to_string(image));
  }
  return std::make_shared<ResNet>(form_of(options.depth), image[0], input.outputs);
}

const bool kRegistered = models().add<ResNetOptions>(
    "resnet", "a residual network for small images (He et al.)", make_resnet);

}  // namespace
}  // namespace gradus
