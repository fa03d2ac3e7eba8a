// Special functions against PyTorch.
#include "framework/ops/special.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;

std::optional<double> optional(const Json& attrs, const char* name) {
  return attrs.contains(name) ? attrs[name].get<double>() : std::optional<double>();
}

const Calls kCalls = {
    {"erf", golden::unary<erf>},
    {"erfc", golden::unary<erfc>},
    {"erfinv", golden::unary<erfinv>},
    {"lgamma", golden::unary<lgamma>},
    {"digamma", golden::unary<digamma>},
    {"polygamma", [](auto& in, auto& a) { return polygamma(a["n"], in[0]); }},
    {"sinc", golden::unary<sinc>},
    {"xlogy", golden::binary<xlogy>},
    {"logit", [](auto& in, auto& a) { return logit(in[0], optional(a, "eps")); }},
};

const bool kRegistered = golden::register_cases("special", kCalls);

}  // namespace
}  // namespace gradus
