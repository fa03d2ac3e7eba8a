#include "framework/ops/attention.h"
#include "framework/kernels/attention.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/dropout.h"
#include "framework/ops/joining.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
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

double scale_of(const AttentionOptions& o, std::int64_t width) {
  return o.scale.value_or(width == 0 ? 1 : 1 / std::sqrt(static_cast<double>(width)));
}

// From public ops: softmax(query * key^T * scale + mask).
Tensor weights_of(const Tensor& query, const Tensor& key, double scale, const Tensor& mask) {
  Tensor scores = matmul(query * scale, transpose(key, -2, -1));
  if (mask.defined()) {
    const Tensor bias = bias_of(mask, scores.dtype());
    if (!(broadcast_shapes(bias.sizes(), scores.sizes()) == scores.sizes())) {
      throw ShapeError("attn_mask of shape " + to_string(bias.sizes()) +
                       " does not broadcast to the scores' " + to_string(scores.sizes()));
    }
    scores = scores + bias;
  }
  return masked_softmax(scores, -1);
}

// Attention without mask or dropout in one pass each way. Under create_graph the gradients come
// from public ops (a test holds them together).
struct Fused {
  kernels::AttentionForm form;
  bool recorded;  // whether there will be a gradient, for which the weights are kept
  autograd::SavedTensor weights{};

  void forward(const kernels::View& out, const kernels::View& q, const kernels::View& k,
               const kernels::View& v) {
    if (!recorded) return kernels::attention(out, {}, q, k, v, form);
    const Tensor kept(kernels::attention_weight_sizes(q.sizes, k.sizes),
                      kernels::attention_weight_dtype(out.dtype));
    kernels::attention(out, kept.raw(), q, k, v, form);
    weights = autograd::SavedTensor(kept);
  }
  [[nodiscard]] Gradients composite(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const Tensor& g) const {
    const Tensor mask = form.causal ? causal_mask(q.size(-2), k.size(-2)) : Tensor();
    const Tensor p = weights_of(q, k, form.scale, mask);
    const Tensor gp = matmul(g, transpose(v, -2, -1));
    const Tensor gs = p * (gp - sum(gp * p, {-1}, true)) * form.scale;
    return {matmul(gs, k), matmul(transpose(gs, -2, -1), q), matmul(transpose(p, -2, -1), g)};
  }
};

struct FusedAttention {
  static constexpr OpInfo kInfo{
      .name = "fused_attention",
      .doc = "softmax(query * key^T * scale) * value, where causal of the keys up to the query's.",
      .inputs = 3,
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::All,
      .saves = kSaveInputs};
  Fused fused;

  void describe(Attributes& a) const {
    a("scale", fused.form.scale);
    a("causal", fused.form.causal);
  }
  Tensor forward(Inputs in) {
    const Shape batch = batch_of(in);
    Shape sizes = with_batch(batch, in[0]);
    const Views views(in, batch);
    const bool like_query = in[2].size(-1) == in[0].size(-1) && sizes == in[0].sizes();
    sizes[sizes.size() - 1] = in[2].size(-1);
    Tensor out = like_query ? empty_like(in[0]) : Tensor(sizes, in[0].dtype());
    fused.forward(out.raw(), views.q, views.k, views.v);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const std::array<Tensor, 3> in = {s.input(0), s.input(1), s.input(2)};
    if (GradMode::is_enabled()) return fused.composite(in[0], in[1], in[2], g);
    const Shape batch = batch_of(in);
    const Views views(in, batch);
    const auto gradient_of = [&](const Tensor& x) {
      const Shape sizes = with_batch(batch, x);
      return sizes == x.sizes() ? empty_like(x) : Tensor(sizes, x.dtype());
    };
    Gradients result = {gradient_of(in[0]), gradient_of(in[1]), gradient_of(in[2])};
    kernels::attention_grad(result[0].raw(), result[1].raw(), result[2].raw(), g.raw(),
                            fused.weights.unpack({}, kInfo.name).raw(), views.q, views.k, views.v,
                            fused.form);
    return result;
  }
  static Samples samples();

  static Shape batch_of(Inputs in) {
    const auto leading = [](const Tensor& t) {
      return Shape(std::span(t.sizes().begin(), static_cast<std::size_t>(t.dim() - 2)));
    };
    return broadcast_shapes(broadcast_shapes(leading(in[0]), leading(in[1])), leading(in[2]));
  }

 private:
  static Shape with_batch(Shape batch, const Tensor& x) {
    batch.push_back(x.size(-2));
    batch.push_back(x.size(-1));
    return batch;
  }
  struct Views {
    kernels::View q, k, v;
    Views(Inputs in, const Shape& batch)
        : q(in[0].raw().broadcast(with_batch(batch, in[0]))),
          k(in[1].raw().broadcast(with_batch(batch, in[1]))),
          v(in[2].raw().broadcast(with_batch(batch, in[2]))) {}
  };
};

Tensor fused_attention(const Tensor& query, const Tensor& key, const Tensor& value, double scale,
                       bool causal, const Location& at) {
  TensorList inputs = {query, key, value};
  FusedAttention::batch_of(inputs);  // refuses what does not broadcast
  const bool recorded = records(FusedAttention::kInfo, inputs);
  return apply(FusedAttention{{{scale, causal}, recorded}}, std::move(inputs), at);
}

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                 const AttentionOptions& o, Generator& generator, const Location& at) {
  check_inputs(query, key, value);
  if (mask.defined() && o.is_causal) throw ValueError("takes an attn_mask or is_causal, not both");
  const Tensor keys = o.enable_gqa ? with_heads_of(query, key) : key;
  const Tensor values = o.enable_gqa ? with_heads_of(query, value) : value;
  const double scale = scale_of(o, query.size(-1));
  if (!mask.defined() && o.dropout_p == 0) {
    return fused_attention(query, keys, values, scale, o.is_causal, at);
  }
  const Tensor seen = o.is_causal ? causal_mask(query.size(-2), key.size(-2)) : mask;
  Tensor weights = weights_of(query, keys, scale, seen);
  if (o.dropout_p != 0) weights = dropout(weights, o.dropout_p, true, generator);
  return matmul(weights, values);
}

// The parts of qkv [..., T, 3 * heads * E] as [..., heads, T, E]; and the merging of heads.
struct Packed {
  std::int64_t heads;

  // Columns `first`, first + 1, ... of the last dim of a dense [..., T, columns], by head.
  [[nodiscard]] kernels::View by_head(const Tensor& x, std::int64_t first,
                                      std::int64_t width) const {
    const int last = x.dim() - 1;
    const kernels::View raw = x.raw().shifted(first);
    Shape sizes = x.sizes();
    Strides strides = raw.strides;
    sizes[last] = width;
    sizes.insert(last - 1, heads);
    strides.insert(last - 1, width);
    return raw.with(sizes, strides);
  }
  // The same from public ops.
  [[nodiscard]] Tensor part(const Tensor& qkv, std::int64_t i) const {
    Shape sizes = qkv.sizes();
    sizes[qkv.dim() - 1] = heads;
    sizes.push_back(qkv.size(-1) / 3 / heads);
    const Tensor columns = chunk(qkv, 3, -1)[static_cast<std::size_t>(i)];
    return transpose(reshape(columns, sizes), -3, -2);
  }
  [[nodiscard]] static Tensor merged(const Tensor& x) {
    return flatten(transpose(x, -3, -2), -2, -1);
  }
};

struct SelfAttention {
  static constexpr OpInfo kInfo{
      .name = "self_attention",
      .doc = "scaled_dot_product_attention of queries, keys and values packed in one tensor.",
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::All,
      .saves = kSaveInput0};
  Packed packed;
  Fused fused;

  void describe(Attributes& a) const {
    a("heads", packed.heads);
    a("scale", fused.form.scale);
    a("causal", fused.form.causal);
  }
  Tensor forward(Inputs in) {
    const Tensor qkv = in[0].contiguous();
    const Views views(qkv, packed);
    Shape sizes = in[0].sizes();
    sizes[in[0].dim() - 1] /= 3;
    Tensor out(sizes, in[0].dtype());
    fused.forward(packed.by_head(out, 0, views.width), views.q, views.k, views.v);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor qkv = s.input(0).contiguous();
    if (GradMode::is_enabled()) return composite(qkv, g);
    const Views views(qkv, packed);
    const Tensor dense = g.contiguous();
    Tensor gradient(qkv.sizes(), qkv.dtype());
    const Views to(gradient, packed);
    kernels::attention_grad(to.q, to.k, to.v, packed.by_head(dense, 0, views.width),
                            fused.weights.unpack({}, kInfo.name).raw(), views.q, views.k, views.v,
                            fused.form);
    return {gradient};
  }
  static Samples samples() {
    const auto with = [](std::int64_t heads, const AttentionOptions& o) {
      return [=](Inputs in) {
        Generator generator(3);
        return self_attention(in[0], heads, o, generator);
      };
    };
    return {.good = {{{sample({2, 3, 12})}, with(2, {.is_causal = true})},
                     {{sample({4, 6})}, with(1, {.scale = 0.7})},
                     {{sample({2, 1, 9, 6})}, with(2, {.is_causal = true})},
                     {{sample({0, 3, 6})}, with(2, {})},
                     {{sample({3, 12})}, with(2, {.dropout_p = 0.3, .is_causal = true})}},
            .bad = {{{sample({3, 8})}, with(2, {}), "needs qkv [..., T, 3 * heads * E]"},
                    {{sample({12})}, with(2, {}), "got [12] for 2 heads"},
                    {{sample({3, 12})}, with(0, {}), "got [3, 12] for 0 heads"},
                    {{sample({3, 12})}, with(2, {.enable_gqa = true}), "takes no enable_gqa"}}};
  }

 private:
  struct Views {
    std::int64_t width;
    kernels::View q, k, v;
    Views(const Tensor& qkv, const Packed& packed)
        : width(qkv.size(-1) / 3 / packed.heads),
          q(packed.by_head(qkv, 0, width)),
          k(packed.by_head(qkv, width * packed.heads, width)),
          v(packed.by_head(qkv, 2 * width * packed.heads, width)) {}
  };
  [[nodiscard]] Gradients composite(const Tensor& qkv, const Tensor& g) const {
    const auto part = [&](std::int64_t i) { return packed.part(qkv, i); };
    Shape sizes = g.sizes();
    sizes[g.dim() - 1] = packed.heads;
    sizes.push_back(g.size(-1) / packed.heads);
    const Tensor by_head = transpose(reshape(g, sizes), -3, -2);
    const Gradients parts = fused.composite(part(0), part(1), part(2), by_head);
    return {
        cat({Packed::merged(parts[0]), Packed::merged(parts[1]), Packed::merged(parts[2])}, -1)};
  }
};

Tensor self_attention(const Tensor& qkv, std::int64_t heads, const AttentionOptions& o,
                      Generator& generator, const Location& at) {
  if (heads < 1 || qkv.dim() < 2 || qkv.size(-1) % (3 * heads) != 0) {
    throw ShapeError("needs qkv [..., T, 3 * heads * E], got " + to_string(qkv.sizes()) + " for " +
                     std::to_string(heads) + " heads");
  }
  if (o.enable_gqa) throw ValueError("takes no enable_gqa: all heads have keys of their own");
  const Packed packed{heads};
  if (o.dropout_p != 0) {
    return Packed::merged(attention(packed.part(qkv, 0), packed.part(qkv, 1), packed.part(qkv, 2),
                                    {}, o, generator, at));
  }
  const double scale = scale_of(o, qkv.size(-1) / 3 / heads);
  const bool recorded = records(SelfAttention::kInfo, {&qkv, 1});
  return apply(SelfAttention{packed, {{scale, o.is_causal}, recorded}}, {qkv}, at);
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

Samples FusedAttention::samples() {
  const auto with = [](double scale, bool causal) {
    return [=](Inputs in) {
      return fused_attention(in[0], in[1], in[2], scale, causal, Location::current());
    };
  };
  const auto inputs = [](const Shape& q, const Shape& k, const Shape& v) {
    return std::vector{sample(q), sample(k), sample(v)};
  };
  return {.good = {{inputs({2, 3, 4}, {2, 5, 4}, {2, 5, 2}), with(0.5, false)},
                   {inputs({2, 1, 3, 2}, {3, 2, 2}, {2, 3, 2, 2}), with(0.7, false)},
                   {inputs({11, 3}, {11, 3}, {11, 3}), with(0.5, true)},
                   {inputs({9, 2}, {3, 2}, {3, 2}), with(-1, true)},
                   {inputs({2, 3}, {9, 3}, {9, 1}), with(0.5, true)},
                   {inputs({0, 3}, {2, 3}, {2, 1}), with(0.5, false)},
                   {inputs({2, 3}, {0, 3}, {0, 1}), with(0.5, false)}}};
}

const RegisterOps<Attention, FusedAttention, SelfAttention> kRegistered;

}  // namespace
}  // namespace ops

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, const AttentionOptions& options,
                                    Generator& generator, Location at) {
  return ops::compose("scaled_dot_product_attention", at, [&] {
    return ops::attention(query, key, value, attn_mask, options, generator, at);
  });
}

Tensor self_attention(const Tensor& qkv, std::int64_t heads, const AttentionOptions& options,
                      Generator& generator, Location at) {
  return ops::compose("self_attention", at,
                      [&] { return ops::self_attention(qkv, heads, options, generator, at); });
}

}  // namespace gradus
