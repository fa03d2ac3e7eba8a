// Powers, logarithms, roots and rounding against PyTorch.
#include "framework/ops/pointwise.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;

const Calls kCalls = {
    {"exp", golden::unary<exp>},
    {"exp2", golden::unary<exp2>},
    {"expm1", golden::unary<expm1>},
    {"log", golden::unary<log>},
    {"log2", golden::unary<log2>},
    {"log10", golden::unary<log10>},
    {"log1p", golden::unary<log1p>},
    {"sqrt", golden::unary<sqrt>},
    {"rsqrt", golden::unary<rsqrt>},
    {"reciprocal", golden::unary<reciprocal>},
    {"floor", golden::unary<floor>},
    {"ceil", golden::unary<ceil>},
    {"trunc", golden::unary<trunc>},
    {"round", [](auto& in, auto& a) { return round(in[0], a.value("decimals", 0)); }},
    {"frac", golden::unary<frac>},
};

const bool kRegistered = golden::register_cases("pointwise", kCalls);

}  // namespace
}  // namespace gradus
