// Convolutions as layers. A weight and its bias start uniform in +-1/sqrt(fan-in), where the fan-in
// is the number of elements of weight[0].
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/conv.h"

namespace gradus::nn {

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
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Conv2d"; }

  Tensor weight;
  Tensor bias;  ///< undefined without bias

 private:
  gradus::Conv2dOptions options_;
};
using Conv2d = Handle<Conv2dImpl>;

}  // namespace gradus::nn
