#include "framework/nn/attention_layers.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/attention.h"
#include "framework/ops/dropout.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/shape.h"

#include <cmath>
#include <limits>

namespace gradus::nn {
namespace {

constexpr const char* kName = "MultiheadAttention";

// What is added to the scores for a mask: -inf where a bool one is true.
Tensor additive(const Tensor& mask, DType dtype) {
  if (mask.is_floating_point()) return mask.to(dtype);
  if (mask.dtype() != kBool) {
    throw DTypeError(std::string("masks are bool or floating, got ") +
                     std::string(name_of(mask.dtype())));
  }
  const Tensor result = zeros(mask.sizes(), dtype);
  result.masked_fill_(mask, -std::numeric_limits<double>::infinity());
  return result;
}

// Defined or not.
Tensor sum_of(const Tensor& a, const Tensor& b) {
  return !a.defined() ? b : !b.defined() ? a : a + b;
}

// [N, T, E] -> [N, heads, T, E / heads].
Tensor by_head(const Tensor& x, std::int64_t heads) {
  return transpose(x.unflatten(-1, {heads, -1}), 1, 2);
}

}  // namespace

MultiheadAttentionImpl::MultiheadAttentionImpl(std::int64_t embed_dim, std::int64_t num_heads,
                                               const MultiheadAttentionOptions& options)
    : out_proj(nullptr), num_heads_(num_heads), options_(options) {
  check_at_least_one(kName, "embed_dim", embed_dim);
  check_at_least_one(kName, "num_heads", num_heads);
  check_probability(kName, options.dropout);
  if (embed_dim % num_heads != 0) {
    throw ValueError(std::string(kName) + ": num_heads " + std::to_string(num_heads) +
                     " does not divide embed_dim " + std::to_string(embed_dim));
  }
  const double bound = std::sqrt(6 / static_cast<double>(4 * embed_dim));
  in_proj_weight = register_parameter("in_proj_weight",
                                      init::uniform({3 * embed_dim, embed_dim}, -bound, bound));
  if (options.bias) in_proj_bias = register_parameter("in_proj_bias", zeros({3 * embed_dim}));
  out_proj = register_module("out_proj", Linear(embed_dim, embed_dim, options.bias));
  if (!options.bias) return;
  const NoGradGuard no_grad;
  out_proj->bias.fill_(0);
}

Tensor MultiheadAttentionImpl::project(const Tensor& x, std::int64_t part) const {
  const std::int64_t width = in_proj_weight.size(1);
  const Tensor bias =
      in_proj_bias.defined() ? in_proj_bias.slice(0, part * width, (part + 1) * width) : Tensor();
  return linear(x, in_proj_weight.slice(0, part * width, (part + 1) * width), bias);
}

// With the batch first, or none.
Tensor MultiheadAttentionImpl::to_itself(const Tensor& x, bool causal) const {
  const double p = is_training() ? options_.dropout : 0;
  const Tensor y = self_attention(linear(x, in_proj_weight, in_proj_bias), num_heads_,
                                  {.dropout_p = p, .is_causal = causal});
  return out_proj(y);
}

Tensor MultiheadAttentionImpl::forward(const Tensor& x) {
  check(x, x, x);
  const bool turned = x.dim() == 3 && !options_.batch_first;
  const Tensor y = to_itself(turned ? transpose(x, 0, 1) : x, options_.is_causal);
  return turned ? transpose(y, 0, 1) : y;
}

void MultiheadAttentionImpl::check(const Tensor& query, const Tensor& key,
                                   const Tensor& value) const {
  const std::int64_t width = in_proj_weight.size(1);
  const bool ranks = (query.dim() == 2 || query.dim() == 3) && key.dim() == query.dim();
  const int batch = options_.batch_first ? 0 : 1;
  const bool fits = ranks && key.sizes() == value.sizes() && query.size(-1) == width &&
                    key.size(-1) == width &&
                    (query.dim() == 2 || query.size(batch) == key.size(batch));
  if (fits) return;
  const std::string form = options_.batch_first ? "[N, T, " : "[T, N, ";
  throw ShapeError(std::string(kName) + ": needs query, key and value " + form +
                   std::to_string(width) + "] or [T, " + std::to_string(width) + "], got " +
                   to_string(query.sizes()) + ", " + to_string(key.sizes()) + " and " +
                   to_string(value.sizes()));
}

// One mask to be added to the scores [N, heads, L, S]; undefined where all is seen.
Tensor MultiheadAttentionImpl::mask_of(const AttentionMasks& masks, const Tensor& q,
                                       const Tensor& k) const {
  const std::int64_t n = q.size(0);
  const std::int64_t queries = q.size(2);
  const std::int64_t keys = k.size(2);
  const auto refuse = [&](const char* name, const Tensor& mask, const std::string& form) {
    throw ShapeError(std::string(kName) + ": " + name + " must be " + form + ", got " +
                     to_string(mask.sizes()));
  };
  Tensor result;
  if (masks.attn_mask.defined()) {
    result = additive(masks.attn_mask, q.dtype());
    const Shape own = {queries, keys};
    const Shape all = {n * num_heads_, queries, keys};
    if (result.sizes() == all) {
      result = result.unflatten(0, {n, num_heads_});
    } else if (!(result.sizes() == own)) {
      refuse("attn_mask", masks.attn_mask, to_string(own) + " or " + to_string(all));
    }
  }
  if (masks.key_padding_mask.defined()) {
    const Tensor padding = additive(masks.key_padding_mask, q.dtype());
    const Shape sizes = {n, keys};
    const bool alone = n == 1 && padding.sizes() == Shape{keys};
    if (!alone && !(padding.sizes() == sizes)) {
      refuse("key_padding_mask", masks.key_padding_mask, to_string(sizes));
    }
    result = sum_of(result, padding.reshape({n, 1, 1, keys}));
  }
  if (masks.is_causal && (result.defined() || masks.need_weights)) {
    const Tensor later = triu(ones({queries, keys}), 1).to(kBool);
    result = sum_of(result, additive(later, q.dtype()));
  }
  return result;
}

// With the batch first: [N, L, E].
AttentionResult MultiheadAttentionImpl::attend(const Tensor& query, const Tensor& key,
                                               const Tensor& value,
                                               const AttentionMasks& masks) const {
  const Tensor q = by_head(project(query, 0), num_heads_);
  const Tensor k = by_head(project(key, 1), num_heads_);
  const Tensor v = by_head(project(value, 2), num_heads_);
  const Tensor mask = mask_of(masks, q, k);
  const double p = is_training() ? options_.dropout : 0;
  AttentionResult result;
  Tensor heads;
  if (masks.need_weights) {
    const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
    const Tensor scores = matmul(q * scale, transpose(k, -2, -1));
    Tensor weights = masked_softmax(mask.defined() ? scores + mask.to(scores.dtype()) : scores, -1);
    if (p != 0) weights = dropout(weights, p, true);
    result.weights = masks.average_attn_weights ? weights.mean({1}) : weights;
    heads = matmul(weights, v);
  } else {
    heads = scaled_dot_product_attention(
        q, k, v, mask, {.dropout_p = p, .is_causal = masks.is_causal && !mask.defined()});
  }
  result.output = out_proj(transpose(heads, 1, 2).flatten(-2, -1));
  return result;
}

AttentionResult MultiheadAttentionImpl::forward(const Tensor& query, const Tensor& key,
                                                const Tensor& value, const AttentionMasks& masks,
                                                Location at) {
  const CallSite site(at);
  try {
    check(query, key, value);
    const bool alone = query.dim() == 2;
    const bool turned = !alone && !options_.batch_first;
    const auto batch_first = [&](const Tensor& x) {
      return alone ? x.unsqueeze(0) : turned ? transpose(x, 0, 1) : x;
    };
    const bool plain = !masks.attn_mask.defined() && !masks.key_padding_mask.defined() &&
                       !masks.need_weights && query.is_same(key) && key.is_same(value);
    AttentionResult result;
    if (plain) {
      result.output = to_itself(batch_first(query), masks.is_causal);
    } else {
      result = attend(batch_first(query), batch_first(key), batch_first(value), masks);
    }
    if (turned) result.output = transpose(result.output, 0, 1);
    if (!alone) return result;
    result.output = result.output.squeeze(0);
    if (result.weights.defined()) result.weights = result.weights.squeeze(0);
    return result;
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct MultiheadAttentionSettings {
  std::int64_t embed_dim = 0;
  std::int64_t num_heads = 0;
  MultiheadAttentionOptions options;
  void describe(OptionReader& o) {
    o.required()("embed_dim", embed_dim, "size of the last dim of input and output", {.min = 1});
    o.required()("num_heads", num_heads, "heads; they divide embed_dim", {.min = 1});
    o("dropout", options.dropout, "probability of a weight of the attention to be dropped",
      {.min = 0, .max = 1});
    o("bias", options.bias, "whether the projections have biases");
    o("batch_first", options.batch_first, "whether inputs are [N, T, E], not [T, N, E]");
    o("is_causal", options.is_causal, "whether a place sees none that come after it");
    if (num_heads == 0 || embed_dim % num_heads == 0) return;
    throw ConfigError(
        o.path() + "/num_heads",
        std::to_string(num_heads) + " does not divide embed_dim " + std::to_string(embed_dim));
  }
};

const bool kRegistered = register_layer<MultiheadAttentionSettings>(
    "multihead_attention", "attention of a sequence to itself, by several heads",
    [](const MultiheadAttentionSettings& o) {
      return MultiheadAttention(o.embed_dim, o.num_heads, o.options);
    });

}  // namespace
}  // namespace gradus::nn
