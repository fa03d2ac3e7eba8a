#include "framework/kernels/softmax.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

// A tensor with dim `dim` last, dense; and the same memory as a matrix.
Tensor rows_along(const Tensor& x, int dim) {
  return transpose(x, dim, -1).contiguous();
}

kernels::View matrix(const Tensor& x) {
  const std::int64_t columns = x.size(-1);
  const Shape sizes = {columns == 0 ? 0 : x.numel() / columns, columns};
  return x.raw().with(sizes, contiguous_strides(sizes));
}

// kernel(out, in...) along the rows of tensors of one shape; a 0-dim tensor is a row of one.
template <class Kernel, class... Tensors>
Tensor along_rows(int dim, Kernel kernel, const Tensor& first, const Tensors&... others) {
  const int d = normalize_dim(dim, first.dim());
  if (first.dim() == 0) {
    return reshape(along_rows(0, kernel, reshape(first, {1}), reshape(others, {1})...), {});
  }
  const Tensor x = rows_along(first, d);
  Tensor out(x.sizes(), x.dtype());
  if (x.numel() != 0) kernel(matrix(out), matrix(x), matrix(rows_along(others, d))...);
  return transpose(out, d, -1);
}

Tensor softmax_backward(const Tensor& g, const Tensor& y, int dim);
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int dim);

struct Softmax {
  static constexpr OpInfo kInfo{.name = "softmax",
                                .doc = "exp(x) / sum(exp(x)) along a dim, without overflow.",
                                .floating = true,
                                .autocast = AutocastRule::Full,
                                .saves = kSaveOutput};
  int dim;
  bool masked = false;

  void describe(Attributes& a) const {
    a("dim", dim);
    a("masked", masked);
  }
  Tensor forward(Inputs in) {
    return along_rows(
        dim, [this](const auto& y, const auto& x) { kernels::softmax(y, x, masked); }, in[0]);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {softmax_backward(g, s.output(), dim)};
  }
  static Samples samples();
};

struct SoftmaxBackward {
  static constexpr OpInfo kInfo{.name = "softmax_backward",
                                .doc = "y * (g - sum(g * y)) along a dim: softmax's gradient.",
                                .inputs = 2,
                                .saves = kSaveInputs};
  int dim;

  Tensor forward(Inputs in) { return along_rows(dim, kernels::softmax_grad, in[0], in[1]); }
  Gradients backward(const Saved& s, const Tensor& v, const Needs& needs) {
    const Tensor g = s.input(0);
    const Tensor y = s.input(1);
    const auto total = [&](const Tensor& t) { return sum(t, {dim}, true); };
    return {needs[0] ? softmax_backward(v, y, dim) : Tensor(),
            needs[1] ? v * (g - total(g * y)) - g * total(v * y) : Tensor()};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return softmax_backward(in[0], in[1], 1); };
    return {.good = {{{sample({3, 4}), sample({3, 4}, 0, 1)}, call},
                     {{sample({2, 3, 4}), sample({2, 3, 4}, 0, 1)}, call}}};
  }
};

struct LogSoftmax {
  static constexpr OpInfo kInfo{.name = "log_softmax",
                                .doc = "x - log(sum(exp(x))) along a dim, without overflow.",
                                .floating = true,
                                .autocast = AutocastRule::Full,
                                .saves = kSaveOutput};
  int dim;

  void describe(Attributes& a) const { a("dim", dim); }
  Tensor forward(Inputs in) { return along_rows(dim, kernels::log_softmax, in[0]); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {log_softmax_backward(g, s.output(), dim)};
  }
  static Samples samples();
};

struct LogSoftmaxBackward {
  static constexpr OpInfo kInfo{.name = "log_softmax_backward",
                                .doc = "g - exp(y) * sum(g) along a dim: log_softmax's gradient.",
                                .inputs = 2,
                                .saves = kSaveInputs};
  int dim;

  Tensor forward(Inputs in) { return along_rows(dim, kernels::log_softmax_grad, in[0], in[1]); }
  Gradients backward(const Saved& s, const Tensor& v, const Needs& needs) {
    const Tensor powers = exp(s.input(1));
    const auto total = [&](const Tensor& t) { return sum(t, {dim}, true); };
    return {needs[0] ? v - total(v * powers) : Tensor(),
            needs[1] ? -(v * powers * total(s.input(0))) : Tensor()};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return log_softmax_backward(in[0], in[1], 1); };
    return {.good = {{{sample({3, 4}), sample({3, 4}, -2, 0)}, call},
                     {{sample({2, 3, 4}), sample({2, 3, 4}, -2, 0)}, call}}};
  }
};

template <class Call>
Samples along_dims(Call call) {
  const auto along = [call](int dim) { return [=](Inputs in) { return call(in[0], dim); }; };
  return {.good = {{{sample({3, 4}, -3, 3)}, along(1)},
                   {{sample({2, 3, 4}, -3, 3)}, along(1)},
                   {{sample({4}, -3, 3)}, along(-1)},
                   {{sample({2, 19}, -3, 3)}, along(-1)},
                   {{sample({})}, along(0)},
                   {{sample({0, 3})}, along(1)},
                   {{sample({3, 0})}, along(1)}},
          .bad = {{{sample({3, 4})}, along(2), "dim 2 is out of range"}}};
}

Samples Softmax::samples() {
  return along_dims([](const Tensor& x, int dim) { return softmax(x, dim); });
}

Samples LogSoftmax::samples() {
  return along_dims([](const Tensor& x, int dim) { return log_softmax(x, dim); });
}

struct Softmin {
  static constexpr OpInfo kInfo{.name = "softmin", .doc = "softmax(-x) along a dim."};
  static Samples samples() {
    return along_dims([](const Tensor& x, int dim) { return softmin(x, dim); });
  }
};

struct MaskedSoftmax {
  static constexpr OpInfo kInfo{.name = "masked_softmax",
                                .doc = "softmax, but zeros where all is -inf."};
  static Samples samples() {
    return along_dims([](const Tensor& x, int dim) { return masked_softmax(x, dim); });
  }
};

const RegisterOps<Softmax, SoftmaxBackward, LogSoftmax, LogSoftmaxBackward, Softmin, MaskedSoftmax>
    kRegistered;

Tensor softmax_backward(const Tensor& g, const Tensor& y, int dim) {
  return apply(SoftmaxBackward{dim}, {g, y}, Location::current());
}

Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int dim) {
  return apply(LogSoftmaxBackward{dim}, {g, y}, Location::current());
}

}  // namespace
}  // namespace ops

Tensor softmax(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::Softmax{dim}, {x}, at);
}

Tensor softmax(const Tensor& x, int dim, DType dtype, Location at) {
  return softmax(to(x, dtype, at), dim, at);
}

Tensor softmin(const Tensor& x, int dim, Location at) {
  return ops::compose("softmin", at, [&] { return softmax(-x, dim, at); });
}

Tensor log_softmax(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::LogSoftmax{dim}, {x}, at);
}

Tensor log_softmax(const Tensor& x, int dim, DType dtype, Location at) {
  return log_softmax(to(x, dtype, at), dim, at);
}

Tensor masked_softmax(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::Softmax{dim, true}, {x}, at);
}

}  // namespace gradus
