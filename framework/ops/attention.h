// Attention.
#pragma once

#include "framework/tensor/generator.h"
#include "framework/tensor/tensor.h"

namespace gradus {

struct AttentionOptions {
  double dropout_p = 0;           ///< the probability of each weight to be dropped
  bool is_causal = false;         ///< whether query i sees keys 0 to i only
  std::optional<double> scale{};  ///< of the scores; by default 1 / sqrt(E)
  bool enable_gqa = false;        ///< whether groups of query heads share a head of key and value
};

/// softmax(query * key^T * scale + mask) * value: query [..., L, E], key [..., S, E] and value
/// [..., S, Ev] -> [..., L, Ev]; leading dims broadcast. attn_mask broadcasts to [..., L, S]: bool
/// (true: takes part) or floating (added to the scores); it excludes is_causal. A query that may
/// see no key gets zeros, and no gradient flows through it (as in PyTorch since 2.5; before, it was
/// NaN). As in PyTorch, dropout happens whenever dropout_p > 0. With enable_gqa, dim -3 of the
/// query is a multiple of that of key and value.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask = {},
                                    const AttentionOptions& options = {},
                                    Generator& generator = default_generator(),
                                    Location at = Location::current());

/// Attention of a sequence to itself, by `heads` heads whose inputs lie side by side: qkv [..., T,
/// 3 * heads * E] holds the queries of all heads, then the keys, then the values, as one linear
/// layer makes them -> [..., T, heads * E]. The same as scaled_dot_product_attention() of the
/// parts, without copying them.
Tensor self_attention(const Tensor& qkv, std::int64_t heads, const AttentionOptions& options = {},
                      Generator& generator = default_generator(),
                      Location at = Location::current());

}  // namespace gradus
