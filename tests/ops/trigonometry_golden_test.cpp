// Trigonometric and hyperbolic functions against PyTorch.
#include "framework/ops/trigonometry.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;

const Calls kCalls = {
    {"sin", golden::unary<sin>},         {"cos", golden::unary<cos>},
    {"tan", golden::unary<tan>},         {"asin", golden::unary<asin>},
    {"acos", golden::unary<acos>},       {"atan", golden::unary<atan>},
    {"sinh", golden::unary<sinh>},       {"cosh", golden::unary<cosh>},
    {"asinh", golden::unary<asinh>},     {"acosh", golden::unary<acosh>},
    {"atanh", golden::unary<atanh>},     {"deg2rad", golden::unary<deg2rad>},
    {"rad2deg", golden::unary<rad2deg>},
};

const bool kRegistered = golden::register_cases("trigonometry", kCalls);

}  // namespace
}  // namespace gradus
