// Convolutions against PyTorch.
#include "framework/ops/conv.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Pair pair_of(const Json& attrs, const char* name, std::int64_t otherwise) {
  return attrs.contains(name) ? Pair(attrs[name].get<kernels::Pair>()) : Pair(otherwise);
}

Padding padding_of(const Json& attrs) {
  if (!attrs.contains("padding")) return 0;
  const Json& padding = attrs["padding"];
  if (padding.is_string()) return Padding(std::string_view(padding.get<std::string>()));
  return padding.is_number() ? Padding(padding.get<std::int64_t>())
                             : Padding(padding.get<kernels::Pair>());
}

Tensor bias_of(const Tensors& in) {
  return in.size() == 3 ? in[2] : Tensor();
}

Tensor conv_1d(const Tensors& in, const Json& attrs) {
  return conv1d(in[0], in[1], bias_of(in),
                {.stride = attrs.value("stride", 1),
                 .padding = padding_of(attrs),
                 .dilation = attrs.value("dilation", 1),
                 .groups = attrs.value("groups", 1)});
}

Tensor conv_2d(const Tensors& in, const Json& attrs) {
  return conv2d(in[0], in[1], bias_of(in),
                {.stride = pair_of(attrs, "stride", 1),
                 .padding = padding_of(attrs),
                 .dilation = pair_of(attrs, "dilation", 1),
                 .groups = attrs.value("groups", 1)});
}

Tensor transpose_1d(const Tensors& in, const Json& attrs) {
  return conv_transpose1d(in[0], in[1], bias_of(in),
                          {.stride = attrs.value("stride", 1),
                           .padding = attrs.value("padding", 0),
                           .output_padding = attrs.value("output_padding", 0),
                           .groups = attrs.value("groups", 1),
                           .dilation = attrs.value("dilation", 1)});
}

Tensor transpose_2d(const Tensors& in, const Json& attrs) {
  return conv_transpose2d(in[0], in[1], bias_of(in),
                          {.stride = pair_of(attrs, "stride", 1),
                           .padding = pair_of(attrs, "padding", 0),
                           .output_padding = pair_of(attrs, "output_padding", 0),
                           .groups = attrs.value("groups", 1),
                           .dilation = pair_of(attrs, "dilation", 1)});
}

const Calls kCalls = {
    {"conv1d", conv_1d},
    {"conv2d", conv_2d},
    {"conv_transpose1d", transpose_1d},
    {"conv_transpose2d", transpose_2d},
};

const bool kRegistered = golden::register_cases("conv", kCalls);

}  // namespace
}  // namespace gradus
