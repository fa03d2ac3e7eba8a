// Matrix products against PyTorch.
#include "framework/ops/einsum.h"
#include "framework/ops/linear.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::shape_of;
using golden::Tensors;

template <Tensor (*kOp)(const Tensor&, const Tensor&, Location)>
Tensor product(const Tensors& in, const Json& /*attrs*/) {
  return kOp(in[0], in[1], Location::current());
}

template <Tensor (*kOp)(const Tensor&, const Tensor&, const Tensor&, const AddmmOptions&, Location)>
Tensor sum_with(const Tensors& in, const Json& attrs) {
  return kOp(in[0], in[1], in[2], {attrs.value("beta", 1.0), attrs.value("alpha", 1.0)},
             Location::current());
}

Tensor affine(const Tensors& in, const Json& /*attrs*/) {
  return linear(in[0], in[1], in.size() == 3 ? in[2] : Tensor());
}

Tensor two_sided(const Tensors& in, const Json& /*attrs*/) {
  return bilinear(in[0], in[1], in[2], in.size() == 4 ? in[3] : Tensor());
}

Tensor cosine(const Tensors& in, const Json& attrs) {
  return cosine_similarity(in[0], in[1], attrs.value("dim", 1), attrs.value("eps", 1e-8));
}

Tensor over_dims(const Tensors& in, const Json& attrs) {
  const Json& dims = attrs["dims"];
  if (dims.is_number()) return tensordot(in[0], in[1], dims.get<int>());
  return tensordot(in[0], in[1], shape_of(dims[0]), shape_of(dims[1]));
}

const Calls kCalls = {
    {"matmul", product<matmul>},
    {"mm", product<mm>},
    {"mv", product<mv>},
    {"dot", product<dot>},
    {"bmm", product<bmm>},
    {"outer", product<outer>},
    {"addmm", sum_with<addmm>},
    {"baddbmm", sum_with<baddbmm>},
    {"linear", affine},
    {"bilinear", two_sided},
    {"cosine_similarity", cosine},
    {"einsum",
     [](auto& in, auto& a) { return einsum(a["equation"].template get<std::string>(), in); }},
    {"tensordot", over_dims},
};

const bool kRegistered = golden::register_cases("linear", kCalls);

}  // namespace
}  // namespace gradus
