// Pooling against PyTorch.
#include "framework/ops/pooling.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;
using kernels::Pair;

template <Tensor (*kOp)(const Tensor&, const PoolGeometry&, Location)>
Tensor pool(const Tensors& in, const Json& attrs) {
  return kOp(in[0],
             {.kernel = attrs["kernel_size"].get<Pair>(),
              .stride = attrs["stride"].get<Pair>(),
              .padding = attrs["padding"].get<Pair>(),
              .dilation = attrs.value("dilation", Pair{1, 1}),
              .count_include_pad = attrs.value("count_include_pad", true)},
             Location::current());
}

const Calls kCalls = {
    {"max_pool2d", pool<max_pool2d>},
    {"avg_pool2d", pool<avg_pool2d>},
};

const bool kRegistered = golden::register_cases("pooling", kCalls);

}  // namespace
}  // namespace gradus
