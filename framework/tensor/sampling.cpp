#include "framework/tensor/sampling.h"
#include "framework/kernels/elementwise.h"
#include "framework/tensor/creation.h"

#include <cmath>
#include <numeric>

namespace gradus {
namespace {

void expect_floating(DType dtype) {
  if (is_floating(dtype)) return;
  throw DTypeError("needs a floating dtype, got " + std::string(name_of(dtype)));
}

Tensor uniform(const Shape& sizes, DType dtype, Generator& from) {
  expect_floating(dtype);
  Tensor result(sizes, dtype);
  kernels::random_uniform(result.raw(), from.next());
  return result;
}

Tensor normal(const Shape& sizes, DType dtype, Generator& from) {
  expect_floating(dtype);
  Tensor result(sizes, dtype);
  kernels::random_normal(result.raw(), from.next());
  return result;
}

Tensor converted(const Tensor& values, DType dtype) {
  if (values.dtype() == dtype) return values;
  Tensor result(values.sizes(), dtype);
  kernels::copy(result.raw(), values.raw());
  return result;
}

Tensor integers(std::int64_t low, std::int64_t high, const Shape& sizes, DType dtype,
                Generator& from) {
  const std::string range =
      std::string("[").append(std::to_string(low)) + ", " + std::to_string(high) + ")";
  if (low >= high) throw ValueError("the range " + range + " is empty");
  const bool fits =
      dtype == kBool ? low >= 0 && high <= 2 : dtype != kUInt8 || (low >= 0 && high <= 256);
  if (!fits) {
    throw ValueError("the range " + range + " does not fit into " + std::string(name_of(dtype)));
  }
  Tensor result(sizes, kInt64);
  kernels::random_integers(result.raw(), from.next(), low, high);
  return converted(result, dtype);
}

// The values in memory that is laid out as `other`'s.
Tensor laid_out_as(const Tensor& other, const Tensor& values) {
  if (other.is_contiguous()) return values;
  Tensor result = empty_like(other, values.dtype());
  kernels::copy(result.raw(), values.raw());
  return result;
}

}  // namespace

Tensor rand(const Shape& sizes, DType dtype, Generator& from, Location at) {
  return named("rand", at, [&] { return uniform(sizes, dtype, from); });
}

Tensor randn(const Shape& sizes, DType dtype, Generator& from, Location at) {
  return named("randn", at, [&] { return normal(sizes, dtype, from); });
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& sizes, DType dtype,
               Generator& from, Location at) {
  return named("randint", at, [&] { return integers(low, high, sizes, dtype, from); });
}

Tensor randint(std::int64_t high, const Shape& sizes, DType dtype, Generator& from, Location at) {
  return randint(0, high, sizes, dtype, from, at);
}

Tensor randperm(std::int64_t n, DType dtype, Generator& from, Location at) {
  return named("randperm", at, [&] {
    if (n < 0) throw ValueError("cannot order " + std::to_string(n) + " numbers");
    if (n > 0 && dtype != kBool) Scalar(n - 1).check_fits(dtype);
    if (dtype == kBool) throw DTypeError("the numbers do not fit into bool");
    Tensor result({n}, kInt64);
    auto* data = result.data_ptr<std::int64_t>();
    std::iota(data, data + n, std::int64_t{0});
    const kernels::RandomKey key = from.next();
    for (std::int64_t i = n - 1; i > 0; --i) {
      const auto last = static_cast<std::uint64_t>(i);
      std::swap(data[i], data[kernels::random_below(key, last, last + 1)]);
    }
    return converted(result, dtype);
  });
}

Tensor rand_like(const Tensor& other, std::optional<DType> dtype, Generator& from, Location at) {
  return named("rand_like", at, [&] {
    return laid_out_as(other, uniform(other.sizes(), dtype.value_or(other.dtype()), from));
  });
}

Tensor randn_like(const Tensor& other, std::optional<DType> dtype, Generator& from, Location at) {
  return named("randn_like", at, [&] {
    return laid_out_as(other, normal(other.sizes(), dtype.value_or(other.dtype()), from));
  });
}

Tensor randint_like(const Tensor& other, std::int64_t low, std::int64_t high,
                    std::optional<DType> dtype, Generator& from, Location at) {
  return named("randint_like", at, [&] {
    const DType type = dtype.value_or(other.dtype());
    return laid_out_as(other, integers(low, high, other.sizes(), type, from));
  });
}

Tensor randint_like(const Tensor& other, std::int64_t high, std::optional<DType> dtype,
                    Generator& from, Location at) {
  return randint_like(other, 0, high, dtype, from, at);
}

Tensor bernoulli(const Tensor& probabilities, Generator& from, Location at) {
  return named("bernoulli", at, [&] {
    expect_floating(probabilities.dtype());
    const std::vector<double> chances = probabilities.to_vector<double>();
    for (const double chance : chances) {
      if (!(chance >= 0 && chance <= 1)) {
        throw ValueError("a probability is outside [0, 1]: " + std::to_string(chance));
      }
    }
    const Tensor drawn = uniform({static_cast<std::int64_t>(chances.size())}, kFloat64, from);
    const double* uniforms = drawn.data_ptr<double>();
    Tensor result(probabilities.sizes(), probabilities.dtype());
    kernels::dispatch_floating(result.dtype(), [&]<class T>(T) {
      T* data = result.data_ptr<T>();
      for (std::size_t i = 0; i < chances.size(); ++i) {
        data[i] = static_cast<T>(uniforms[i] < chances[i] ? 1.0F : 0.0F);
      }
    });
    return result;
  });
}

namespace {

using Weights = std::span<const double>;

void check_weights(Weights weights) {
  double total = 0;
  for (const double weight : weights) {
    if (!(std::isfinite(weight) && weight >= 0)) {
      throw ValueError("a weight is negative, infinite or NaN: " + std::to_string(weight));
    }
    total += weight;
  }
  if (!(total > 0)) throw ValueError("all weights of a row are zero");
}

void draw_with_replacement(Weights weights, std::span<const double> uniforms, std::int64_t* out) {
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  // Weights of zero at the end are out of reach even where rounding meets the total.
  const auto last = std::find(sums.begin(), sums.end(), sums.back());
  for (const double uniform : uniforms) {
    const auto found = std::upper_bound(sums.begin(), last, uniform * sums.back());
    *out++ = found - sums.begin();
  }
}

// The smallest of exponential times, one of rate weight for each index (as draws one by one).
void draw_without_replacement(Weights weights, std::span<const double> uniforms,
                              std::span<std::int64_t> out) {
  std::vector<double> times(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    times[i] = weights[i] > 0 ? -std::log1p(-uniforms[i]) / weights[i] : INFINITY;
  }
  std::vector<std::int64_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(out.size());
  std::partial_sort(order.begin(), end, order.end(), [&](std::int64_t a, std::int64_t b) {
    return std::pair(times[static_cast<std::size_t>(a)], a) <
           std::pair(times[static_cast<std::size_t>(b)], b);
  });
  std::copy(order.begin(), end, out.begin());
}

}  // namespace

Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement,
                   Generator& from, Location at) {
  return named("multinomial", at, [&] {
    expect_floating(weights.dtype());
    if (weights.dim() != 1 && weights.dim() != 2) {
      throw ShapeError("needs weights [n] or [rows, n], got " + to_string(weights.sizes()));
    }
    const std::int64_t n = weights.sizes().back();
    if (num_samples < 1 || (!replacement && num_samples > n)) {
      throw ValueError("cannot draw " + std::to_string(num_samples) + " of " + std::to_string(n) +
                       (replacement ? "" : " without replacement"));
    }
    Shape sizes = weights.sizes();
    sizes[sizes.size() - 1] = num_samples;
    Tensor result(sizes, kInt64);
    const std::int64_t rows = weights.dim() == 2 ? weights.sizes()[0] : 1;
    const std::int64_t draws = replacement ? num_samples : n;
    const std::vector<double> values = weights.to_vector<double>();
    const Tensor drawn = uniform({rows * draws}, kFloat64, from);
    for (std::int64_t row = 0; row < rows; ++row) {
      const Weights own(values.data() + row * n, static_cast<std::size_t>(n));
      const std::span uniforms(drawn.data_ptr<double>() + row * draws,
                               static_cast<std::size_t>(draws));
      std::int64_t* out = result.data_ptr<std::int64_t>() + row * num_samples;
      check_weights(own);
      if (replacement) {
        draw_with_replacement(own, uniforms, out);
      } else {
        draw_without_replacement(own, uniforms, {out, static_cast<std::size_t>(num_samples)});
      }
    }
    return result;
  });
}

}  // namespace gradus
