// Sums, products, extremes and logic over dims against PyTorch.
#include "framework/ops/reduction.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

using Along = std::pair<Tensor, Tensor>(const Tensor&, int, bool, Location);

template <Tensor (*kOverAll)(const Tensor&, Location), Along* kAlong>
Tensor extreme(const Tensors& in, const Json& attrs) {
  const Location at = Location::current();
  if (attrs.empty()) return kOverAll(in[0], at);
  return kAlong(in[0], attrs["dim"].get<int>(), attrs["keepdim"], at).first;
}

template <Along* kAlong>
Tensor place(const Tensors& in, const Json& attrs) {
  return kAlong(in[0], attrs["dim"].get<int>(), attrs["keepdim"], Location::current()).second;
}

template <Tensor (*kOp)(const Tensor&, std::optional<int>, bool, Location)>
Tensor place_among_all(const Tensors& in, const Json& attrs) {
  std::optional<int> dim;
  if (attrs.contains("dim")) dim = attrs["dim"].get<int>();
  return kOp(in[0], dim, attrs.value("keepdim", false), Location::current());
}

const Calls kCalls = {
    {"sum", golden::reduction<sum>},
    {"nansum", golden::reduction<nansum>},
    {"mean", golden::reduction<mean>},
    {"prod", golden::reduction<prod>},
    {"max", extreme<max, max>},
    {"min", extreme<min, min>},
    {"max_indices", place<max>},
    {"min_indices", place<min>},
    {"amax", golden::reduction<amax>},
    {"amin", golden::reduction<amin>},
    {"argmax", place_among_all<argmax>},
    {"argmin", place_among_all<argmin>},
    {"all", golden::reduction<all>},
    {"any", golden::reduction<any>},
    {"count_nonzero",
     [](const Tensors& in, const Json& attrs) {
       return count_nonzero(in[0], golden::shape_of(attrs.value("dim", Json::array())));
     }},
};

const bool kRegistered = golden::register_cases("reduction", kCalls);

}  // namespace
}  // namespace gradus
