#include "framework/nn/embedding_layers.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/indexing.h"

#include <nlohmann/json.hpp>

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

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct EmbeddingSettings {
  std::int64_t num_embeddings = 0;
  std::int64_t embedding_dim = 0;
  Json padding = "none";
  void describe(OptionReader& o) {
    o.required()("num_embeddings", num_embeddings, "how many tokens there are", {.min = 1});
    o.required()("embedding_dim", embedding_dim, "size of the last dim of the output", {.min = 1});
    o("padding_idx", padding,
      "the token whose row is zeros and stays so, counted from the end where negative; or none",
      {"integer", R"({"anyOf": [{"type": "integer"}, {"const": "none"}]})"});
    if (padding == "none") return;
    if (!padding.is_number_integer()) {
      throw ConfigError(o.path() + "/padding_idx",
                        "expected an integer or \"none\", got " + padding.dump());
    }
    const auto index = padding.get<std::int64_t>();
    if (index >= -num_embeddings && index < num_embeddings) return;
    throw ConfigError(o.path() + "/padding_idx",
                      std::to_string(index) +
                          " is out of range: must be >= " + std::to_string(-num_embeddings) +
                          " and < " + std::to_string(num_embeddings) + ", or \"none\"");
  }
  [[nodiscard]] std::optional<std::int64_t> padding_idx() const {
    if (padding == "none") return {};
    return padding.get<std::int64_t>();
  }
};

const bool kRegistered = register_layer<EmbeddingSettings>(
    "embedding", "the rows of a weight at int64 tokens", [](const EmbeddingSettings& o) {
      return Embedding(o.num_embeddings, o.embedding_dim, o.padding_idx());
    });

}  // namespace
}  // namespace gradus::nn
