// Attention against PyTorch.
#include "framework/ops/attention.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::tensor_of;
using golden::Tensors;

Tensor attention(const Tensors& in, const Json& attrs) {
  Tensor mask = in.size() == 4 ? in[3] : Tensor();
  if (attrs.contains("attn_mask")) mask = tensor_of(attrs["attn_mask"]).to(kBool);
  AttentionOptions options{.is_causal = attrs.value("is_causal", false),
                           .enable_gqa = attrs.value("enable_gqa", false)};
  if (attrs.contains("scale")) options.scale = attrs["scale"].get<double>();
  return scaled_dot_product_attention(in[0], in[1], in[2], mask, options);
}

const Calls kCalls = {
    {"scaled_dot_product_attention", attention},
};

const bool kRegistered = golden::register_cases("attention", kCalls);

}  // namespace
}  // namespace gradus
