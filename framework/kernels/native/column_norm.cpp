#include "framework/kernels/native/column_norm.h"
#include "framework/kernels/vector_math.h"

#include <bit>
#include <cstring>

#if defined(__FMA__)
#include <immintrin.h>
#endif

GRADUS_LEVEL_BEGIN
namespace {

#include "framework/kernels/native/vectors.h"

constexpr std::int64_t kRun = 32;  // rows summed in Compute<T> before they go on in double

// 0 where y is at most `limit`, else x; NaN is not.
template <class C>
[[gnu::always_inline]] inline Vector<C> where_above(Vector<C> x, Vector<C> y, C limit) {
  return y <= Vector<C>{} + limit ? Vector<C>{} : x;
}

// bfloat16 beside the vectors of float.
using Words [[gnu::vector_size(kVectorBytes)]] = std::uint32_t;
using Halves [[gnu::vector_size(kVectorBytes / 2)]] = std::uint16_t;

// Rounded to bfloat16, as the constructor of BFloat16 does it: the upper halves of the result.
[[gnu::always_inline]] inline Words round_to_bfloat16(Vector<float> values) {
  const auto wide = std::bit_cast<Words>(values);
  const Words rounded = wide + 0x7fffU + (wide >> 16U & 1U);
  return (wide & 0x7fffffffU) > 0x7f800000U ? wide | 0x400000U : rounded;
}

// Whether a width is the vector's length, as a constant. Whole vectors go straight between
// registers and memory.
template <class Width>
constexpr bool kIsWhole = !std::is_same_v<Width, std::int64_t>;

// `width` elements; the rest is 0.
template <class T, class Width, class C = Compute<T>>
[[gnu::always_inline]] inline Vector<C> load(const T* from, Width width) {
  T values[kLength<C>];
  if constexpr (!kIsWhole<Width>) {
    std::memset(static_cast<void*>(values), 0, sizeof values);
    std::memcpy(static_cast<void*>(values), from, static_cast<std::size_t>(width) * sizeof(T));
    from = values;
  }
  if constexpr (std::is_same_v<T, BFloat16>) {
    Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    return std::bit_cast<Vector<float>>(__builtin_convertvector(halves, Words) << 16U);
  } else {
    return load(from);
  }
}

template <class T, class Width>
[[gnu::always_inline]] inline void store(T* to, Vector<Compute<T>> values, Width width) {
  const auto put = [&](const auto& all) {
    if constexpr (kIsWhole<Width>) {
      std::memcpy(static_cast<void*>(to), &all, sizeof all);
    } else {
      std::memcpy(static_cast<void*>(to), &all, static_cast<std::size_t>(width) * sizeof(T));
    }
  };
  if constexpr (std::is_same_v<T, BFloat16>) {
    put(__builtin_convertvector(round_to_bfloat16(values) >> 16U, Halves));
  } else {
    put(values);
  }
}

// The values as T holds them.
template <class T>
[[gnu::always_inline]] inline Vector<Compute<T>> as_stored(Vector<Compute<T>> values) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return std::bit_cast<Vector<float>>(round_to_bfloat16(values) & 0xffff0000U);
  } else {
    return values;
  }
}

// to[k] += values[k].
template <class C, class Width>
[[gnu::always_inline]] inline void add_to(double* to, Vector<C> values, Width width) {
  using Four [[gnu::vector_size(4 * sizeof(C))]] = C;
  using Sums [[gnu::vector_size(4 * sizeof(double))]] = double;
  double sums[kLength<C>] = {};
  std::memcpy(sums, to, static_cast<std::size_t>(width) * sizeof(double));
  for (std::int64_t k = 0; k < kLength<C>; k += 4) {
    Four four;
    Sums sum;
    std::memcpy(&four, reinterpret_cast<const C*>(&values) + k, sizeof four);
    std::memcpy(&sum, sums + k, sizeof sum);
    sum += __builtin_convertvector(four, Sums);
    std::memcpy(sums + k, &sum, sizeof sum);
  }
  std::memcpy(to, sums, static_cast<std::size_t>(width) * sizeof(double));
}

// body(first column, width) for strips of columns, of a vector each; the widths of all but the last
// are constants. What belongs to a strip's columns stays in registers on the way down the rows.
template <class C, class Body>
[[gnu::always_inline]] inline void for_each_strip(std::int64_t columns, Body body) {
  std::int64_t strip = 0;
  for (; strip + kLength<C> <= columns; strip += kLength<C>) {
    body(strip, std::integral_constant<std::int64_t, kLength<C>>());
  }
  if (strip < columns) body(strip, columns - strip);
}

// Terms of S sums; no std::array, which would forget that these are vectors.
template <class C, std::size_t S>
struct Terms {
  Vector<C> of[S];
};

// sums[s * columns + c] = the sum of term(row).of[s], for S sums at once;
// make_term(strip, width) gives the term of a strip.
template <class C, std::size_t S, class MakeTerm>
[[gnu::always_inline]] inline void sum_rows(double* sums, const RowRange& rows,
                                            MakeTerm make_term) {
  const std::int64_t columns = rows.columns;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(S) * columns; ++i) sums[i] = 0;
  for_each_strip<C>(columns, [&](std::int64_t strip, auto width) {
    const auto term = make_term(strip, width);
    for (std::int64_t run = rows.begin; run < rows.end; run += kRun) {
      const std::int64_t last = rows.end - run < kRun ? rows.end : run + kRun;
      Vector<C> totals[S] = {};
      std::int64_t r = run;
      for (; r + 2 <= last; r += 2) {
        const Terms<C, S> a = term(r);
        const Terms<C, S> b = term(r + 1);
        for (std::size_t s = 0; s < S; ++s) totals[s] += a.of[s] + b.of[s];
      }
      if (r < last) {
        const Terms<C, S> a = term(r);
        for (std::size_t s = 0; s < S; ++s) totals[s] += a.of[s];
      }
      for (std::size_t s = 0; s < S; ++s) {
        add_to<C>(sums + static_cast<std::int64_t>(s) * columns + strip, totals[s], width);
      }
    }
  });
}

template <class C>
struct StripTerms {
  Vector<C> mean, scale, bias;

  template <class Width>
  [[gnu::always_inline]] StripTerms(const ColumnTerms<C>& of, std::int64_t strip, Width width)
      : mean(load(of.mean + strip, width)),
        scale(load(of.scale + strip, width)),
        bias(load(of.bias + strip, width)) {}
  // Fused, so that the gradient finds the same sign as the forward pass.
  [[gnu::always_inline]] Vector<C> normalized(Vector<C> x) const {
    return mul_add(x - mean, scale, bias);
  }
};

template <class T, class C = Compute<T>>
[[gnu::flatten]] void sum_differences(double* sums, const T* x, const T* from,
                                      const RowRange& rows) {
  sum_rows<C, 1>(sums, rows, [&](std::int64_t strip, auto width) {
    return [=, first = load(from + strip, width), x = x + strip, columns = rows.columns](
               std::int64_t r) { return Terms<C, 1>{{load(x + r * columns, width) - first}}; };
  });
}

template <class T, class C = Compute<T>>
[[gnu::flatten]] void sum_squares(double* sums, const T* x, const C* centre, const RowRange& rows) {
  sum_rows<C, 1>(sums, rows, [&](std::int64_t strip, auto width) {
    return [=, middle = load(centre + strip, width), x = x + strip,
            columns = rows.columns](std::int64_t r) {
      const Vector<C> distance = load(x + r * columns, width) - middle;
      return Terms<C, 1>{{distance * distance}};
    };
  });
}

template <class T, bool kResidual, bool kRelu, class C = Compute<T>>
[[gnu::flatten]] void normalize_as(T* y, const T* x, const T* residual, const ColumnTerms<C>& by,
                                   const RowRange& rows) {
  for_each_strip<C>(rows.columns, [&](std::int64_t strip, auto width) {
    const StripTerms<C> terms(by, strip, width);
    for (std::int64_t r = rows.begin; r < rows.end; ++r) {
      const std::int64_t first = r * rows.columns + strip;
      Vector<C> value = terms.normalized(load(x + first, width));
      if constexpr (kResidual) value = as_stored<T>(value) + load(residual + first, width);
      if constexpr (kRelu) value = where_above<C>(value, value, 0);
      store(y + first, value, width);
    }
  });
}

template <class T, class C = Compute<T>>
void normalize(T* y, const T* x, const T* residual, bool relu, const ColumnTerms<C>& terms,
               const RowRange& rows) {
  if (residual != nullptr) {
    relu ? normalize_as<T, true, true>(y, x, residual, terms, rows)
         : normalize_as<T, true, false>(y, x, residual, terms, rows);
  } else {
    relu ? normalize_as<T, false, true>(y, x, residual, terms, rows)
         : normalize_as<T, false, false>(y, x, residual, terms, rows);
  }
}

// The largest value of C that T holds as 0.
template <class T>
constexpr Compute<T> kRoundsToZero = std::is_same_v<T, BFloat16> ? 0x1p-134F : 0;

// The gradient of a strip from element `first` on, with relu's mask.
template <ReluMask kMask, class T, class Width>
[[gnu::always_inline]] inline Vector<Compute<T>> masked(const ColumnGradient<T>& of,
                                                        const StripTerms<Compute<T>>& terms,
                                                        Vector<Compute<T>> x, std::int64_t first,
                                                        Width width) {
  using C = Compute<T>;
  const Vector<C> slope = load(of.g + first, width);
  if constexpr (kMask == ReluMask::Computed) {
    return where_above<C>(slope, terms.normalized(x), kRoundsToZero<T>);
  } else if constexpr (kMask == ReluMask::Stored) {
    return where_above<C>(slope, load(of.y + first, width), 0);
  } else {
    return slope;
  }
}

// Calls body with the mask as a constant.
template <class Body>
[[gnu::always_inline]] inline void with_mask(ReluMask mask, Body body) {
  switch (mask) {
    case ReluMask::None:
      return body(std::integral_constant<ReluMask, ReluMask::None>());
    case ReluMask::Computed:
      return body(std::integral_constant<ReluMask, ReluMask::Computed>());
    case ReluMask::Stored:
      return body(std::integral_constant<ReluMask, ReluMask::Stored>());
  }
}

template <class T, class C = Compute<T>>
[[gnu::flatten]] void sum_gradients(double* sums, const ColumnGradient<T>& gradient,
                                    const RowRange& rows) {
  with_mask(gradient.mask, [&](auto mask) {
    sum_rows<C, 2>(sums, rows, [&](std::int64_t strip, auto width) {
      return [=, of = gradient, terms = StripTerms<C>(gradient.terms, strip, width),
              columns = rows.columns](std::int64_t r) {
        const std::int64_t first = r * columns + strip;
        const Vector<C> x = load(of.x + first, width);
        const Vector<C> slope = masked<decltype(mask)::value>(of, terms, x, first, width);
        return Terms<C, 2>{{slope, slope * (x - terms.mean)}};
      };
    });
  });
}

template <ReluMask kMask, class T, class C = Compute<T>>
[[gnu::always_inline]] inline void gradients_as(T* gx, T* residual,
                                                const ColumnGradient<T>& gradient,
                                                const GradientTerms<C>& by, const RowRange& rows) {
  const ColumnGradient<T> of = gradient;
  for_each_strip<C>(rows.columns, [&](std::int64_t strip, auto width) {
    const StripTerms<C> terms(of.terms, strip, width);
    const Vector<C> scale = load(by.scale + strip, width);
    const Vector<C> slopes = load(by.slope + strip, width);
    const Vector<C> shift = load(by.shift + strip, width);
    for (std::int64_t r = rows.begin; r < rows.end; ++r) {
      const std::int64_t first = r * rows.columns + strip;
      const Vector<C> x = load(of.x + first, width);
      const Vector<C> slope = masked<kMask>(of, terms, x, first, width);
      if (residual != nullptr) store(residual + first, slope, width);
      store(gx + first, mul_add(slope, scale, mul_add(x - terms.mean, slopes, shift)), width);
    }
  });
}

template <class T, class C = Compute<T>>
[[gnu::flatten]] void gradients(T* gx, T* residual, const ColumnGradient<T>& of,
                                const GradientTerms<C>& by, const RowRange& rows) {
  with_mask(of.mask,
            [&](auto mask) { gradients_as<decltype(mask)::value>(gx, residual, of, by, rows); });
}

template <class T>
constexpr ColumnNormOf<T> loops() {
  return {sum_differences<T>, sum_squares<T>, normalize<T>, sum_gradients<T>, gradients<T>};
}

}  // namespace

extern const ColumnNormLoops kColumnNorm;
const ColumnNormLoops kColumnNorm = {loops<float>(), loops<double>(), loops<BFloat16>()};
GRADUS_LEVEL_END
GRADUS_CHOOSE(ColumnNormLoops, kColumnNorm, column_norm_loops)
