// Views and rearrangements against PyTorch.
#include "framework/ops/shape.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Tensor part(const Tensors& in, const Json& attrs) {
  return slice(in[0], attrs["dim"], attrs["start"], attrs["end"], attrs["step"]);
}

const Calls kCalls = {
    {"reshape", [](auto& in, auto& a) { return reshape(in[0], golden::shape_of(a["shape"])); }},
    {"transpose", [](auto& in, auto& a) { return transpose(in[0], a["dim0"], a["dim1"]); }},
    {"permute", [](auto& in, auto& a) { return permute(in[0], golden::shape_of(a["dims"])); }},
    {"slice", part},
    {"cat", [](auto& in, auto& a) { return cat(in, a["dim"]); }},
};

const bool kRegistered = golden::register_cases("shape", kCalls);

}  // namespace
}  // namespace gradus
