// The layers of which transformers are made, beside Linear and Dropout.
#pragma once

#include "framework/nn/module.h"

#include <optional>

namespace gradus::nn {

/// Tokens [...], int64 in [0, num_embeddings) -> their rows [..., embedding_dim]. Parameter: weight
/// [num_embeddings, embedding_dim], standard normal. The row of padding_idx (counted from the end
/// where negative) starts as zeros and gets no gradient.
class EmbeddingImpl : public Module {
 public:
  EmbeddingImpl(std::int64_t num_embeddings, std::int64_t embedding_dim,
                std::optional<std::int64_t> padding_idx = {});
  Tensor forward(const Tensor& tokens) override;
  [[nodiscard]] std::string type_name() const override { return "Embedding"; }

  Tensor weight;

 private:
  std::optional<std::int64_t> padding_idx_;
};
using Embedding = Handle<EmbeddingImpl>;

struct LayerNormOptions {
  double eps = 1e-5;               ///< added to the variance
  bool elementwise_affine = true;  ///< whether there are a weight and a bias
  bool bias = true;                ///< whether there is a bias beside the weight
};

/// Normalises over the last dims, which have the sizes of normalized_shape. Parameters of these
/// sizes: weight (1), bias (0).
class LayerNormImpl : public Module {
 public:
  explicit LayerNormImpl(const Shape& normalized_shape, const LayerNormOptions& options = {});
  explicit LayerNormImpl(std::int64_t size, const LayerNormOptions& options = {})
      : LayerNormImpl(Shape{size}, options) {}
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "LayerNorm"; }

  Tensor weight;  ///< undefined without elementwise_affine
  Tensor bias;    ///< undefined without bias

 private:
  Shape normalized_shape_;
  double eps_;
};
using LayerNorm = Handle<LayerNormImpl>;

/// x times the normal distribution's function at x; with "tanh" the usual approximation of it.
class GELUImpl : public Module {
 public:
  explicit GELUImpl(std::string approximate = "none");
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "GELU"; }

 private:
  std::string approximate_;
};
using GELU = Handle<GELUImpl>;

}  // namespace gradus::nn
