// Matrix products against PyTorch.
#include "framework/ops/linear.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Tensor affine(const Tensors& in, const Json& /*attrs*/) {
  return linear(in[0], in[1], in.size() == 3 ? in[2] : Tensor());
}

const Calls kCalls = {
    {"matmul", [](auto& in, auto&) { return matmul(in[0], in[1]); }},
    {"linear", affine},
};

const bool kRegistered = golden::register_cases("linear", kCalls);

}  // namespace
}  // namespace gradus
