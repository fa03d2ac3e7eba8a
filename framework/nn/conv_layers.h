// Convolutions as layers. A weight and its bias start uniform in +-1/sqrt(fan-in), where the fan-in
// is the number of elements of weight[0].
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/conv.h"

namespace gradus::nn {

struct Conv1dOptions {
  std::int64_t stride = 1;
  Padding padding = 0;
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
};

/// Sequences [N, in, L] -> [N, out, OL]; see conv1d. Parameters: weight [out, in/groups, K], bias
/// [out].
class Conv1dImpl : public Module {
 public:
  Conv1dImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_size,
             const Conv1dOptions& options = {});
  Tensor forward(const Tensor& x) override { return conv1d(x, weight, bias, options_); }
  [[nodiscard]] std::string type_name() const override { return "Conv1d"; }

  Tensor weight;
  Tensor bias;  ///< undefined without bias, here and below

 private:
  gradus::Conv1dOptions options_;
};
using Conv1d = Handle<Conv1dImpl>;

struct Conv2dOptions {
  Pair stride = 1;
  Padding padding = 0;
  Pair dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
};

/// Images [N, in, H, W] -> [N, out, OH, OW]; see conv2d. Parameters: weight [out, in/groups, KH,
/// KW], bias [out].
class Conv2dImpl : public Module {
 public:
  Conv2dImpl(std::int64_t in_channels, std::int64_t out_channels, const Pair& kernel_size,
             const Conv2dOptions& options = {});
  Tensor forward(const Tensor& x) override { return conv2d(x, weight, bias, options_); }
  [[nodiscard]] std::string type_name() const override { return "Conv2d"; }

  Tensor weight;
  Tensor bias;

 private:
  gradus::Conv2dOptions options_;
};
using Conv2d = Handle<Conv2dImpl>;

struct ConvTranspose2dOptions {
  Pair stride = 1;
  Pair padding = 0;
  Pair output_padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  Pair dilation = 1;
};

/// What the gradient of a Conv2d does to its input: images [N, in, H, W] -> [N, out, OH, OW]; see
/// conv_transpose2d. Parameters: weight [in, out/groups, KH, KW], bias [out].
class ConvTranspose2dImpl : public Module {
 public:
  ConvTranspose2dImpl(std::int64_t in_channels, std::int64_t out_channels, const Pair& kernel_size,
                      const ConvTranspose2dOptions& options = {});
  Tensor forward(const Tensor& x) override { return conv_transpose2d(x, weight, bias, options_); }
  [[nodiscard]] std::string type_name() const override { return "ConvTranspose2d"; }

  Tensor weight;
  Tensor bias;

 private:
  gradus::ConvTranspose2dOptions options_;
};
using ConvTranspose2d = Handle<ConvTranspose2dImpl>;

}  // namespace gradus::nn
