#include "framework/ops/histogram.h"
#include "framework/ops/reduced.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

// x is int64 and contiguous; add(place) for each.
template <class Add>
void for_each_place(const Tensor& x, Add add) {
  const std::int64_t* places = x.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < x.numel(); ++i) add(places[i], i);
}

struct Bincount {
  static constexpr OpInfo kInfo{
      .name = "bincount",
      .doc = "How often each of 0, 1, ... occurs, or the sum of the weights of its occurrences.",
      .inputs = kAnyNumber,
      .promotes = false,
      .differentiable = false};
  std::int64_t minlength;

  Tensor forward(Inputs in) {
    if (in[0].dim() != 1 && in[0].numel() != 0) {
      throw ShapeError("needs one dim, got shape " + to_string(in[0].sizes()));
    }
    if (in[0].is_floating_point()) {
      throw DTypeError("needs integers, got " + std::string(name_of(in[0].dtype())));
    }
    if (minlength < 0) throw ValueError("minlength is negative: " + std::to_string(minlength));
    const Tensor x = in[0].to(kInt64).contiguous();
    std::int64_t length = minlength;
    for_each_place(x, [&](std::int64_t place, std::int64_t) {
      if (place < 0) throw ValueError("needs numbers of at least 0, got " + std::to_string(place));
      length = std::max(length, place + 1);
    });
    if (in.size() == 1) return counts(x, length);
    return in[1].dtype() == kFloat32 ? sums<float>(x, in[1], length)
                                     : sums<double>(x, in[1], length);
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto call = [](Inputs in) { return bincount(gt(in[0], 0), {}, 3); };
    const auto count = [](const NestedNumbers& numbers) {
      return [=](Inputs) { return bincount(tensor(numbers)); };
    };
    return {.good = {{{sample({5})}, call}, {{sample({0})}, call}},
            .bad = {{{}, count({1, -1}), "needs numbers of at least 0, got -1"},
                    {{}, count({0.5}), "needs integers, got float32"},
                    {{}, count({{1}}), "needs one dim, got shape [1, 1]"}}};
  }

 private:
  static Tensor counts(const Tensor& x, std::int64_t length) {
    Tensor out = zeros({length}, kInt64);
    auto* to = out.data_ptr<std::int64_t>();
    for_each_place(x, [=](std::int64_t place, std::int64_t) { ++to[place]; });
    return out;
  }
  template <class T>
  static Tensor sums(const Tensor& x, const Tensor& weights, std::int64_t length) {
    if (!(weights.sizes() == x.sizes())) {
      throw ShapeError("weights of shape " + to_string(weights.sizes()) + " for numbers of shape " +
                       to_string(x.sizes()));
    }
    const Tensor terms = weights.to(kFloat64).contiguous();
    const double* from = terms.data_ptr<double>();
    Tensor totals = zeros({length}, kFloat64);
    auto* to = totals.data_ptr<double>();
    for_each_place(x, [=](std::int64_t place, std::int64_t i) { to[place] += from[i]; });
    return totals.to(kDTypeOf<T>);
  }
};

struct Histc {
  static constexpr OpInfo kInfo{.name = "histc",
                                .doc = "How many elements lie in each of a number of intervals.",
                                .differentiable = false};
  std::int64_t bins;
  double min;
  double max;

  Tensor forward(Inputs in) {
    expect_floating(in[0]);
    if (bins < 1) throw ValueError("bins must be at least 1, got " + std::to_string(bins));
    if (min > max) throw ValueError("max must not be less than min");
    if (min == max && in[0].numel() > 0) {
      min = amin(in[0]).item<double>();
      max = amax(in[0]).item<double>();
    }
    if (!std::isfinite(min) || !std::isfinite(max)) {
      throw ValueError("the range of the values is not finite; give min and max");
    }
    if (min == max) {
      min -= 1;
      max += 1;
    }
    const Tensor x = in[0].to(kFloat64).contiguous();
    const double* values = x.data_ptr<double>();
    Tensor counts = zeros({bins}, kFloat64);
    auto* to = counts.data_ptr<double>();
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      if (!(values[i] >= min && values[i] <= max)) continue;
      const double place = (values[i] - min) / (max - min) * static_cast<double>(bins);
      ++to[std::min(static_cast<std::int64_t>(place), bins - 1)];
    }
    return counts.to(in[0].dtype());
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto call = [](std::int64_t bins, double min, double max) {
      return [=](Inputs in) { return histc(in[0], bins, min, max); };
    };
    return {.good = {{{sample({3, 4})}, call(4, 0, 0)},
                     {{sample({7})}, call(5, -0.5, 0.5)},
                     {{sample({})}, call(2, 0, 0)},
                     {{sample({0})}, call(3, 0, 0)}},
            .bad = {{{sample({3})}, call(0, 0, 1), "bins must be at least 1, got 0"},
                    {{sample({3})}, call(2, 1, 0), "max must not be less than min"}}};
  }
};

const RegisterOps<Bincount, Histc> kRegistered;

}  // namespace
}  // namespace ops

Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t minlength, Location at) {
  const ops::Bincount op{minlength};
  return weights.defined() ? ops::apply(op, {x, weights}, at) : ops::apply(op, {x}, at);
}

Tensor histc(const Tensor& x, std::int64_t bins, double min, double max, Location at) {
  return ops::apply(ops::Histc{bins, min, max}, {x}, at);
}

}  // namespace gradus
