// Attention as a layer, with PyTorch's names, layouts and conventions of masks.
//
//   nn::MultiheadAttention attention(64, 4, {.batch_first = true});
//   Tensor y = attention(x);                                              // of x to itself
//   auto [out, weights] = attention->forward(q, k, v, {.need_weights = true});
#pragma once

#include "framework/nn/layers.h"

namespace gradus::nn {

struct MultiheadAttentionOptions {
  double dropout = 0;        ///< probability of each attention weight to be dropped, in training
  bool bias = true;          ///< whether the projections have biases
  bool batch_first = false;  ///< inputs and outputs are [N, T, E], not [T, N, E]
  bool is_causal = false;    ///< of forward(x): place i sees places 0 to i only
};

/// What a call of an attention may see. As in torch.nn.MultiheadAttention a bool mask is true where
/// a key is NOT seen (scaled_dot_product_attention has it the other way round).
struct AttentionMasks {
  Tensor attn_mask{};         ///< [L, S] or [N * num_heads, L, S]; bool, or floating to be added
  Tensor key_padding_mask{};  ///< [N, S], or [S] without a batch; the same
  bool is_causal = false;     ///< query i sees keys 0 to i only, beside what the masks say
  bool need_weights = false;  ///< whether the result has the weights
  bool average_attn_weights = true;  ///< whether they are the mean over the heads
};

struct AttentionResult {
  Tensor output;   ///< as the query, with embed_dim features
  Tensor weights;  ///< [N, L, S] or [N, num_heads, L, S] (without N, where there is no batch)
};

/// Attention by num_heads heads, each on embed_dim / num_heads features of linear projections of
/// query, key and value, whose results are projected once more (Vaswani et al., 2017). Parameters:
/// in_proj_weight [3 E, E] (those of query, key and value, Xavier uniform), in_proj_bias [3 E] (0),
/// out_proj.weight [E, E] (that of a Linear), out_proj.bias [E] (0). A query that may see no key
/// gets zeros from the heads. Throws ValueError where num_heads does not divide embed_dim.
class MultiheadAttentionImpl : public Module {
 public:
  MultiheadAttentionImpl(std::int64_t embed_dim, std::int64_t num_heads,
                         const MultiheadAttentionOptions& options = {});
  /// x [T, N, E], [N, T, E] with batch_first, or [T, E] -> the same shape, of x to itself.
  Tensor forward(const Tensor& x) override;
  /// query [L, N, E], key and value [S, N, E]; with batch_first N comes first; or all without N.
  /// Throws ShapeError.
  AttentionResult forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const AttentionMasks& masks = {}, Location at = Location::current());
  [[nodiscard]] std::string type_name() const override { return "MultiheadAttention"; }

  Tensor in_proj_weight;
  Tensor in_proj_bias;  ///< undefined without bias
  Linear out_proj;

 private:
  [[nodiscard]] Tensor project(const Tensor& x, std::int64_t part) const;
  [[nodiscard]] Tensor to_itself(const Tensor& x, bool causal) const;
  [[nodiscard]] Tensor mask_of(const AttentionMasks& masks, const Tensor& q, const Tensor& k) const;
  void check(const Tensor& query, const Tensor& key, const Tensor& value) const;
  [[nodiscard]] AttentionResult attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                       const AttentionMasks& masks) const;

  std::int64_t num_heads_;
  MultiheadAttentionOptions options_;
};
using MultiheadAttention = Handle<MultiheadAttentionImpl>;

}  // namespace gradus::nn
