// Embeddings as layers.
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

}  // namespace gradus::nn
