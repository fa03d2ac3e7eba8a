// Activation functions against PyTorch.
#include "framework/ops/activation.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Tensor bounded(const Tensors& in, const Json& attrs) {
  if (attrs.empty()) return hardtanh(in[0]);
  return hardtanh(in[0], attrs["min_val"].get<double>(), attrs["max_val"].get<double>());
}

const Calls kCalls = {
    {"relu", golden::unary<relu>},
    {"relu6", golden::unary<relu6>},
    {"leaky_relu",
     [](auto& in, auto& a) { return leaky_relu(in[0], a.value("negative_slope", 0.01)); }},
    {"prelu", [](auto& in, auto&) { return prelu(in[0], in[1]); }},
    {"elu", [](auto& in, auto& a) { return elu(in[0], a.value("alpha", 1.0)); }},
    {"selu", golden::unary<selu>},
    {"celu", [](auto& in, auto& a) { return celu(in[0], a.value("alpha", 1.0)); }},
    {"gelu", [](auto& in, auto& a) { return gelu(in[0], a.value("approximate", "none")); }},
    {"silu", golden::unary<silu>},
    {"mish", golden::unary<mish>},
    {"softplus",
     [](auto& in, auto& a) {
       return softplus(in[0], a.value("beta", 1.0), a.value("threshold", 20.0));
     }},
    {"sigmoid", golden::unary<sigmoid>},
    {"logsigmoid", golden::unary<logsigmoid>},
    {"tanh", golden::unary<tanh>},
    {"softsign", golden::unary<softsign>},
    {"tanhshrink", golden::unary<tanhshrink>},
    {"hardtanh", bounded},
    {"hardsigmoid", golden::unary<hardsigmoid>},
    {"hardswish", golden::unary<hardswish>},
    {"softshrink", [](auto& in, auto& a) { return softshrink(in[0], a.value("lambd", 0.5)); }},
    {"hardshrink", [](auto& in, auto& a) { return hardshrink(in[0], a.value("lambd", 0.5)); }},
    {"glu", [](auto& in, auto& a) { return glu(in[0], a.value("dim", -1)); }},
    {"threshold",
     [](auto& in, auto& a) {
       return threshold(in[0], a["threshold"].template get<double>(),
                        a["value"].template get<double>());
     }},
};

const bool kRegistered = golden::register_cases("activation", kCalls);

}  // namespace
}  // namespace gradus
