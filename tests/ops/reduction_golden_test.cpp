// Reductions against PyTorch.
#include "framework/ops/reduction.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Tensor largest(const Tensors& in, const Json& attrs) {
  return attrs.empty() ? max(in[0]) : max(in[0], attrs["dim"].get<int>(), attrs["keepdim"]).first;
}

Tensor place_of_largest(const Tensors& in, const Json& attrs) {
  return attrs.empty() ? argmax(in[0]) : argmax(in[0], attrs["dim"].get<int>(), attrs["keepdim"]);
}

const Calls kCalls = {
    {"sum", golden::reduction<sum>},
    {"mean", golden::reduction<mean>},
    {"max", largest},
    {"argmax", place_of_largest},
};

const bool kRegistered = golden::register_cases("reduction", kCalls);

}  // namespace
}  // namespace gradus
