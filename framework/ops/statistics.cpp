#include "framework/ops/statistics.h"
#include "framework/kernels/statistics.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduced.h"

#include <cmath>
#include <limits>

namespace gradus {
namespace ops {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// 1 where x is 0, else 0, in x's dtype.
Tensor is_zero(const Tensor& x) {
  return eq(x, 0).to(x.dtype());
}

// x / y, and 0 where y is 0.
Tensor div_or_zero(const Tensor& x, const Tensor& y) {
  const Tensor zero = is_zero(y);
  return x / (y + zero) * (1 - zero);
}

using VarianceOp = Tensor(const Tensor&, const Shape&, double, bool, Location);

Samples variances(VarianceOp* op) {
  Samples result =
      over_dims([op](const Tensor& x, const Shape& dims,
                     bool keepdim) { return op(x, dims, 0, keepdim, Location::current()); },
                false);
  for (const double correction : {1.0, 0.5}) {
    result.good.push_back({{sample({3, 4})}, [=](Inputs in) {
                             return op(in[0], {1}, correction, false, Location::current());
                           }});
  }
  result.bad.push_back(
      {{},
       [op](Inputs) { return op(ones({2}, kInt64), {}, 1, false, Location::current()); },
       "needs a floating tensor, got int64"});
  return result;
}

// The gradient of the variance of x, from that of the result.
Tensor variance_gradient(const Tensor& g, const Tensor& x, const Reduced& reduced,
                         double correction) {
  const auto count = static_cast<double>(reduced.count);
  const Tensor centred = x - sum_over(x, reduced) / count;
  return reshape(g, reduced.kept) * (centred * (2 / std::max(count - correction, 0.0)));
}

struct Var {
  static constexpr OpInfo kInfo{
      .name = "var",
      .doc = "The variance over dims: squared distances to the mean over count - correction.",
      .saves = kSaveInput0};
  Shape dims;
  double correction;
  bool keepdim;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("correction", correction);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    expect_floating(in[0]);
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, in[0].dtype(),
                       [&](const auto& out, const auto& x, const Shape& reduced) {
                         kernels::variance(out, x, reduced, correction, false);
                       });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {variance_gradient(g, s.input(0), {s.sizes(0), dims}, correction)};
  }
  static Samples samples() { return variances(var); }
};

struct Std {
  static constexpr OpInfo kInfo{
      .name = "std",
      .doc = "The root of the variance over dims. Where it is 0, its gradient is 0.",
      .saves = kSaveInput0 | kSaveOutput};
  Shape dims;
  double correction;
  bool keepdim;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("correction", correction);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    expect_floating(in[0]);
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, in[0].dtype(),
                       [&](const auto& out, const auto& x, const Shape& reduced) {
                         kernels::variance(out, x, reduced, correction, true);
                       });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor share = div_or_zero(g, 2 * s.output());
    return {variance_gradient(share, s.input(0), {s.sizes(0), dims}, correction)};
  }
  static Samples samples() { return variances(std); }
};

using MeanPairOp = std::pair<Tensor, Tensor>(const Tensor&, const Shape&, double, bool, Location);

// var_mean and std_mean: both halves at once, stacked.
template <MeanPairOp* kOp>
Samples with_means() {
  const auto call = [](Inputs in) {
    const auto [spread, mean] = kOp(in[0], {1}, 1, false, Location::current());
    return cat({spread, mean});
  };
  return {.good = {{{sample({3, 4})}, call}, {{sample({2, 3, 2})}, call}},
          .bad = {{{sample({3})}, call, "dim 1 is out of range"}}};
}

struct VarMean {
  static constexpr OpInfo kInfo{.name = "var_mean", .doc = "The variance and the mean over dims."};
  static Samples samples() { return with_means<var_mean>(); }
};
struct StdMean {
  static constexpr OpInfo kInfo{.name = "std_mean",
                                .doc = "The standard deviation and the mean over dims."};
  static Samples samples() { return with_means<std_mean>(); }
};

struct Norm {
  static constexpr OpInfo kInfo{
      .name = "norm",
      .doc = "The p-norm over dims, p = 0, inf and -inf included. The gradient at 0 is 0.",
      .saves = kSaveInput0 | kSaveOutput};
  double p;
  Shape dims;
  bool keepdim;

  void describe(Attributes& a) const {
    a("p", p);
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    expect_floating(in[0]);
    const Reduced reduced(in[0].sizes(), dims);
    if (std::isnan(p)) throw ValueError("p is NaN");
    if (p < 0 || p == kInfinity) expect_elements(reduced.count, "extreme", in[0]);
    return reduce_with(in[0], reduced, keepdim, in[0].dtype(),
                       [&](const auto& out, const auto& x, const Shape& flags) {
                         kernels::norm(out, x, flags, p);
                       });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    const Reduced reduced(x.sizes(), dims);
    const Tensor share = reshape(g, reduced.kept);
    if (p == 0) return {zeros(x.sizes(), x.dtype())};
    if (p == 1) return {share * sign(x)};
    const Tensor y = reshape(s.output(), reduced.kept);
    if (p == 2) return {x * div_or_zero(share, y)};
    if (std::isinf(p)) return {sign(x) * share_evenly(g, abs(x), y, reduced)};
    // Zeros are moved to 1, where all is finite, and struck out by a factor of 0.
    const Tensor zero = is_zero(y);
    const Tensor ratio = (abs(x) + is_zero(x)) / (y + zero);
    return {share * (1 - zero) * sign(x) * pow(ratio, p - 1)};
  }
  static Samples samples() {
    Samples result = over_dims(
        [](const Tensor& x, const Shape& dims, bool keepdim) { return norm(x, 2, dims, keepdim); },
        false);
    for (const double p : {1.0, 1.5, 3.0, 0.5, -1.0, kInfinity, -kInfinity}) {
      result.good.push_back(
          {{sample({3, 4}, 0.2, 2)}, [p](Inputs in) { return norm(-in[0], p, {-1}); }});
    }
    result.bad.push_back({{sample({2, 0})},
                          [](Inputs in) { return norm(in[0], kInfinity, {1}); },
                          "no extreme among no elements (shape [2, 0])"});
    return result;
  }
};

struct VectorNorm {
  static constexpr OpInfo kInfo{.name = "vector_norm", .doc = "The p-norm over dims, as norm."};
  static Samples samples() {
    return {.good = {{{sample({3, 4})}, [](Inputs in) { return vector_norm(in[0], 3, {0}); }}}};
  }
};

struct Logsumexp {
  static constexpr OpInfo kInfo{.name = "logsumexp",
                                .doc = "log(sum(exp(x))) over dims, without overflow.",
                                .floating = true,
                                .saves = kSaveInput0 | kSaveOutput};
  Shape dims;
  bool keepdim;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, in[0].dtype(), kernels::logsumexp);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Shape& kept = Reduced(s.sizes(0), dims).kept;
    return {reshape(g, kept) * exp(s.input(0) - reshape(s.output(), kept))};
  }
  static Samples samples() {
    return over_dims([](const Tensor& x, const Shape& dims,
                        bool keepdim) { return logsumexp(x, dims, keepdim); },
                     true);
  }
};

const RegisterOps<Var, Std, VarMean, StdMean, Norm, VectorNorm, Logsumexp> kRegistered;

}  // namespace
}  // namespace ops

Tensor var(const Tensor& x, const Shape& dims, double correction, bool keepdim, Location at) {
  return ops::apply(ops::Var{dims, correction, keepdim}, {x}, at);
}
Tensor std(const Tensor& x, const Shape& dims, double correction, bool keepdim, Location at) {
  return ops::apply(ops::Std{dims, correction, keepdim}, {x}, at);
}
std::pair<Tensor, Tensor> var_mean(const Tensor& x, const Shape& dims, double correction,
                                   bool keepdim, Location at) {
  return {var(x, dims, correction, keepdim, at), mean(x, dims, keepdim, at)};
}
std::pair<Tensor, Tensor> std_mean(const Tensor& x, const Shape& dims, double correction,
                                   bool keepdim, Location at) {
  return {std(x, dims, correction, keepdim, at), mean(x, dims, keepdim, at)};
}
Tensor norm(const Tensor& x, double p, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Norm{p, dims, keepdim}, {x}, at);
}
Tensor vector_norm(const Tensor& x, double ord, const Shape& dims, bool keepdim, Location at) {
  return ops::compose("vector_norm", at, [&] { return norm(x, ord, dims, keepdim); });
}
Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Logsumexp{dims, keepdim}, {x}, at);
}

}  // namespace gradus
