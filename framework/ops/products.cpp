#include "framework/kernels/matmul.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/linear.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/rows.h"
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
      .autocast = AutocastRule::All,
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
    if (b.dim() == 2 && a.is_contiguous()) {  // one product, of all rows
      Shape sizes = a.sizes();
      sizes[a.dim() - 1] = b.size(1);
      Tensor out(sizes, a.dtype());
      kernels::matmul(all_rows(out).raw(), all_rows(a).raw(), b.raw());
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
    Gradients result = {needs[0] ? matmul(g, flipped(s.input(1))) : Tensor(), Tensor()};
    if (needs[1]) {
      const Tensor a = s.input(0);
      result[1] =
          s.sizes(1).size() == 2 ? matmul(all_rows(a).t(), all_rows(g)) : matmul(flipped(a), g);
    }
    return result;
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

void check_dims(const char* form, int dims_a, int dims_b, const Tensor& a, const Tensor& b) {
  if (a.dim() == dims_a && b.dim() == dims_b) return;
  throw ShapeError(std::string("needs ") + form + ", got " + to_string(a.sizes()) + " and " +
                   to_string(b.sizes()));
}

void check_batches(const Tensor& a, const Tensor& b) {
  check_dims("[B, M, K] and [B, K, N]", 3, 3, a, b);
  if (a.size(0) == b.size(0)) return;
  throw ShapeError("batch sizes differ: " + to_string(a.sizes()) + " and " + to_string(b.sizes()));
}

// beta * input + alpha * product, with the product's shape.
Tensor blended(const Tensor& input, const Tensor& product, const AddmmOptions& o) {
  if (!(broadcast_shapes(input.sizes(), product.sizes()) == product.sizes())) {
    throw ShapeError("input of shape " + to_string(input.sizes()) +
                     " does not broadcast to the product's " + to_string(product.sizes()));
  }
  const Tensor scaled = o.alpha.to_double() == 1 ? product : product * o.alpha;
  if (o.beta.to_double() == 0) return scaled;
  return (o.beta.to_double() == 1 ? input : input * o.beta) + scaled;
}

// max(|x|, eps) along a dim, for the Euclidean norm; its gradient is 0 where eps decides.
Tensor length(const Tensor& x, int dim, double eps) {
  const Tensor squares = sum(x * x, {dim});
  const Tensor longer = (squares > eps * eps).to(squares.dtype());
  return sqrt(squares * longer + (1 - longer) * (eps * eps));
}

template <Tensor (*kOp)(const Tensor&, const Tensor&, Location)>
Samples product_of(const Shape& a, const Shape& b, const Shape& wrong, std::string_view message) {
  const auto call = [](Inputs in) { return kOp(in[0], in[1], Location::current()); };
  return {.good = {{{sample(a), sample(b)}, call}},
          .bad = {{{sample(a), sample(wrong)}, call, message}}};
}

struct Mm {
  static constexpr OpInfo kInfo{.name = "mm", .doc = "The product of two matrices.", .inputs = 2};
  static Samples samples() {
    return product_of<mm>({3, 4}, {4, 2}, {4}, "needs [M, K] and [K, N]");
  }
};
struct Mv {
  static constexpr OpInfo kInfo{
      .name = "mv", .doc = "The product of a matrix and a vector.", .inputs = 2};
  static Samples samples() { return product_of<mv>({3, 4}, {4}, {3}, "inner dimensions differ"); }
};
struct Dot {
  static constexpr OpInfo kInfo{
      .name = "dot", .doc = "The sum of the products of two vectors.", .inputs = 2};
  static Samples samples() { return product_of<dot>({4}, {4}, {1, 4}, "needs [K] and [K]"); }
};
struct Bmm {
  static constexpr OpInfo kInfo{
      .name = "bmm", .doc = "The products of matrices, one pair a batch.", .inputs = 2};
  static Samples samples() {
    return product_of<bmm>({2, 3, 4}, {2, 4, 2}, {1, 4, 2}, "batch sizes differ");
  }
};
struct Outer {
  static constexpr OpInfo kInfo{
      .name = "outer", .doc = "All products of the elements of two vectors.", .inputs = 2};
  static Samples samples() { return product_of<outer>({3}, {2}, {2, 1}, "needs [M] and [N]"); }
};

struct Addmm {
  static constexpr OpInfo kInfo{
      .name = "addmm",
      .doc = "beta * input + alpha * mat1 x mat2; with beta 0 the input is ignored.",
      .inputs = 3};
  static Samples samples() {
    const auto with = [](const AddmmOptions& o) {
      return [=](Inputs in) { return addmm(in[0], in[1], in[2], o); };
    };
    return {.good = {{{sample({2}), sample({3, 4}), sample({4, 2})}, with({})},
                     {{sample({3, 1}), sample({3, 4}), sample({4, 2})},
                      with({.beta = 0.5, .alpha = -2})}},
            .bad = {{{sample({4}), sample({3, 4}), sample({4, 2})}, with({}), "do not broadcast"},
                    {{sample({2, 3, 2}), sample({3, 4}), sample({4, 2})},
                     with({}),
                     "does not broadcast to the product's [3, 2]"}}};
  }
};

struct Baddbmm {
  static constexpr OpInfo kInfo{
      .name = "baddbmm",
      .doc = "beta * input + alpha * batch1 x batch2; with beta 0 the input is ignored.",
      .inputs = 3};
  static Samples samples() {
    const auto call = [](Inputs in) {
      return baddbmm(in[0], in[1], in[2], {.beta = 2, .alpha = 0.5});
    };
    return {.good = {{{sample({3, 1}), sample({2, 3, 4}), sample({2, 4, 2})}, call}}};
  }
};

struct Bilinear {
  static constexpr OpInfo kInfo{.name = "bilinear",
                                .doc = "x1 * weight[o] * x2 + bias[o] over the last dims.",
                                .inputs = kAnyNumber};
  static Samples samples() {
    const auto call = [](Inputs in) {
      return bilinear(in[0], in[1], in[2], in.size() == 4 ? in[3] : Tensor());
    };
    return {
        .good = {{{sample({3, 4}), sample({3, 2}), sample({5, 4, 2}), sample({5})}, call},
                 {{sample({2, 3, 2}), sample({2, 3, 1}), sample({1, 2, 1})}, call}},
        .bad = {{{sample({3, 4}), sample({3, 2}), sample({5, 4, 3})}, call, "needs x1 [..., in1]"},
                {{sample({3, 4}), sample({2}), sample({5, 4, 2})}, call, "needs x1 [..., in1]"},
                {{sample({4}), sample({2}), sample({5, 4, 2}), sample({4})},
                 call,
                 "bias of shape [4], expected [5]"}}};
  }
};

struct CosineSimilarity {
  static constexpr OpInfo kInfo{.name = "cosine_similarity",
                                .doc = "The cosine of the angle between vectors along a dim.",
                                .inputs = 2};
  static Samples samples() {
    const auto along = [](int dim) {
      return [=](Inputs in) { return cosine_similarity(in[0], in[1], dim); };
    };
    return {.good = {{{sample({3, 4}), sample({3, 4})}, along(1)},
                     {{sample({2, 3, 4}), sample({3, 1})}, along(-2)}},
            .bad = {{{sample({3}), sample({3})}, along(1), "dim 1 is out of range"}}};
  }
};

const RegisterOps<Matmul, Mm, Mv, Dot, Bmm, Outer, Addmm, Baddbmm, Bilinear, CosineSimilarity>
    kRegistered;

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

Tensor mm(const Tensor& a, const Tensor& b, Location at) {
  return ops::compose("mm", at, [&] {
    ops::check_dims("[M, K] and [K, N]", 2, 2, a, b);
    return matmul(a, b, at);
  });
}

Tensor mv(const Tensor& a, const Tensor& v, Location at) {
  return ops::compose("mv", at, [&] {
    ops::check_dims("[M, K] and [K]", 2, 1, a, v);
    return matmul(a, v, at);
  });
}

Tensor dot(const Tensor& a, const Tensor& b, Location at) {
  return ops::compose("dot", at, [&] {
    ops::check_dims("[K] and [K]", 1, 1, a, b);
    return matmul(a, b, at);
  });
}

Tensor bmm(const Tensor& a, const Tensor& b, Location at) {
  return ops::compose("bmm", at, [&] {
    ops::check_batches(a, b);
    return matmul(a, b, at);
  });
}

Tensor outer(const Tensor& a, const Tensor& b, Location at) {
  return ops::compose("outer", at, [&] {
    ops::check_dims("[M] and [N]", 1, 1, a, b);
    return unsqueeze(a, 1) * b;
  });
}

Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2,
             const AddmmOptions& options, Location at) {
  return ops::compose("addmm", at, [&] {
    ops::check_dims("[M, K] and [K, N]", 2, 2, mat1, mat2);
    return ops::blended(input, matmul(mat1, mat2), options);
  });
}

Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2,
               const AddmmOptions& options, Location at) {
  return ops::compose("baddbmm", at, [&] {
    ops::check_batches(batch1, batch2);
    return ops::blended(input, matmul(batch1, batch2), options);
  });
}

Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias,
                Location at) {
  return ops::compose("bilinear", at, [&] {
    const Shape& w = weight.sizes();
    bool fits = w.size() == 3 && x1.dim() >= 1 && x1.dim() == x2.dim() && x1.size(-1) == w[1] &&
                x2.size(-1) == w[2];
    for (int d = 0; fits && d + 1 < x1.dim(); ++d) fits = x1.size(d) == x2.size(d);
    if (!fits) {
      throw ShapeError("needs x1 [..., in1], x2 [..., in2] and weight [out, in1, in2], got " +
                       to_string(x1.sizes()) + ", " + to_string(x2.sizes()) + " and " +
                       to_string(w));
    }
    if (bias.defined() && !(bias.sizes() == Shape{w[0]})) {
      throw ShapeError("bias of shape " + to_string(bias.sizes()) + ", expected [" +
                       std::to_string(w[0]) + "]");
    }
    const Tensor left = ops::all_rows(x1);
    const Tensor flat = reshape(permute(weight, {1, 0, 2}), {w[1], w[0] * w[2]});
    const Tensor half = reshape(matmul(left, flat), {left.size(0), w[0], w[2]});
    Shape sizes = x1.sizes();
    sizes[x1.dim() - 1] = w[0];
    const Tensor out = reshape(matmul(half, unsqueeze(ops::all_rows(x2), -1)), sizes);
    return bias.defined() ? out + bias : out;
  });
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int dim, double eps, Location at) {
  return ops::compose("cosine_similarity", at, [&] {
    const Shape sizes = broadcast_shapes(x1.sizes(), x2.sizes());
    const Tensor a = expand(x1, sizes);
    const Tensor b = expand(x2, sizes);
    return sum(a * b, {dim}) / (ops::length(a, dim, eps) * ops::length(b, dim, eps));
  });
}

}  // namespace gradus
