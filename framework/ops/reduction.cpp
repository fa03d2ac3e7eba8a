#include "framework/ops/reduction.h"
#include "framework/kernels/extremes.h"
#include "framework/kernels/reduce.h"
#include "framework/ops/picked.h"
#include "framework/ops/reduced.h"
#include "framework/ops/scan.h"

namespace gradus {
namespace ops {
namespace {

template <Tensor (*kOp)(const Tensor&, const Shape&, bool, Location)>
Samples reductions(bool has_identity) {
  return over_dims([](const Tensor& x, const Shape& dims,
                      bool keepdim) { return kOp(x, dims, keepdim, Location::current()); },
                   has_identity);
}

DType sum_dtype(const Tensor& x) {
  return x.is_floating_point() ? x.dtype() : kInt64;
}

struct Sum {
  static constexpr OpInfo kInfo{.name = "sum",
                                .doc = "The sum over dims. Integers and bool sum to int64."};
  Shape dims;
  bool keepdim = false;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, sum_dtype(in[0]), kernels::sum);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {expand(reshape(g, Reduced(s.sizes(0), dims).kept), s.sizes(0))};
  }
  static Samples samples() { return reductions<sum>(true); }
};

struct NanSum {
  static constexpr OpInfo kInfo{
      .name = "nansum", .doc = "The sum over dims with NaN taken as 0.", .saves = kSaveInput0};
  Shape dims;
  bool keepdim = false;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, sum_dtype(in[0]), kernels::nansum);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    return {reshape(g, Reduced(s.sizes(0), dims).kept) * eq(x, x).to(g.dtype())};
  }
  static Samples samples() { return reductions<nansum>(true); }
};

struct Mean {
  static constexpr OpInfo kInfo{.name = "mean", .doc = "The mean over dims; NaN over no elements."};
  static Samples samples() {
    Samples result = reductions<mean>(false);
    result.bad.push_back(
        {{}, [](Inputs) { return mean(ones({2}, kInt64)); }, "needs a floating tensor, got int64"});
    return result;
  }
};

// The product of all other elements of x along its last dim, without a division.
Tensor product_of_others(const Tensor& x) {
  Shape column = x.sizes();
  column[x.dim() - 1] = 1;
  const Tensor one = ones(column, x.dtype());
  const Tensor before = cat({one, cumprod(slice(x, -1, 0, -1), -1)}, -1);
  const Tensor last = cat({zeros({x.size(-1) - 1}, x.dtype()), ones({1}, x.dtype())});
  const Tensor after = linear_recurrence(cat({slice(x, -1, 1), one}, -1), last, -1, true);
  return before * after;
}

struct Prod {
  static constexpr OpInfo kInfo{
      .name = "prod",
      .doc = "The product over dims, 1 over no elements. Integers and bool multiply to int64.",
      .saves = kSaveInput0};
  Shape dims;
  bool keepdim = false;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, sum_dtype(in[0]), kernels::prod);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    const Reduced reduced(x.sizes(), dims);
    const Tensor wide = expand(reshape(g, reduced.kept), x.sizes());
    if (x.numel() == 0) return {wide};
    Shape order;  // the kept dims, then the reduced ones
    for (const int flag : {0, 1}) {
      for (int d = 0; d < x.dim(); ++d) {
        if (reduced.flags[d] == flag) order.push_back(d);
      }
    }
    Shape inverse = order;
    for (int i = 0; i < order.size(); ++i) inverse[static_cast<int>(order[i])] = i;
    const Tensor moved = permute(x, order);
    Shape lines = reduced.dropped;
    lines.push_back(reduced.count);
    const Tensor others = product_of_others(reshape(moved, lines));
    return {wide * permute(reshape(others, moved.sizes()), inverse)};
  }
  static Samples samples() {
    Samples result = reductions<prod>(true);
    const auto zero_at = [](std::initializer_list<int> places) {
      Tensor x = sample({2, 3});
      for (const int place : places) x.data_ptr<double>()[place] = 0;
      return x;
    };
    const auto call = [](Inputs in) { return prod(in[0], {1}); };
    result.good.push_back({{zero_at({1})}, call});
    result.good.push_back({{zero_at({0, 2, 4})}, call});
    return result;
  }
};

// amax and amin.
template <class Rule>
struct Extreme {
  static constexpr OpInfo kInfo{
      .name = Rule::kName, .doc = Rule::kDoc, .saves = kSaveInput0 | kSaveOutput};
  Shape dims;
  bool keepdim = false;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    const Reduced reduced(in[0].sizes(), dims);
    expect_elements(reduced.count, Rule::kWhat, in[0]);
    return reduce_with(in[0], reduced, keepdim, in[0].dtype(), Rule::kKernel);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {share_evenly(g, s.input(0), s.output(), Reduced(s.sizes(0), dims))};
  }
  static Samples samples() {
    Samples result = reductions<Rule::kFunction>(false);
    result.bad.push_back(
        {{sample({3, 0})},
         [](Inputs in) { return Rule::kFunction(in[0], {1}, false, Location::current()); },
         "value among no elements (shape [3, 0])"});
    return result;
  }
};

struct AmaxRule {
  static constexpr auto kName = "amax";
  static constexpr auto kDoc =
      "The largest value over dims; NaN wins. The gradient is shared evenly among ties.";
  static constexpr auto kWhat = "largest value";
  static constexpr auto kKernel = kernels::amax;
  static constexpr auto kFunction = amax;
};
struct AminRule {
  static constexpr auto kName = "amin";
  static constexpr auto kDoc =
      "The smallest value over dims; NaN wins. The gradient is shared evenly among ties.";
  static constexpr auto kWhat = "smallest value";
  static constexpr auto kKernel = kernels::amin;
  static constexpr auto kFunction = amin;
};

using PairOp = std::pair<Tensor, Tensor>(const Tensor&, int, bool, Location);

// max and min along a dim.
template <bool kMax>
struct ExtremeAlong {
  static constexpr OpInfo kInfo{
      .name = kMax ? "max" : "min",
      .doc = kMax ? "The largest values along a dim and the indices of the first ones; NaN wins."
                  : "The smallest values along a dim and the indices of the first ones; NaN wins.",
      .keeps = true};
  static constexpr auto kWhat = kMax ? "largest value" : "smallest value";

  static std::int64_t count(const Tensor& x, std::int64_t length) {
    expect_elements(length, kWhat, x);
    return 1;
  }
  static void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) {
    kernels::extremes(values.raw(), indices.raw(), x.raw(), dim, kMax);
  }
  static Samples samples() {
    constexpr PairOp* kAlong = kMax ? static_cast<PairOp*>(max) : static_cast<PairOp*>(min);
    const auto along = [](int dim, bool keepdim) {
      return [=](Inputs in) { return kAlong(in[0], dim, keepdim, Location::current()).first; };
    };
    return {.good = {{{sample({3, 4})}, along(0, false)},
                     {{sample({2, 3, 4})}, along(-2, true)},
                     {{sample({3, 4})}, [](Inputs in) { return kMax ? max(in[0]) : min(in[0]); }},
                     {{sample({})}, along(0, false)},
                     {{sample({0, 3})}, along(1, false)}},
            .bad = {{{sample({3, 0})}, along(1, false), "value among no elements"},
                    {{sample({3, 4})}, along(-3, false), "dim -3 is out of range"}}};
  }
};

template <bool kMax>
struct ArgExtreme {
  static constexpr OpInfo kInfo{
      .name = kMax ? "argmax" : "argmin",
      .doc = kMax ? "The index of the first largest value along a dim, or among all; NaN wins."
                  : "The index of the first smallest value along a dim, or among all; NaN wins.",
      .differentiable = false};
  std::optional<int> dim;
  bool keepdim = false;

  void describe(Attributes& a) const {
    if (dim) a("dim", *dim);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    const int d = dim ? normalize_dim(*dim, in[0].dim()) : 0;
    const Tensor x = dim && in[0].dim() > 0 ? in[0] : reshape(in[0], {in[0].numel()});
    expect_elements(x.size(d), ExtremeAlong<kMax>::kWhat, in[0]);
    const Reduced along(x.sizes(), {d});
    Shape sizes = along.result(keepdim);
    if (!dim || in[0].dim() == 0) sizes = Shape::filled(keepdim ? in[0].dim() : 0, 1);
    const Tensor out(sizes, kInt64);
    kernels::extremes({}, out.raw().with(along.kept, contiguous_strides(along.kept)), x.raw(), d,
                      kMax);
    return out;
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto along = [](std::optional<int> dim, bool keepdim) {
      return [=](Inputs in) {
        return kMax ? argmax(in[0], dim, keepdim) : argmin(in[0], dim, keepdim);
      };
    };
    return {.good = {{{sample({3, 4})}, along({}, false)},
                     {{sample({3, 4})}, along({}, true)},
                     {{sample({3, 4, 2})}, along(1, false)},
                     {{sample({3, 4})}, along(-1, true)},
                     {{sample({})}, along(0, false)},
                     {{sample({0, 3})}, along(1, false)}},
            .bad = {{{sample({3, 0})}, along(1, false), "value among no elements"}}};
  }
};

// all, any and count_nonzero.
template <class Rule>
struct Logic {
  static constexpr OpInfo kInfo{.name = Rule::kName, .doc = Rule::kDoc, .differentiable = false};
  Shape dims;
  bool keepdim = false;

  void describe(Attributes& a) const {
    a("dims", dims);
    a("keepdim", keepdim);
  }
  Tensor forward(Inputs in) {
    return reduce_with(in[0], {in[0].sizes(), dims}, keepdim, Rule::kDType, Rule::kKernel);
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    return over_dims(
        [](const Tensor& x, const Shape& dims, bool keepdim) {
          return apply(Logic{dims, keepdim}, {gt(x, 0)}, Location::current());
        },
        true);
  }
};

struct AllRule {
  static constexpr auto kName = "all";
  static constexpr auto kDoc = "Whether all elements over dims are other than 0; NaN is.";
  static constexpr DType kDType = kBool;
  static constexpr auto kKernel = kernels::all;
};
struct AnyRule {
  static constexpr auto kName = "any";
  static constexpr auto kDoc = "Whether any element over dims is other than 0; NaN is.";
  static constexpr DType kDType = kBool;
  static constexpr auto kKernel = kernels::any;
};
struct CountRule {
  static constexpr auto kName = "count_nonzero";
  static constexpr auto kDoc = "How many elements over dims are other than 0; NaN is.";
  static constexpr DType kDType = kInt64;
  static constexpr auto kKernel = kernels::count_nonzero;
};

const RegisterOps<Sum, NanSum, Mean, Prod, Extreme<AmaxRule>, Extreme<AminRule>,
                  Selection<ExtremeAlong<true>>, Selection<ExtremeAlong<false>>, ArgExtreme<true>,
                  ArgExtreme<false>, Logic<AllRule>, Logic<AnyRule>, Logic<CountRule>>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Sum{dims, keepdim}, {x}, at);
}
Tensor nansum(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  if (x.defined() && !x.is_floating_point()) return sum(x, dims, keepdim, at);
  return ops::apply(ops::NanSum{dims, keepdim}, {x}, at);
}
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::compose("mean", at, [&] {
    ops::expect_floating(x);
    const double count = static_cast<double>(ops::Reduced(x.sizes(), dims).count);
    return div(sum(x, dims, keepdim), count);
  });
}
Tensor prod(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Prod{dims, keepdim}, {x}, at);
}
Tensor amax(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Extreme<ops::AmaxRule>{dims, keepdim}, {x}, at);
}
Tensor amin(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Extreme<ops::AminRule>{dims, keepdim}, {x}, at);
}
Tensor max(const Tensor& x, Location at) {
  return amax(x, {}, false, at);
}
Tensor min(const Tensor& x, Location at) {
  return amin(x, {}, false, at);
}
std::pair<Tensor, Tensor> max(const Tensor& x, int dim, bool keepdim, Location at) {
  return ops::select(ops::ExtremeAlong<true>(), x, dim, keepdim, at);
}
std::pair<Tensor, Tensor> min(const Tensor& x, int dim, bool keepdim, Location at) {
  return ops::select(ops::ExtremeAlong<false>(), x, dim, keepdim, at);
}
Tensor argmax(const Tensor& x, std::optional<int> dim, bool keepdim, Location at) {
  return ops::apply(ops::ArgExtreme<true>{dim, keepdim}, {x}, at);
}
Tensor argmin(const Tensor& x, std::optional<int> dim, bool keepdim, Location at) {
  return ops::apply(ops::ArgExtreme<false>{dim, keepdim}, {x}, at);
}
Tensor all(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Logic<ops::AllRule>{dims, keepdim}, {x}, at);
}
Tensor any(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Logic<ops::AnyRule>{dims, keepdim}, {x}, at);
}
Tensor count_nonzero(const Tensor& x, const Shape& dims, Location at) {
  return ops::apply(ops::Logic<ops::CountRule>{dims, false}, {x}, at);
}

}  // namespace gradus
