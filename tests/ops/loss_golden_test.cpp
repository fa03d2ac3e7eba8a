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

Tensor target_of(const Tensors& in, const Json& attrs) {
  return golden::tensor_of(attrs["target"], in[0].dtype());
}

const Calls kCalls = {
    {"l1_loss", [](const Tensors& in,
                   const Json& attrs) { return l1_loss(in[0], in[1], reduction_of(attrs)); }},
    {"smooth_l1_loss",
     [](const Tensors& in, const Json& attrs) {
       return smooth_l1_loss(in[0], in[1], reduction_of(attrs), attrs["beta"]);
     }},
    {"huber_loss",
     [](const Tensors& in, const Json& attrs) {
       return huber_loss(in[0], in[1], reduction_of(attrs), attrs["delta"]);
     }},
    {"binary_cross_entropy",
     [](const Tensors& in, const Json& attrs) {
       const Tensor target = attrs.contains("target") ? target_of(in, attrs) : in[1];
       return binary_cross_entropy(in[0], target, optional(attrs, "weight", in[0].dtype()),
                                   reduction_of(attrs));
     }},
    {"nll_loss",
     [](const Tensors& in, const Json& attrs) {
       return nll_loss(in[0], in[1],
                       {.weight = optional(attrs, "weight", in[0].dtype()),
                        .ignore_index = attrs.value("ignore_index", std::int64_t{-100}),
                        .reduction = reduction_of(attrs)});
     }},
    {"kl_div",
     [](const Tensors& in, const Json& attrs) {
       static const std::map<std::string, KlDivReduction> kReductions = {
           {"mean", KlDivReduction::Mean},
           {"sum", KlDivReduction::Sum},
           {"none", KlDivReduction::None},
           {"batchmean", KlDivReduction::BatchMean}};
       return kl_div(in[0], in[1],
                     {kReductions.at(attrs["reduction"]), attrs.value("log_target", false)});
     }},
    {"poisson_nll_loss",
     [](const Tensors& in, const Json& attrs) {
       return poisson_nll_loss(in[0], target_of(in, attrs),
                               {.log_input = attrs.value("log_input", true),
                                .full = attrs.value("full", false),
                                .eps = attrs.value("eps", 1e-8),
                                .reduction = reduction_of(attrs)});
     }},
    {"gaussian_nll_loss",
     [](const Tensors& in, const Json& attrs) {
       return gaussian_nll_loss(in[0], in[1], in[2],
                                {.full = attrs.value("full", false),
                                 .eps = attrs.value("eps", 1e-6),
                                 .reduction = reduction_of(attrs)});
     }},
    {"hinge_embedding_loss",
     [](const Tensors& in, const Json& attrs) {
       return hinge_embedding_loss(in[0], target_of(in, attrs), attrs["margin"],
                                   reduction_of(attrs));
     }},
    {"multi_margin_loss",
     [](const Tensors& in, const Json& attrs) {
       return multi_margin_loss(in[0], in[1],
                                {.p = attrs["p"],
                                 .margin = attrs.value("margin", 1.0),
                                 .weight = optional(attrs, "weight", in[0].dtype()),
                                 .reduction = reduction_of(attrs)});
     }},
    {"soft_margin_loss",
     [](const Tensors& in, const Json& attrs) {
       return soft_margin_loss(in[0], target_of(in, attrs), reduction_of(attrs));
     }},
    {"cosine_embedding_loss",
     [](const Tensors& in, const Json& attrs) {
       return cosine_embedding_loss(in[0], in[1], target_of(in, attrs), attrs["margin"],
                                    reduction_of(attrs));
     }},
    {"triplet_margin_loss",
     [](const Tensors& in, const Json& attrs) {
       return triplet_margin_loss(in[0], in[1], in[2],
                                  {.margin = attrs.value("margin", 1.0),
                                   .p = attrs.value("p", 2.0),
                                   .eps = attrs.value("eps", 1e-6),
                                   .swap = attrs.value("swap", false),
                                   .reduction = reduction_of(attrs)});
     }},
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
