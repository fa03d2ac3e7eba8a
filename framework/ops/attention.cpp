#include "framework/ops/attention.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/dropout.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/shape.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

void check_inputs(const Tensor& query, const Tensor& key, const Tensor& value) {
  const bool fits = query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2 &&
                    query.size(-1) == key.size(-1) && key.size(-2) == value.size(-2);
  if (fits) return;
  throw ShapeError("needs query [..., L, E], key [..., S, E] and value [..., S, Ev], got " +
                   to_string(query.sizes()) + ", " + to_string(key.sizes()) + " and " +
                   to_string(value.sizes()));
}

// What is added to the scores for a mask: 0 where it is true, -inf where not.
Tensor bias_of(const Tensor& mask, DType dtype) {
  if (mask.dtype() == kBool) return log(mask.to(dtype));
  if (!mask.is_floating_point()) {
    throw DTypeError("attn_mask must be bool or floating, got " +
                     std::string(name_of(mask.dtype())));
  }
  return to(mask, dtype);
}

Tensor causal_mask(std::int64_t queries, std::int64_t keys) {
  return unsqueeze(arange(queries), 1) >= arange(keys);
}

// x with each head (dim -3) repeated so that there are as many as in `query`.
Tensor with_heads_of(const Tensor& query, const Tensor& x) {
  if (query.dim() < 3 || x.dim() < 3 || x.size(-3) == 0 || query.size(-3) % x.size(-3) != 0) {
    throw ShapeError(
        "enable_gqa needs [..., heads, L, E] with a multiple of the heads of key and "
        "value in the query, got " +
        to_string(query.sizes()) + " and " + to_string(x.sizes()));
  }
  const std::int64_t times = query.size(-3) / x.size(-3);
  if (times == 1) return x;
  Shape sizes = x.sizes();
  sizes.insert(x.dim() - 2, times);
  Shape merged = x.sizes();
  merged[x.dim() - 3] *= times;
  return reshape(expand(unsqueeze(x, -3), sizes), merged);
}

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                 const AttentionOptions& o, Generator& generator) {
  check_inputs(query, key, value);
  if (mask.defined() && o.is_causal) throw ValueError("takes an attn_mask or is_causal, not both");
  const Tensor keys = o.enable_gqa ? with_heads_of(query, key) : key;
  const Tensor values = o.enable_gqa ? with_heads_of(query, value) : value;
  const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  Tensor scores = matmul(query * scale, transpose(keys, -2, -1));
  if (mask.defined() || o.is_causal) {
    const Tensor seen = o.is_causal ? causal_mask(query.size(-2), key.size(-2)) : mask;
    const Tensor bias = bias_of(seen, scores.dtype());
    if (!(broadcast_shapes(bias.sizes(), scores.sizes()) == scores.sizes())) {
      throw ShapeError("attn_mask of shape " + to_string(bias.sizes()) +
                       " does not broadcast to the scores' " + to_string(scores.sizes()));
    }
    scores = scores + bias;
  }
  Tensor weights = masked_softmax(scores, -1);
  if (o.dropout_p != 0) weights = dropout(weights, o.dropout_p, true, generator);
  return matmul(weights, values);
}

struct Attention {
  static constexpr OpInfo kInfo{
      .name = "scaled_dot_product_attention",
      .doc = "softmax(query * key^T * scale + mask) * value; zeros where a query may see no key.",
      .inputs = kAnyNumber};
  static Samples samples() {
    const auto with = [](const AttentionOptions& o, const Tensor& mask = {}) {
      return [=](Inputs in) {
        Generator generator(3);
        return scaled_dot_product_attention(in[0], in[1], in[2], in.size() == 4 ? in[3] : mask, o,
                                            generator);
      };
    };
    const auto inputs = [](const Shape& q, const Shape& k, const Shape& v) {
      return std::vector{sample(q), sample(k), sample(v)};
    };
    const auto small = [&] { return inputs({2, 3, 4}, {2, 5, 4}, {2, 5, 2}); };
    std::vector<Tensor> biased = small();
    biased.push_back(sample({3, 5}));
    const Tensor mask = tensor({{true, false, true, false, true},
                                {false, false, false, false, false},
                                {true, true, true, true, true}});
    return {.good = {{small(), with({})},
                     {small(), with({}, mask)},
                     {biased, with({.scale = 0.7})},
                     {inputs({4, 3}, {4, 3}, {4, 2}), with({.is_causal = true})},
                     {inputs({1, 4, 2, 3}, {1, 2, 3, 3}, {1, 2, 3, 2}), with({.enable_gqa = true})},
                     {small(), with({.dropout_p = 0.3})}},
            .bad = {{inputs({2, 3, 4}, {2, 5, 3}, {2, 5, 2}), with({}), "needs query [..., L, E]"},
                    {small(), with({.is_causal = true}, mask), "not both"},
                    {small(), with({}, tensor({1, 0, 1, 0, 1})), "must be bool or floating"},
                    {small(), with({}, tensor({true, false})), "do not broadcast"},
                    {inputs({3, 2, 4}, {2, 2, 4}, {2, 2, 4}), with({.enable_gqa = true}),
                     "a multiple of the heads"}}};
  }
};

const RegisterOps<Attention> kRegistered;

}  // namespace
}  // namespace ops

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, const AttentionOptions& options,
                                    Generator& generator, Location at) {
  return ops::compose("scaled_dot_product_attention", at, [&] {
    return ops::attention(query, key, value, attn_mask, options, generator);
  });
}

}  // namespace gradus
