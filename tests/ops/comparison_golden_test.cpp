// Comparison and logic against PyTorch.
#include "framework/ops/comparison.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;

const Calls kCalls = {
    {"eq", golden::binary<eq>},
    {"ne", golden::binary<ne>},
    {"lt", golden::binary<lt>},
    {"le", golden::binary<le>},
    {"gt", golden::binary<gt>},
    {"ge", golden::binary<ge>},
    {"logical_and", golden::binary<logical_and>},
    {"logical_or", golden::binary<logical_or>},
    {"logical_xor", golden::binary<logical_xor>},
    {"bitwise_and", golden::binary<bitwise_and>},
    {"bitwise_or", golden::binary<bitwise_or>},
    {"bitwise_xor", golden::binary<bitwise_xor>},
    {"isnan", golden::unary<isnan>},
    {"isinf", golden::unary<isinf>},
    {"isfinite", golden::unary<isfinite>},
    {"signbit", golden::unary<signbit>},
    {"logical_not", golden::unary<logical_not>},
    {"bitwise_not", golden::unary<bitwise_not>},
    {"isclose",
     [](auto& in, auto& a) {
       return isclose(in[0], in[1], a.value("rtol", 1e-5), a.value("atol", 1e-8),
                      a.value("equal_nan", false));
     }},
};

const bool kRegistered = golden::register_cases("comparison", kCalls);

}  // namespace
}  // namespace gradus
