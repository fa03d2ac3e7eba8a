#include "framework/ops/scan.h"
#include "framework/kernels/scan.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/picked.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"

#include <limits>

namespace gradus {
namespace ops {
namespace {

template <class Op>
Samples along_dims(Op op, double low = -1) {
  const auto along = [op](int dim) { return [=](Inputs in) { return op(in[0], dim); }; };
  return {.good = {{{sample({4}, low)}, along(0)},
                   {{sample({3, 4}, low)}, along(0)},
                   {{sample({2, 3, 2}, low)}, along(-2)},
                   {{sample({2, 3}, low)}, along(-1)},
                   {{sample({}, low)}, along(0)},
                   {{sample({0, 3})}, along(0)}},
          .bad = {{{sample({3, 4})}, along(2), "dim 2 is out of range for a tensor of 2 dims"}}};
}

// x moved by one place along `dim`, on (forward) or back, with `fill` at the end that opens.
Tensor shifted(const Tensor& x, int dim, bool forward, double fill) {
  Shape one = x.sizes();
  one[dim] = 1;
  const Tensor end = full(one, fill, x.dtype());
  return forward ? cat({end, slice(x, dim, 0, -1)}, dim) : cat({slice(x, dim, 1), end}, dim);
}

// Integers and bool as int64; contiguous.
Tensor wide(const Tensor& x) {
  return (x.is_floating_point() ? x : x.to(kInt64)).contiguous();
}

struct Cumsum {
  static constexpr OpInfo kInfo{.name = "cumsum",
                                .doc = "The running sum along a dim; of integers as int64."};
  int dim;
  bool reverse = false;

  void describe(Attributes& a) const {
    a("dim", dim);
    a("reverse", reverse);
  }
  Tensor forward(Inputs in) {
    dim = normalize_dim(dim, in[0].dim());
    const Tensor x = wide(in[0]);
    Tensor out(x.sizes(), x.dtype());
    kernels::cumsum(out.raw(), x.raw(), dim, reverse);
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {apply(Cumsum{dim, !reverse}, {g}, Location::current())};
  }
  static Samples samples() {
    return along_dims([](const Tensor& x, int dim) { return cumsum(x, dim); });
  }
};

struct LinearRecurrence {
  static constexpr OpInfo kInfo{
      .name = "linear_recurrence",
      .doc = "y[i] = a[i] * y[i - 1] + b[i] along a dim, or from the end backwards.",
      .inputs = 2,
      .floating = true,
      .saves = kSaveInput0 | kSaveOutput};
  int dim;
  bool reverse = false;

  Tensor forward(Inputs in) {
    const Shape sizes = broadcast_shapes(in[0].sizes(), in[1].sizes());
    dim = normalize_dim(dim, sizes.size());
    const Tensor a = expand(in[0], sizes).contiguous();
    const Tensor b = expand(in[1], sizes).contiguous();
    Tensor out(sizes, a.dtype());
    kernels::linear_recurrence(out.raw(), a.raw(), b.raw(), dim, reverse);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor y = s.output();
    if (y.dim() == 0 || y.numel() == 0) return {needs[0] ? g * 0 : Tensor(), g};
    const Tensor a = expand(s.input(0), y.sizes());
    const Tensor total = linear_recurrence(shifted(a, dim, reverse, 0), g, dim, !reverse);
    return {needs[0] ? total * shifted(y, dim, !reverse, 0) : Tensor(), total};
  }
  static Samples samples() {
    const auto along = [](int dim, bool reverse) {
      return [=](Inputs in) { return linear_recurrence(in[0], in[1], dim, reverse); };
    };
    return {.good = {{{sample({5}), sample({5})}, along(0, false)},
                     {{sample({3, 4}), sample({3, 4})}, along(0, true)},
                     {{sample({2, 3, 2}), sample({3, 1})}, along(1, false)},
                     {{sample({1}), sample({2, 3})}, along(-1, true)},
                     {{sample({}), sample({})}, along(0, false)},
                     {{sample({0, 3}), sample({3})}, along(1, false)}},
            .bad = {{{sample({3}), sample({4})}, along(0, false), "do not broadcast"},
                    {{sample({3}), sample({3})}, along(1, false), "dim 1 is out of range"}}};
  }
};

struct Cumprod {
  static constexpr OpInfo kInfo{.name = "cumprod",
                                .doc = "The running product along a dim; of integers as int64.",
                                .saves = kSaveInput0 | kSaveOutput};
  int dim;

  Tensor forward(Inputs in) {
    dim = normalize_dim(dim, in[0].dim());
    const Tensor x = wide(in[0]);
    Tensor out(x.sizes(), x.dtype());
    kernels::cumprod(out.raw(), x.raw(), dim);
    return out;
  }
  // What y[k] = x[0] * ... * x[k] passes on to x[i]: the factors before i, times g[k] and the
  // factors after i, summed over k.
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    if (x.dim() == 0 || x.numel() == 0) return {g};
    const Tensor after = linear_recurrence(shifted(x, dim, false, 0), g, dim, true);
    return {shifted(s.output(), dim, true, 1) * after};
  }
  static Samples samples() {
    Samples result = along_dims([](const Tensor& x, int dim) { return cumprod(x, dim); });
    Tensor zeros_within = sample({2, 4});
    for (const int place : {1, 4, 7}) zeros_within.data_ptr<double>()[place] = 0;
    result.good.push_back({{zeros_within}, [](Inputs in) { return cumprod(in[0], 1); }});
    return result;
  }
};

// x where `mask` holds, else 0, whatever x is there.
Tensor only_where(const Tensor& mask, const Tensor& x) {
  return where(mask, x, 0);
}

struct Logcumsumexp {
  static constexpr OpInfo kInfo{.name = "logcumsumexp",
                                .doc = "log(cumsum(exp(x))) along a dim, without overflow.",
                                .floating = true,
                                .saves = kSaveInput0 | kSaveOutput};
  int dim;

  Tensor forward(Inputs in) {
    dim = normalize_dim(dim, in[0].dim());
    const Tensor x = in[0].contiguous();
    Tensor out(x.sizes(), x.dtype());
    kernels::logcumsumexp(out.raw(), x.raw(), dim);
    return out;
  }
  // The sum of g[k] * exp(x[i] - y[k]) over k >= i, where y never falls: every factor is at most 1.
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    const Tensor y = s.output();
    if (x.dim() == 0 || x.numel() == 0) return {g};
    const Tensor some = ne(y, -std::numeric_limits<double>::infinity());
    const Tensor next = cat({slice(y, dim, 1), slice(y, dim, -1)}, dim);
    const Tensor fall = exp(only_where(some, y - next));
    const Tensor total = linear_recurrence(fall, g, dim, true);
    return {only_where(some, exp(only_where(some, x - y)) * total)};
  }
  static Samples samples() {
    return along_dims([](const Tensor& x, int dim) { return logcumsumexp(x, dim); });
  }
};

template <bool kMax>
struct RunningExtreme {
  static constexpr OpInfo kInfo{
      .name = kMax ? "cummax" : "cummin",
      .doc = kMax ? "The largest values so far along a dim and the indices of the last ones."
                  : "The smallest values so far along a dim and the indices of the last ones.",
      .keeps = true};
  static std::int64_t count(const Tensor&, std::int64_t length) { return length; }
  static void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) {
    kernels::running_extremes(values.raw(), indices.raw(), x.contiguous().raw(), dim, kMax);
  }
  static Samples samples() {
    return along_dims([](const Tensor& x, int dim) {
      return kMax ? cummax(x, dim).first : cummin(x, dim).first;
    });
  }
};

const RegisterOps<Cumsum, Cumprod, Logcumsumexp, LinearRecurrence, Selection<RunningExtreme<true>>,
                  Selection<RunningExtreme<false>>>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor cumsum(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::Cumsum{dim}, {x}, at);
}
Tensor cumprod(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::Cumprod{dim}, {x}, at);
}
Tensor logcumsumexp(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::Logcumsumexp{dim}, {x}, at);
}
std::pair<Tensor, Tensor> cummax(const Tensor& x, int dim, Location at) {
  return ops::select(ops::RunningExtreme<true>(), x, dim, true, at);
}
std::pair<Tensor, Tensor> cummin(const Tensor& x, int dim, Location at) {
  return ops::select(ops::RunningExtreme<false>(), x, dim, true, at);
}
Tensor linear_recurrence(const Tensor& a, const Tensor& b, int dim, bool reverse, Location at) {
  return ops::apply(ops::LinearRecurrence{dim, reverse}, {a, b}, at);
}

}  // namespace gradus
