// Tensors made of numbers against PyTorch.
#include "framework/tensor/creation.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;

Scalar number(const Json& json) {
  if (json.is_number_integer()) return json.get<std::int64_t>();
  return json.get<double>();
}

DType dtype_of(const Json& attrs) {
  for (const DType dtype : {kBool, kInt64, kFloat64}) {
    if (attrs["dtype"] == std::string(name_of(dtype))) return dtype;
  }
  throw ValueError("an unknown dtype");
}

std::optional<std::int64_t> columns(const Json& attrs) {
  if (!attrs.contains("m")) return {};
  return attrs["m"].get<std::int64_t>();
}

const Calls kCalls = {
    {"arange",
     [](auto&, auto& a) {
       return arange(number(a["start"]), number(a["end"]), number(a["step"]), dtype_of(a));
     }},
    {"linspace",
     [](auto&, auto& a) {
       return linspace(number(a["start"]), number(a["end"]), a["steps"], dtype_of(a));
     }},
    {"logspace",
     [](auto&, auto& a) {
       return logspace(number(a["start"]), number(a["end"]), a["steps"], a.value("base", 10.0),
                       dtype_of(a));
     }},
    {"eye", [](auto&, auto& a) { return eye(a["n"], columns(a), dtype_of(a)); }},
    {"full",
     [](auto&, auto& a) {
       return full(golden::shape_of(a["size"]), number(a["value"]), dtype_of(a));
     }},
    {"tril_indices",
     [](auto&, auto& a) { return tril_indices(a["row"], a["col"], a.value("offset", 0)); }},
    {"triu_indices",
     [](auto&, auto& a) { return triu_indices(a["row"], a["col"], a.value("offset", 0)); }},
};

const bool kRegistered = golden::register_cases("creation", kCalls);

}  // namespace
}  // namespace gradus
