// Variance, norms and logsumexp against PyTorch.
#include "framework/ops/statistics.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Shape dims_of(const Json& attrs) {
  return golden::shape_of(attrs.value("dim", Json::array()));
}

using Spread = Tensor(const Tensor&, const Shape&, double, bool, Location);

template <Spread* kOp>
Tensor spread(const Tensors& in, const Json& attrs) {
  return kOp(in[0], dims_of(attrs), attrs.value("correction", 1), attrs.value("keepdim", false),
             Location::current());
}

using SpreadAndMean = std::pair<Tensor, Tensor>(const Tensor&, const Shape&, double, bool,
                                                Location);

template <SpreadAndMean* kOp, bool kMean>
Tensor part(const Tensors& in, const Json& attrs) {
  const auto both = kOp(in[0], dims_of(attrs), attrs.value("correction", 1),
                        attrs.value("keepdim", false), Location::current());
  return kMean ? both.second : both.first;
}

template <Tensor (*kOp)(const Tensor&, double, const Shape&, bool, Location)>
Tensor power_norm(const Tensors& in, const Json& attrs) {
  const Json p = attrs.value("p", Json(2));
  return kOp(in[0], p.is_string() ? std::stod(p.get<std::string>()) : p.get<double>(),
             dims_of(attrs), attrs.value("keepdim", false), Location::current());
}

const Calls kCalls = {
    {"var", spread<var>},
    {"std", spread<gradus::std>},
    {"var_mean_var", part<var_mean, false>},
    {"var_mean_mean", part<var_mean, true>},
    {"std_mean_std", part<std_mean, false>},
    {"std_mean_mean", part<std_mean, true>},
    {"norm", power_norm<norm>},
    {"vector_norm", power_norm<vector_norm>},
    {"logsumexp", golden::reduction<logsumexp>},
};

const bool kRegistered = golden::register_cases("statistics", kCalls);

}  // namespace
}  // namespace gradus
