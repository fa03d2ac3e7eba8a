// Element-wise ops against PyTorch.
#include "framework/ops/arithmetic.h"
#include "framework/ops/pointwise.h"

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
    {"pow", power},
    {"exp", golden::unary<exp>},
    {"log", golden::unary<log>},
    {"sqrt", golden::unary<sqrt>},
    {"neg", golden::unary<neg>},
    {"abs", golden::unary<abs>},
    {"relu", golden::unary<relu>},
    {"sigmoid", golden::unary<sigmoid>},
    {"tanh", golden::unary<tanh>},
};

const bool kRegistered = golden::register_cases("elementwise", kCalls);

}  // namespace
}  // namespace gradus
