// Pooling against PyTorch.
#include "framework/ops/pooling.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Pair pair_of(const Json& attrs, const char* name, std::int64_t otherwise) {
  return attrs.contains(name) ? Pair(attrs[name].get<kernels::Pair>()) : Pair(otherwise);
}

MaxPool2dOptions max_options(const Json& attrs) {
  return {.stride = pair_of(attrs, "stride", 0),
          .padding = pair_of(attrs, "padding", 0),
          .dilation = pair_of(attrs, "dilation", 1),
          .ceil_mode = attrs.value("ceil_mode", false)};
}

Tensor max_1d(const Tensors& in, const Json& attrs) {
  return max_pool1d(in[0], attrs["kernel_size"],
                    {.stride = attrs.value("stride", 0),
                     .padding = attrs.value("padding", 0),
                     .dilation = attrs.value("dilation", 1),
                     .ceil_mode = attrs.value("ceil_mode", false)});
}

Tensor max_2d(const Tensors& in, const Json& attrs) {
  return max_pool2d(in[0], pair_of(attrs, "kernel_size", 0), max_options(attrs));
}

Tensor max_2d_indices(const Tensors& in, const Json& attrs) {
  return max_pool2d_with_indices(in[0], pair_of(attrs, "kernel_size", 0), max_options(attrs))
      .second;
}

Tensor avg_1d(const Tensors& in, const Json& attrs) {
  return avg_pool1d(in[0], attrs["kernel_size"],
                    {.stride = attrs.value("stride", 0),
                     .padding = attrs.value("padding", 0),
                     .ceil_mode = attrs.value("ceil_mode", false),
                     .count_include_pad = attrs.value("count_include_pad", true)});
}

Tensor avg_2d(const Tensors& in, const Json& attrs) {
  AvgPool2dOptions options{.stride = pair_of(attrs, "stride", 0),
                           .padding = pair_of(attrs, "padding", 0),
                           .ceil_mode = attrs.value("ceil_mode", false),
                           .count_include_pad = attrs.value("count_include_pad", true)};
  if (attrs.contains("divisor_override")) options.divisor_override = attrs["divisor_override"];
  return avg_pool2d(in[0], pair_of(attrs, "kernel_size", 0), options);
}

template <Tensor (*kPool)(const Tensor&, std::int64_t, Location)>
Tensor adaptive_1d(const Tensors& in, const Json& attrs) {
  return kPool(in[0], attrs["output_size"], Location::current());
}

template <Tensor (*kPool)(const Tensor&, const Pair&, Location)>
Tensor adaptive_2d(const Tensors& in, const Json& attrs) {
  return kPool(in[0], pair_of(attrs, "output_size", 0), Location::current());
}

const Calls kCalls = {
    {"max_pool1d", max_1d},
    {"max_pool2d", max_2d},
    {"max_pool2d_indices", max_2d_indices},
    {"avg_pool1d", avg_1d},
    {"avg_pool2d", avg_2d},
    {"adaptive_avg_pool1d", adaptive_1d<adaptive_avg_pool1d>},
    {"adaptive_avg_pool2d", adaptive_2d<adaptive_avg_pool2d>},
    {"adaptive_max_pool1d", adaptive_1d<adaptive_max_pool1d>},
    {"adaptive_max_pool2d", adaptive_2d<adaptive_max_pool2d>},
};

const bool kRegistered = golden::register_cases("pooling", kCalls);

}  // namespace
}  // namespace gradus
