// Element-wise arithmetic against PyTorch.
#include "framework/ops/arithmetic.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Tensor power(const Tensors& in, const Json& attrs) {
  return in.size() == 2 ? pow(in[0], in[1]) : pow(in[0], attrs["exponent"].get<double>());
}

const Calls kCalls = {
    {"add", golden::binary<add>},
    {"sub", golden::binary<sub>},
    {"mul", golden::binary<mul>},
    {"div", golden::binary<div>},
    {"floor_divide", golden::binary<floor_divide>},
    {"remainder", golden::binary<remainder>},
    {"fmod", golden::binary<fmod>},
    {"pow", power},
    {"hypot", golden::binary<hypot>},
    {"atan2", golden::binary<atan2>},
    {"lerp", [](auto& in, auto&) { return lerp(in[0], in[1], in[2]); }},
    {"addcmul",
     [](auto& in, auto& a) {
       return addcmul(in[0], in[1], in[2], a["value"].template get<double>());
     }},
    {"addcdiv",
     [](auto& in, auto& a) {
       return addcdiv(in[0], in[1], in[2], a["value"].template get<double>());
     }},
    {"neg", golden::unary<neg>},
    {"abs", golden::unary<abs>},
    {"sign", golden::unary<sign>},
    {"square", golden::unary<square>},
};

const bool kRegistered = golden::register_cases("arithmetic", kCalls);

}  // namespace
}  // namespace gradus
