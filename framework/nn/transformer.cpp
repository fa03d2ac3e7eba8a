#include "framework/nn/transformer.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/indexing.h"
#include "framework/ops/normalization.h"

namespace gradus::nn {

EmbeddingImpl::EmbeddingImpl(std::int64_t num_embeddings, std::int64_t embedding_dim,
                             std::optional<std::int64_t> padding_idx)
    : padding_idx_(padding_idx) {
  check_at_least_one("Embedding", "num_embeddings", num_embeddings);
  check_at_least_one("Embedding", "embedding_dim", embedding_dim);
  if (padding_idx && (*padding_idx < -num_embeddings || *padding_idx >= num_embeddings)) {
    throw ValueError("Embedding: padding_idx " + std::to_string(*padding_idx) +
                     " is out of range for " + std::to_string(num_embeddings) + " embeddings");
  }
  const Tensor rows = init::normal({num_embeddings, embedding_dim}, 0, 1);
  if (padding_idx) rows.select(0, *padding_idx).fill_(0);
  weight = register_parameter("weight", rows);
}

Tensor EmbeddingImpl::forward(const Tensor& tokens) {
  return embedding(weight, tokens, padding_idx_);
}

LayerNormImpl::LayerNormImpl(const Shape& normalized_shape, const LayerNormOptions& options)
    : normalized_shape_(normalized_shape), eps_(options.eps) {
  check_normalized_shape("LayerNorm", normalized_shape);
  if (!options.elementwise_affine) return;
  weight = register_parameter("weight", ones(normalized_shape));
  if (options.bias) bias = register_parameter("bias", zeros(normalized_shape));
}

Tensor LayerNormImpl::forward(const Tensor& x) {
  return layer_norm(x, normalized_shape_, weight, bias, eps_);
}

GELUImpl::GELUImpl(std::string approximate) : approximate_(std::move(approximate)) {
  if (approximate_ == "none" || approximate_ == "tanh") return;
  throw ValueError("GELU: approximate is \"none\" or \"tanh\", got \"" + approximate_ + "\"");
}

Tensor GELUImpl::forward(const Tensor& x) {
  return gelu(x, approximate_);
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct EmbeddingSettings {
  std::int64_t num_embeddings = 0;
  std::int64_t embedding_dim = 0;
  void describe(OptionReader& o) {
    o.required()("num_embeddings", num_embeddings, "how many tokens there are", {.min = 1});
    o.required()("embedding_dim", embedding_dim, "size of the last dim of the output", {.min = 1});
  }
};

struct LayerNormSettings {
  std::vector<std::int64_t> normalized_shape;
  LayerNormOptions options;
  void describe(OptionReader& o) {
    o.required()("normalized_shape", normalized_shape, "sizes of the last dims", {.min = 1});
    o("eps", options.eps, "added to the variance", {.above = 0});
    o("elementwise_affine", options.elementwise_affine, "whether there are a weight and a bias");
    o("bias", options.bias, "whether there is a bias beside the weight");
  }
};

struct GeluSettings {
  std::string approximate = "none";
  void describe(OptionReader& o) { o("approximate", approximate, "none: exact", {"none", "tanh"}); }
};

using ModulePtr = std::shared_ptr<Module>;

const bool kRegistered[] = {
    layers().add<EmbeddingSettings>("embedding", "the rows of a weight at int64 tokens",
                                    [](const EmbeddingSettings& o) -> ModulePtr {
                                      return std::make_shared<EmbeddingImpl>(o.num_embeddings,
                                                                             o.embedding_dim);
                                    }),
    layers().add<LayerNormSettings>("layer_norm", "normalises over the last dims",
                                    [](const LayerNormSettings& o) -> ModulePtr {
                                      return std::make_shared<LayerNormImpl>(
                                          Shape(std::span(o.normalized_shape)), o.options);
                                    }),
    layers().add<GeluSettings>("gelu", "x times the normal distribution's function at x",
                               [](const GeluSettings& o) -> ModulePtr {
                                 return std::make_shared<GELUImpl>(o.approximate);
                               }),
};

}  // namespace
}  // namespace gradus::nn
