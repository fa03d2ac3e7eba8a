#include "framework/ops/linear.h"
#include "framework/kernels/matmul.h"
#include "framework/ops/apply.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

void check_inner(const Shape& a, const Shape& b, std::int64_t inner_a, std::int64_t inner_b) {
  if (inner_a != inner_b) {
    throw ShapeError("inner dimensions differ: " + to_string(a) + " x " + to_string(b));
  }
}

// Both tensors have at least two dims here; matmul() below brings vectors to that form.
struct Matmul {
  static constexpr OpInfo kInfo{
      .name = "matmul",
      .doc = "The matrix product; 1-dim tensors are rows or columns, leading dims are batches.",
      .inputs = 2,
      .saves_for = {kSaveInput1, kSaveInput0}};

  Tensor forward(Inputs in) {
    const Tensor& a = in[0];
    const Tensor& b = in[1];
    check_inner(a.sizes(), b.sizes(), a.size(-1), b.size(-2));
    if (a.dim() == 2 && b.dim() == 2) {
      Tensor out({a.size(0), b.size(1)}, a.dtype());
      kernels::matmul(out.raw(), a.raw(), b.raw());
      return out;
    }
    const Shape batch = broadcast_shapes(batch_of(a), batch_of(b));
    const auto stretched = [&](const Tensor& t) {
      Shape sizes = batch;
      sizes.push_back(t.size(-2));
      sizes.push_back(t.size(-1));
      return t.raw().broadcast(sizes);
    };
    Shape sizes = batch;
    sizes.push_back(a.size(-2));
    sizes.push_back(b.size(-1));
    Tensor out(sizes, a.dtype());
    kernels::batched_matmul(out.raw(), stretched(a), stretched(b));
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const auto flipped = [](const Tensor& t) { return transpose(t, -2, -1); };
    return {needs[0] ? matmul(g, flipped(s.input(1))) : Tensor(),
            needs[1] ? matmul(flipped(s.input(0)), g) : Tensor()};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return matmul(in[0], in[1]); };
    const auto of = [&](const Shape& a, const Shape& b) {
      return Sample{{sample(a), sample(b)}, call};
    };
    return {.good = {of({3, 4}, {4, 5}),
                     of({4}, {4}),
                     of({3, 4}, {4}),
                     of({4}, {4, 2}),
                     of({2, 3, 4}, {2, 4, 2}),
                     of({2, 1, 3, 4}, {3, 4, 2}),
                     of({2, 3, 4}, {4, 2}),
                     of({0, 4}, {4, 5}),
                     of({3, 0}, {0, 5}),
                     of({12, 16}, {16, 18}),
                     {{sample({4, 3}), sample({5, 4})},
                      [](Inputs in) { return matmul(in[0].t(), in[1].t()); }}},
            .bad = {{{sample({64, 784}), sample({256, 128})},
                     call,
                     "matmul: inner dimensions differ: [64, 784] x [256, 128]"},
                    {{sample({}), sample({3})}, call, "0-dim"},
                    {{sample({2, 3, 4}), sample({3, 4, 5})}, call, "do not broadcast"}}};
  }

 private:
  static Shape batch_of(const Tensor& t) {
    return Shape(std::span(t.sizes().begin(), static_cast<std::size_t>(t.dim() - 2)));
  }
};

struct Linear {
  static constexpr OpInfo kInfo{.name = "linear",
                                .doc =
                                    "x * weight^T + bias over the last dim of x; the bias may be "
                                    "left out.",
                                .inputs = kAnyNumber,
                                .saves_for = {kSaveInput1, kSaveInput0}};

  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Tensor& weight = in[1];
    if (weight.dim() != 2 || x.dim() < 1) {
      throw ShapeError("needs x [..., in] and weight [out, in], got " + to_string(x.sizes()) +
                       " and " + to_string(weight.sizes()));
    }
    if (x.size(-1) != weight.size(1)) {
      throw ShapeError("input of shape " + to_string(x.sizes()) + " has " +
                       std::to_string(x.size(-1)) + " features, weight " +
                       to_string(weight.sizes()) + " takes " + std::to_string(weight.size(1)));
    }
    if (in.size() == 3 && !(in[2].sizes() == Shape{weight.size(0)})) {
      throw ShapeError("bias of shape " + to_string(in[2].sizes()) + ", expected [" +
                       std::to_string(weight.size(0)) + "]");
    }
    Shape sizes = x.sizes();
    sizes[sizes.size() - 1] = weight.size(0);
    Tensor out(sizes, x.dtype());
    kernels::matmul(rows(out).raw(), rows(x).raw(), weight.t().raw(),
                    in.size() == 3 ? in[2].raw() : kernels::View{});
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    Gradients gradients = {needs[0] ? matmul(g, s.input(1)) : Tensor(),
                           needs[1] ? matmul(rows(g).t(), rows(s.input(0))) : Tensor()};
    if (needs.size() == 3) gradients.push_back(needs[2] ? sum(rows(g), {0}) : Tensor());
    return gradients;
  }
  static Samples samples() {
    const auto biased = [](Inputs in) { return linear(in[0], in[1], in[2]); };
    const auto plain = [](Inputs in) { return linear(in[0], in[1]); };
    return {.good = {{{sample({3, 4}), sample({5, 4}), sample({5})}, biased},
                     {{sample({2, 3, 4}), sample({5, 4}), sample({5})}, biased},
                     {{sample({4}), sample({2, 4})}, plain},
                     {{sample({0, 4}), sample({2, 4}), sample({2})}, biased},
                     {{sample({12, 16}), sample({18, 16}), sample({18})}, biased}},
            .bad = {{{sample({3, 4}), sample({5, 3}), sample({5})},
                     biased,
                     "input of shape [3, 4] has 4 features, weight [5, 3] takes 3"},
                    {{sample({3, 4}), sample({5, 4}), sample({4})}, biased, "expected [5]"}}};
  }

 private:
  // All leading dims as one.
  static Tensor rows(const Tensor& t) {
    std::int64_t count = 1;
    for (int d = 0; d + 1 < t.dim(); ++d) count *= t.sizes()[d];
    return reshape(t, {count, t.size(-1)});
  }
};

const RegisterOps<Matmul, Linear> kRegistered;

}  // namespace
}  // namespace ops

Tensor matmul(const Tensor& a, const Tensor& b, Location at) {
  return ops::compose("matmul", at, [&] {
    if (a.dim() == 0 || b.dim() == 0) throw ShapeError("0-dim tensors: multiply them with *");
    const bool row = a.dim() == 1;
    const bool column = b.dim() == 1;
    if (!row && !column) return ops::apply(ops::Matmul(), {a, b}, at);
    ops::check_inner(a.sizes(), b.sizes(), a.size(-1), b.size(column ? 0 : -2));
    Tensor out =
        ops::apply(ops::Matmul(), {row ? unsqueeze(a, 0) : a, column ? unsqueeze(b, 1) : b}, at);
    if (column) out = squeeze(out, -1);
    return row ? squeeze(out, column ? -1 : -2) : out;
  });
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Location at) {
  ops::TensorList inputs = {x, weight};
  if (bias.defined()) inputs.push_back(bias);
  return ops::apply(ops::Linear(), std::move(inputs), at);
}

}  // namespace gradus
