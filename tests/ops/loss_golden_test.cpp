// Losses against PyTorch.
#include "framework/nn/loss.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

Reduction reduction_of(const Json& attrs) {
  static const std::map<std::string, Reduction> kReductions = {
      {"mean", Reduction::Mean}, {"sum", Reduction::Sum}, {"none", Reduction::None}};
  return kReductions.at(attrs["reduction"]);
}

Tensor optional(const Json& attrs, const char* name, DType dtype) {
  return attrs.contains(name) ? golden::tensor_of(attrs[name], dtype) : Tensor();
}

const Calls kCalls = {
    {"mse_loss", [](const Tensors& in,
                    const Json& attrs) { return mse_loss(in[0], in[1], reduction_of(attrs)); }},
    {"cross_entropy",
     [](const Tensors& in, const Json& attrs) {
       return cross_entropy(in[0], in[1],
                            {.weight = optional(attrs, "weight", in[0].dtype()),
                             .ignore_index = attrs.value("ignore_index", std::int64_t{-100}),
                             .reduction = reduction_of(attrs),
                             .label_smoothing = attrs.value("label_smoothing", 0.0)});
     }},
    {"binary_cross_entropy_with_logits",
     [](const Tensors& in, const Json& attrs) {
       return binary_cross_entropy_with_logits(
           in[0], in[1],
           {.weight = optional(attrs, "weight", in[0].dtype()),
            .reduction = reduction_of(attrs),
            .pos_weight = optional(attrs, "pos_weight", in[0].dtype())});
     }},
};

const bool kRegistered = golden::register_cases("loss", kCalls);

}  // namespace
}  // namespace gradus
