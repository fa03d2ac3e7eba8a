// Functions of float that compilers turn into vector instructions: polynomials and bits, without
// branches or calls. Each is right to 3 units in the last place; NaN stays NaN. For double they are
// the library's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace gradus::kernels {

/// a * b + c, in one rounding where the target has it: in loops whose bits must not depend on how a
/// compiler contracts a particular copy of them (the rest of a vector loop, another level).
template <class T>
[[gnu::always_inline]] inline T mul_add(T a, T b, T c) {
#if defined(__FMA__) || defined(__aarch64__)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

namespace detail {

// x = n ln 2 + rest, with a whole n and |rest| <= ln 2 / 2. x must be within [-200, 128].
struct Reduced {
  float rest;
  std::int32_t n;

  explicit Reduced(float x) {
    constexpr float kShift = 12582912;  // 1.5 * 2^23: adding it rounds to a whole number
    const float shifted = mul_add(x, 1.44269504F, kShift);
    const float whole = shifted - kShift;
    rest = mul_add(whole, -0.693359375F, x);  // ln 2 in two parts
    rest = mul_add(whole, 2.12194440e-4F, rest);
    n = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(shifted) -
                                  std::bit_cast<std::uint32_t>(kShift));
  }
};

// 2 to the power of n, in [-126, 127].
[[gnu::always_inline]] inline float power_of_two(std::int32_t n) {
  return std::bit_cast<float>((static_cast<std::uint32_t>(n) + 127U) << 23U);
}

// exp(x) - 1 for |x| <= ln 2 / 2: the series.
[[gnu::always_inline]] inline float small_expm1(float x) {
  float p = 1.0F / 5040;
  p = mul_add(p, x, 1.0F / 720);
  p = mul_add(p, x, 1.0F / 120);
  p = mul_add(p, x, 1.0F / 24);
  p = mul_add(p, x, 1.0F / 6);
  p = mul_add(p, x, 0.5F);
  return mul_add(p * x, x, x);
}

}  // namespace detail

/// exp(x) for x <= 0.
[[gnu::always_inline]] inline float exp_of_negative(float x) {
  const detail::Reduced reduced(x < -104 ? -104.0F : x);
  const std::int32_t half = reduced.n / 2;  // 2^n may be subnormal
  return (1 + detail::small_expm1(reduced.rest)) * detail::power_of_two(half) *
         detail::power_of_two(reduced.n - half);
}
[[gnu::always_inline]] inline double exp_of_negative(double x) {
  return std::exp(x);
}

/// exp(x), to 1.1 units in the last place.
[[gnu::always_inline]] inline float exp(float x) {
  return exp_of_negative(x > 89 ? 89.0F : x);  // which is right up to there
}
[[gnu::always_inline]] inline double exp(double x) {
  return std::exp(x);
}

/// exp(x) for x <= 0, but 0 where it would be subnormal: cheaper.
[[gnu::always_inline]] inline float exp_or_zero(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = mul_add(x, 1.44269504F, kRound);
  const float n = shifted - kRound;
  const float r = mul_add(n, 2.12194440e-4F, mul_add(n, -0.693359375F, x));
  float p = 1.9875691500e-4F;
  p = mul_add(p, r, 1.3981999507e-3F);
  p = mul_add(p, r, 8.3334519073e-3F);
  p = mul_add(p, r, 4.1665795894e-2F);
  p = mul_add(p, r, 1.6666665459e-1F);
  p = mul_add(p, r, 5.0000001201e-1F);
  p = mul_add(p * r, r, r) + 1.0F;
  const float scale = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U);
  const std::uint32_t kept = x < -87.3F ? 0U : ~0U;  // the steps before mean nothing there
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p * scale) & kept);
}
[[gnu::always_inline]] inline double exp_or_zero(double x) {
  return std::exp(x);
}

/// exp(x) - 1 for x <= 0.
[[gnu::always_inline]] inline float expm1_of_negative(float x) {
  const detail::Reduced reduced(x < -30 ? -30.0F : x);
  const float scale = detail::power_of_two(reduced.n);
  return mul_add(scale, detail::small_expm1(reduced.rest), scale - 1);
}
[[gnu::always_inline]] inline double expm1_of_negative(double x) {
  return std::expm1(x);
}

/// log(1 + x) for 0 <= x <= 1.
[[gnu::always_inline]] inline float log1p_of_fraction(float x) {
  const float s = x / (2 + x);  // log(1 + x) = 2 atanh(s), and s <= 1/3: the series
  const float t = s * s;
  float p = 1.0F / 15;
  p = mul_add(p, t, 1.0F / 13);
  p = mul_add(p, t, 1.0F / 11);
  p = mul_add(p, t, 1.0F / 9);
  p = mul_add(p, t, 1.0F / 7);
  p = mul_add(p, t, 1.0F / 5);
  p = mul_add(p, t, 1.0F / 3);
  return 2 * mul_add(p * t, s, s);
}
[[gnu::always_inline]] inline double log1p_of_fraction(double x) {
  return std::log1p(x);
}

[[gnu::always_inline]] inline float tanh(float x) {
  const float e = expm1_of_negative(-2 * std::abs(x));
  return std::copysign(e / (2 + e), x);
}
[[gnu::always_inline]] inline double tanh(double x) {
  return std::tanh(x);
}

/// The normal distribution at x: the probability of less than x, and the bell exp(-x^2 / 2).
template <class T>
struct Normal {
  T below;
  T bell;
};
[[gnu::always_inline]] inline Normal<float> normal(float x) {
  const float t = std::abs(x) < 15 ? std::abs(x) : 15.0F;  // beyond, both are less than any float
  // -t^2 / 2 in two parts: the square of 12 bits is exact.
  const float high = std::bit_cast<float>(std::bit_cast<std::uint32_t>(t) & 0xfffff000U);
  detail::Reduced reduced(high * high * -0.5F);
  reduced.rest -= (t - high) * (t + high) * 0.5F;
  const std::int32_t half = reduced.n / 2;
  const float bell = (1 + detail::small_expm1(reduced.rest)) * detail::power_of_two(half) *
                     detail::power_of_two(reduced.n - half);
  // The tail over the bell, interpolated in 4 / (4 + t) on [0, 15]; right to 2e-8.
  const float r = 1 / (4 + t);
  const float s = mul_add(-t, r, 0.5F);  // 4 / (4 + t) - 0.5
  float p = 0.0160714733571F;
  p = mul_add(p, s, 0.0120957772429F);
  p = mul_add(p, s, -0.050140214009F);
  p = mul_add(p, s, -0.0563355651838F);
  p = mul_add(p, s, 0.0602032193457F);
  p = mul_add(p, s, 0.241624742057F);
  p = mul_add(p, s, 0.373046613516F);
  p = mul_add(p, s, 0.38713668307F);
  p = mul_add(p, s, 0.303948297073F);
  p = mul_add(p, s, 0.188821284649F);
  const float tail = p * (4 * r) * bell;
  return {x < 0 ? tail : (x >= 0 ? 1 - tail : x), bell};
}
[[gnu::always_inline]] inline Normal<double> normal(double x) {
  return {std::erfc(x * -0.70710678118654752440) / 2, std::exp(x * x / -2)};
}

/// 1 / (1 + exp(-x)).
template <class T>
[[gnu::always_inline]] inline T sigmoid(T x) {
  const T e = exp_of_negative(-std::abs(x));
  return (x >= 0 ? T{1} : e) / (T{1} + e);
}

/// max(x, 0), and its gradient from that of y = relu(x): 0 where y is 0. NaN stays NaN.
template <class T>
[[gnu::always_inline]] inline T relu(T x) {
  return x <= 0 ? T{} : x;
}
template <class T, class Y>
[[gnu::always_inline]] inline T relu_grad(T g, Y y) {
  return y <= 0 ? T{} : g;
}

}  // namespace gradus::kernels
