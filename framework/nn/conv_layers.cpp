#include "framework/nn/conv_layers.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"

#include <cmath>
#include <nlohmann/json.hpp>

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

Conv1dImpl::Conv1dImpl(std::int64_t in_channels, std::int64_t out_channels,
                       std::int64_t kernel_size, const Conv1dOptions& options)
    : options_{options.stride, options.padding, options.dilation, options.groups} {
  check_channels("Conv1d", in_channels, out_channels, options.groups);
  check_at_least_one("Conv1d", "kernel_size", kernel_size);
  const Shape sizes = {out_channels, in_channels / options.groups, kernel_size};
  weight = register_parameter("weight", by_fan_in(sizes, sizes));
  if (options.bias) bias = register_parameter("bias", by_fan_in({out_channels}, sizes));
}

Conv2dImpl::Conv2dImpl(std::int64_t in_channels, std::int64_t out_channels, const Pair& kernel_size,
                       const Conv2dOptions& options)
    : options_{options.stride, options.padding, options.dilation, options.groups} {
  check_channels("Conv2d", in_channels, out_channels, options.groups);
  check_at_least_one("Conv2d", "kernel_size", std::min(kernel_size[0], kernel_size[1]));
  const Shape sizes = {out_channels, in_channels / options.groups, kernel_size[0], kernel_size[1]};
  weight = register_parameter("weight", by_fan_in(sizes, sizes));
  if (options.bias) bias = register_parameter("bias", by_fan_in({out_channels}, sizes));
}

ConvTranspose2dImpl::ConvTranspose2dImpl(std::int64_t in_channels, std::int64_t out_channels,
                                         const Pair& kernel_size,
                                         const ConvTranspose2dOptions& options)
    : options_{options.stride, options.padding, options.output_padding, options.groups,
               options.dilation} {
  check_channels("ConvTranspose2d", in_channels, out_channels, options.groups);
  check_at_least_one("ConvTranspose2d", "kernel_size", std::min(kernel_size[0], kernel_size[1]));
  const Shape sizes = {in_channels, out_channels / options.groups, kernel_size[0], kernel_size[1]};
  weight = register_parameter("weight", by_fan_in(sizes, sizes));
  if (options.bias) bias = register_parameter("bias", by_fan_in({out_channels}, sizes));
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

template <class Size>
Size filled(std::int64_t value) {
  if constexpr (std::is_same_v<Size, kernels::Pair>) {
    return {value, value};
  } else {
    return value;
  }
}

bool is_size(const Json& json) {
  return json.is_number_integer() && json.get<std::int64_t>() >= 0;
}

// The option "padding" of a convolution: a Size, or a word.
template <class Size>
class PaddingOption {
 public:
  void describe(OptionReader& o, const Size& stride) {
    constexpr bool kImages = std::is_same_v<Size, kernels::Pair>;
    o("padding", json_, "zeros added on each side; same: as many as keep the sizes; valid: none",
      {kImages ? "pair or same" : "integer or same",
       std::string(R"({"anyOf": [{"type": "integer", "minimum": 0},)") +
           (kImages ? R"({"type": "array", "items": {"type": "integer", "minimum": 0},
                          "minItems": 2, "maxItems": 2},)"
                    : "") +
           R"({"enum": ["same", "valid"]}]})"});
    const std::string path = o.path() + "/padding";
    if (json_ == "same" && !(stride == filled<Size>(1))) {
      throw ConfigError(path, "\"same\" needs a stride of 1");
    }
    if (json_ == "same" || json_ == "valid") return;
    if (kImages && is_size(json_)) json_ = Json::array({json_, json_});
    const bool is_pair =
        json_.is_array() && json_.size() == 2 && is_size(json_[0]) && is_size(json_[1]);
    if (!(kImages ? is_pair : is_size(json_))) {
      throw ConfigError(path, std::string("expected an integer >= 0") +
                                  (kImages ? " or two of them" : "") +
                                  ", \"same\" or \"valid\"; got " + json_.dump());
    }
    o.resolve("padding", json_);
  }
  [[nodiscard]] Padding value() const {
    if (json_.is_string()) return {json_.get<std::string>()};
    return {json_.get<Size>()};
  }

 private:
  Json json_ = filled<Size>(0);
};

// Size is the integer of sequences or the pair of images; Zeros the size or the option of padding.
template <class Size, class Zeros = PaddingOption<Size>>
struct ConvSettings {
  static constexpr bool kImages = std::is_same_v<Size, kernels::Pair>;

  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  Size kernel_size = filled<Size>(0);
  Size stride = filled<Size>(1);
  Zeros padding = {};
  Size dilation = filled<Size>(1);
  std::int64_t groups = 1;
  bool bias = true;
  void describe(OptionReader& o) {
    o.required()("in_channels", in_channels, "channels of the input", {.min = 1});
    o.required()("out_channels", out_channels, "channels of the output", {.min = 1});
    o.required()("kernel_size", kernel_size,
                 kImages ? "height and width of the kernel" : "length of the kernel", {.min = 1});
    o("stride", stride, "step of the kernel", {.min = 1});
    if constexpr (std::is_same_v<Zeros, Size>) {
      o("padding", padding, "zeros added on each side", {.min = 0});
    } else {
      padding.describe(o, stride);
    }
    o("dilation", dilation, "distance between kernel elements", {.min = 1});
    o("groups", groups, "groups of channels that do not mix", {.min = 1});
    o("bias", bias, "whether a bias is added");
  }
};
using Conv1dSettings = ConvSettings<std::int64_t>;
using Conv2dSettings = ConvSettings<kernels::Pair>;

struct ConvTranspose2dSettings : ConvSettings<kernels::Pair, kernels::Pair> {
  kernels::Pair output_padding = {0, 0};
  void describe(OptionReader& o) {
    ConvSettings::describe(o);
    o("output_padding", output_padding, "rows and columns added to one side of the output",
      {.min = 0});
  }
};

const bool kRegistered[] = {
    register_layer<Conv1dSettings>("conv1d", "1-D convolution of sequences [N, C, L]",
                                   [](const Conv1dSettings& o) {
                                     return Conv1d(o.in_channels, o.out_channels, o.kernel_size,
                                                   Conv1dOptions{o.stride, o.padding.value(),
                                                                 o.dilation, o.groups, o.bias});
                                   }),
    register_layer<Conv2dSettings>("conv2d", "2-D convolution of images [N, C, H, W]",
                                   [](const Conv2dSettings& o) {
                                     return Conv2d(o.in_channels, o.out_channels, o.kernel_size,
                                                   Conv2dOptions{o.stride, o.padding.value(),
                                                                 o.dilation, o.groups, o.bias});
                                   }),
    register_layer<ConvTranspose2dSettings>(
        "conv_transpose2d", "transposed 2-D convolution of images [N, C, H, W]",
        [](const ConvTranspose2dSettings& o) {
          return ConvTranspose2d(o.in_channels, o.out_channels, o.kernel_size,
                                 ConvTranspose2dOptions{o.stride, o.padding, o.output_padding,
                                                        o.groups, o.bias, o.dilation});
        }),
};

}  // namespace
}  // namespace gradus::nn
