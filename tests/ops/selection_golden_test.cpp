// Selection between values against PyTorch.
#include "framework/ops/selection.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

std::optional<double> number(const Json& attrs, const char* name) {
  return attrs.contains(name) ? attrs[name].get<double>() : std::optional<double>();
}

std::optional<Scalar> scalar(const Json& attrs, const char* name) {
  if (!attrs.contains(name)) return {};
  const Json& value = attrs[name];
  return value.is_number_integer() ? Scalar(value.get<std::int64_t>())
                                   : Scalar(value.get<double>());
}

Tensor filled(const Tensors& in, const Json& attrs) {
  if (in.size() == 3) return masked_fill(in[0], in[1], in[2]);
  return masked_fill(in[0], in[1], attrs["number"].get<double>());
}

Tensor without_nan(const Tensors& in, const Json& attrs) {
  return nan_to_num(in[0], attrs.value("nan", 0.0), number(attrs, "posinf"),
                    number(attrs, "neginf"));
}

const Calls kCalls = {
    {"where", [](auto& in, auto&) { return where(in[0], in[1], in[2]); }},
    {"masked_fill", filled},
    {"maximum", golden::binary<maximum>},
    {"minimum", golden::binary<minimum>},
    {"clamp_min", golden::binary<clamp_min>},
    {"clamp_max", golden::binary<clamp_max>},
    {"clamp", [](auto& in, auto& a) { return clamp(in[0], scalar(a, "min"), scalar(a, "max")); }},
    {"clamp_tensors", [](auto& in, auto&) { return clamp(in[0], in[1], in[2]); }},
    {"heaviside", golden::binary<heaviside>},
    {"nan_to_num", without_nan},
};

const bool kRegistered = golden::register_cases("selection", kCalls);

}  // namespace
}  // namespace gradus
