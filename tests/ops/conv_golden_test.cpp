// Convolutions against PyTorch.
#include "framework/ops/conv.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;
using kernels::Pair;

Tensor convolution(const Tensors& in, const Json& attrs) {
  return conv2d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(),
                {.stride = attrs["stride"].get<Pair>(),
                 .padding = attrs["padding"].get<Pair>(),
                 .dilation = attrs["dilation"].get<Pair>(),
                 .groups = attrs["groups"]});
}

const Calls kCalls = {
    {"conv2d", convolution},
};

const bool kRegistered = golden::register_cases("conv", kCalls);

}  // namespace
}  // namespace gradus
