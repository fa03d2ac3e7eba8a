// Running sums, products and extremes against PyTorch.
#include "framework/ops/scan.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

template <Tensor (*kOp)(const Tensor&, int, Location)>
Tensor running(const Tensors& in, const Json& attrs) {
  return kOp(in[0], attrs["dim"], Location::current());
}

template <std::pair<Tensor, Tensor> (*kOp)(const Tensor&, int, Location), bool kIndices>
Tensor extreme(const Tensors& in, const Json& attrs) {
  const auto both = kOp(in[0], attrs["dim"], Location::current());
  return kIndices ? both.second : both.first;
}

const Calls kCalls = {
    {"cumsum", running<cumsum>},
    {"cumprod", running<cumprod>},
    {"logcumsumexp", running<logcumsumexp>},
    {"cummax", extreme<cummax, false>},
    {"cummin", extreme<cummin, false>},
    {"cummax_indices", extreme<cummax, true>},
    {"cummin_indices", extreme<cummin, true>},
};

const bool kRegistered = golden::register_cases("scan", kCalls);

}  // namespace
}  // namespace gradus
