#include "framework/ops/sorting.h"
#include "framework/kernels/sort.h"
#include "framework/ops/picked.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduced.h"
#include "framework/ops/selection.h"

#include <cmath>
#include <limits>

namespace gradus {
namespace ops {
namespace {

template <class Op>
Samples along_dims(Op op) {
  const auto along = [op](int dim) { return [=](Inputs in) { return op(in[0], dim); }; };
  return {.good = {{{sample({5})}, along(0)},
                   {{sample({3, 4})}, along(0)},
                   {{sample({2, 3, 2})}, along(-2)},
                   {{sample({2, 3})}, along(-1)},
                   {{sample({})}, along(-1)},
                   {{sample({0, 3})}, along(1)}},
          .bad = {{{sample({3, 4})}, along(2), "dim 2 is out of range for a tensor of 2 dims"}}};
}

struct Sort {
  static constexpr OpInfo kInfo{
      .name = "sort",
      .doc = "The values in order along a dim, and their indices; stable, NaN is largest.",
      .keeps = true};
  bool descending;

  static std::int64_t count(const Tensor&, std::int64_t length) { return length; }
  void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) const {
    kernels::sort(values.raw(), indices.raw(), x.raw(), dim, descending);
  }
  static Samples samples() {
    Samples result = along_dims([](const Tensor& x, int dim) { return sort(x, dim).first; });
    result.good.push_back({{sample({3, 4})}, [](Inputs in) { return sort(in[0], 1, true).first; }});
    result.good.push_back({{sample({2, 0})}, [](Inputs in) { return sort(in[0], 1).first; }});
    return result;
  }
};

struct Argsort {
  static constexpr OpInfo kInfo{.name = "argsort",
                                .doc = "The indices that sort a tensor along a dim; stable.",
                                .differentiable = false};
  static Samples samples() {
    return along_dims([](const Tensor& x, int dim) { return argsort(x, dim, dim == 0); });
  }
};

struct Topk {
  static constexpr OpInfo kInfo{
      .name = "topk",
      .doc = "The k largest or smallest values along a dim, best first, and their indices.",
      .keeps = true};
  std::int64_t k;
  bool largest;

  [[nodiscard]] std::int64_t count(const Tensor& x, std::int64_t length) const {
    if (k < (x.dim() == 0 ? 1 : 0) || k > length) {
      throw ValueError("k = " + std::to_string(k) + " is out of range for " +
                       std::to_string(length) + " values (shape " + to_string(x.sizes()) + ")");
    }
    return k;
  }
  void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) const {
    kernels::topk(values.raw(), indices.raw(), x.raw(), dim, largest);
  }
  static Samples samples() {
    const auto of = [](std::int64_t k, int dim, bool largest) {
      return [=](Inputs in) { return topk(in[0], k, dim, largest).first; };
    };
    return {.good = {{{sample({6})}, of(3, 0, true)},
                     {{sample({3, 4})}, of(2, 0, false)},
                     {{sample({2, 5, 2})}, of(2, -2, true)},
                     {{sample({3, 4})}, of(4, -1, true)},
                     {{sample({3, 4})}, of(0, -1, true)},
                     {{sample({})}, of(1, 0, true)},
                     {{sample({0, 3})}, of(2, 1, true)}},
            .bad = {{{sample({3, 4})}, of(5, 1, true), "k = 5 is out of range for 4 values"},
                    {{sample({3, 4})}, of(-1, 1, true), "k = -1 is out of range"}}};
  }
};

struct Kthvalue {
  static constexpr OpInfo kInfo{.name = "kthvalue",
                                .doc = "The k-th smallest values along a dim, and their indices.",
                                .keeps = true};
  std::int64_t k;

  [[nodiscard]] std::int64_t count(const Tensor& x, std::int64_t length) const {
    if (k < 1 || k > length) {
      throw ValueError("k = " + std::to_string(k) + " is out of range for " +
                       std::to_string(length) + " values (shape " + to_string(x.sizes()) + ")");
    }
    return 1;
  }
  void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) const {
    kernels::nth(values.raw(), indices.raw(), x.raw(), dim, k - 1, false);
  }
  static Samples samples() {
    Samples result = along_dims([](const Tensor& x, int dim) {
      return kthvalue(x, x.dim() == 0 ? 1 : 2, dim, dim < 0).first;
    });
    result.bad.push_back({{sample({3, 4})},
                          [](Inputs in) { return kthvalue(in[0], 5).first; },
                          "k = 5 is out of range for 4 values"});
    return result;
  }
};

struct Median {
  static constexpr OpInfo kInfo{
      .name = "median",
      .doc = "The middle value along a dim, of two the smaller, and its index; NaN wins.",
      .keeps = true};
  static std::int64_t count(const Tensor& x, std::int64_t length) {
    expect_elements(length, "median", x);
    return 1;
  }
  static void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) {
    const std::int64_t length = x.dim() == 0 ? 1 : x.size(dim);
    kernels::nth(values.raw(), indices.raw(), x.raw(), dim, (length - 1) / 2, true);
  }
  static Samples samples() {
    Samples result =
        along_dims([](const Tensor& x, int dim) { return median(x, dim, dim == -1).first; });
    result.bad.push_back({{sample({3, 0})},
                          [](Inputs in) { return median(in[0], 1).first; },
                          "no median among no elements (shape [3, 0])"});
    return result;
  }
};

struct MedianOfAll {
  static constexpr OpInfo kInfo{
      .name = "median_of_all",
      .doc =
          "The middle value of all elements, of two the smaller; ties share the gradient evenly.",
      .saves = kSaveInput0 | kSaveOutput};
  Tensor forward(Inputs in) {
    if (in[0].numel() == 0 && in[0].is_floating_point()) {
      return full({}, std::numeric_limits<double>::quiet_NaN(), in[0].dtype());
    }
    return median(reshape(in[0], {in[0].numel()}), 0).first;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {share_evenly(g, s.input(0), s.output(), {s.sizes(0), {}})};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return median(in[0]); };
    return {.good = {{{sample({3, 4})}, call}, {{sample({5})}, call}, {{sample({})}, call}}};
  }
};

// The weight of the value above the place `rank` (the rest is that of the value below).
double weight_above(double rank, std::string_view interpolation) {
  const double part = rank - std::floor(rank);
  if (interpolation == "linear") return part;
  if (interpolation == "lower") return 0;
  if (interpolation == "higher") return part > 0 ? 1 : 0;
  if (interpolation == "midpoint") return part > 0 ? 0.5 : 0;
  if (interpolation == "nearest") return std::nearbyint(rank) > rank ? 1 : 0;  // halves to even
  throw ValueError("unknown interpolation \"" + std::string(interpolation) +
                   "\"; there are linear, lower, higher, midpoint and nearest");
}

// x sorted along its last dim, or all of it; `sizes` is the shape of the result for one q.
struct SortedLines {
  Tensor values;
  Tensor last;  // NaN where a line has one
  Shape sizes;

  SortedLines(const Tensor& x, bool all, int dim, bool keepdim) {
    expect_floating(x);
    const bool whole = all || x.dim() == 0;
    const int d = normalize_dim(dim, x.dim());
    sizes = Reduced(x.sizes(), whole ? Shape() : Shape{d}).result(keepdim);
    const Tensor lines = whole ? reshape(x, {x.numel()}) : transpose(x, d, -1);
    expect_elements(lines.size(-1), "quantile", x);
    values = sort(lines, -1).first;
    if (!whole) {
      values = transpose(values, d, -1);
      along = d;
    }
    last = slice(values, along, -1);
  }
  [[nodiscard]] Tensor at(double q, std::string_view interpolation) const {
    if (!(q >= 0 && q <= 1)) {
      throw ValueError("q must be in [0, 1], got " + std::to_string(q));
    }
    const double rank = q * static_cast<double>(values.size(along) - 1);
    const double weight = weight_above(rank, interpolation);
    const auto below = static_cast<std::int64_t>(rank);
    Tensor value = slice(values, along, below, below + 1);
    if (weight > 0) {
      const Tensor above = slice(values, along, below + 1, below + 2);
      if (weight == 1) {
        value = above;
      } else if (weight < 0.5) {
        value = value + (above - value) * weight;
      } else {
        value = above - (above - value) * (1 - weight);
      }
    }
    value = where(eq(last, last), value, last);
    return reshape(value, sizes);
  }

 private:
  int along = 0;
};

struct Quantile {
  static constexpr OpInfo kInfo{
      .name = "quantile",
      .doc = "The values that given shares of the values along a dim lie below; NaN wins."};
  static Samples samples() {
    const auto at = [](double q, std::string_view interpolation) {
      return [=](Inputs in) { return quantile(in[0], q, 1, true, interpolation); };
    };
    return {.good = {{{sample({3, 4})}, at(0.3, "linear")},
                     {{sample({3, 4})}, at(0.8, "midpoint")},
                     {{sample({3, 4})}, at(1, "nearest")},
                     {{sample({2, 3, 2})}, at(0.5, "lower")},
                     {{sample({3, 4})}, [](Inputs in) { return quantile(in[0], 0.6); }},
                     {{sample({3, 4})},
                      [](Inputs in) {
                        return quantile(in[0], tensor({0.25, 0.9}, in[0].dtype()), 0);
                      }},
                     {{sample({})}, [](Inputs in) { return quantile(in[0], 0.5); }}},
            .bad = {{{sample({3, 4})}, at(1.5, "linear"), "q must be in [0, 1], got 1.5"},
                    {{sample({3, 4})}, at(0.5, "cubic"), "unknown interpolation \"cubic\""},
                    {{sample({3, 0})}, at(0.5, "linear"), "no quantile among no elements"}}};
  }
};

struct Searchsorted {
  static constexpr OpInfo kInfo{
      .name = "searchsorted",
      .doc = "Where values are to be inserted into sorted lines so that these stay sorted.",
      .inputs = 2,
      .differentiable = false};
  bool right;

  Tensor forward(Inputs in) {
    const Tensor sorted = in[0].contiguous();
    const Tensor values = in[1].contiguous();
    bool fits = sorted.dim() == 1 || (sorted.dim() > 1 && sorted.dim() == values.dim());
    std::int64_t lines = 1;
    for (int d = 0; fits && d < sorted.dim() - 1; ++d) {
      fits = sorted.sizes()[d] == values.sizes()[d];
      lines *= sorted.sizes()[d];
    }
    if (!fits) {
      throw ShapeError("sorted lines of shape " + to_string(sorted.sizes()) +
                       " do not go with values of shape " + to_string(values.sizes()) +
                       "; they need one dim, or equal dims but for the last");
    }
    Tensor out(values.sizes(), kInt64);
    kernels::searchsorted(out.raw(), sorted.raw(), values.raw(), std::max<std::int64_t>(lines, 1),
                          right);
    return out;
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto call = [](Inputs in) { return searchsorted(sort(in[0]).first, in[1]); };
    return {.good = {{{sample({5}), sample({2, 3})}, call},
                     {{sample({2, 4}), sample({2, 3})}, call},
                     {{sample({3}), sample({})}, call},
                     {{sample({0}), sample({2})}, call}},
            .bad = {{{sample({2, 4}), sample({3, 3})}, call, "do not go with values of shape"}}};
  }
};

struct Bucketize {
  static constexpr OpInfo kInfo{.name = "bucketize",
                                .doc = "The number of the interval that each element is in.",
                                .differentiable = false};
  static Samples samples() {
    const auto call = [](Inputs in) { return bucketize(in[0], tensor({-0.5, 0.0, 0.5}), true); };
    return {.good = {{{sample({2, 3})}, call}, {{sample({})}, call}},
            .bad = {{{sample({2})},
                     [](Inputs in) { return bucketize(in[0], tensor({{1.0}})); },
                     "boundaries need one dim, got shape [1, 1]"}}};
  }
};

const RegisterOps<Selection<Sort>, Argsort, Selection<Topk>, Selection<Kthvalue>, Selection<Median>,
                  MedianOfAll, Quantile, Searchsorted, Bucketize>
    kRegistered;

}  // namespace
}  // namespace ops

std::pair<Tensor, Tensor> sort(const Tensor& x, int dim, bool descending, Location at) {
  return ops::select(ops::Sort{descending}, x, dim, true, at);
}
std::pair<Tensor, Tensor> sort(const Tensor& x, std::optional<bool> /*stable*/, int dim,
                               bool descending, Location at) {
  return sort(x, dim, descending, at);
}
Tensor argsort(const Tensor& x, int dim, bool descending, Location at) {
  return ops::compose("argsort", at, [&] { return sort(x.detach(), dim, descending).second; });
}
std::pair<Tensor, Tensor> topk(const Tensor& x, std::int64_t k, int dim, bool largest,
                               bool /*sorted*/, Location at) {
  return ops::select(ops::Topk{k, largest}, x, dim, true, at);
}
std::pair<Tensor, Tensor> kthvalue(const Tensor& x, std::int64_t k, int dim, bool keepdim,
                                   Location at) {
  return ops::select(ops::Kthvalue{k}, x, dim, keepdim, at);
}
std::pair<Tensor, Tensor> median(const Tensor& x, int dim, bool keepdim, Location at) {
  return ops::select(ops::Median(), x, dim, keepdim, at);
}
Tensor median(const Tensor& x, Location at) {
  return ops::apply(ops::MedianOfAll(), {x}, at);
}

Tensor quantile(const Tensor& x, double q, std::optional<int> dim, bool keepdim,
                std::string_view interpolation, Location at) {
  return ops::compose("quantile", at, [&] {
    return ops::SortedLines(x, !dim, dim.value_or(0), keepdim).at(q, interpolation);
  });
}

Tensor quantile(const Tensor& x, const Tensor& q, std::optional<int> dim, bool keepdim,
                std::string_view interpolation, Location at) {
  return ops::compose("quantile", at, [&] {
    if (q.dim() > 1) throw ShapeError("q has at most one dim, got shape " + to_string(q.sizes()));
    const ops::SortedLines lines(x, !dim, dim.value_or(0), keepdim);
    std::vector<Tensor> results;
    for (const double each : q.to_vector<double>()) {
      results.push_back(unsqueeze(lines.at(each, interpolation), 0));
    }
    if (results.empty()) throw ShapeError("q is empty");
    const Tensor all = cat(results);
    return q.dim() == 0 ? reshape(all, lines.sizes) : all;
  });
}

Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right, Location at) {
  return ops::apply(ops::Searchsorted{right}, {sorted, values}, at);
}

Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right, Location at) {
  return ops::compose("bucketize", at, [&] {
    if (boundaries.dim() != 1) {
      throw ShapeError("boundaries need one dim, got shape " + to_string(boundaries.sizes()));
    }
    return searchsorted(boundaries, x, right);
  });
}

}  // namespace gradus
