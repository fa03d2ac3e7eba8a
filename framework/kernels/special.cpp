#include "framework/kernels/special.h"

#include <math.h>  // lgamma_r

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace gradus::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = std::numbers::pi;

// B(2k) / (2k)! for k = 1, 2, ..., from Bernoulli's numbers.
constexpr double kBernoulli[] = {
    1.0 / 12,
    -1.0 / 720,
    1.0 / 30240,
    -1.0 / 1209600,
    1.0 / 47900160,
    -691.0 / 1307674368000,
    1.0 / 74724249600,
    -3617.0 / 10670622842880000,
    43867.0 / 5109094217170944000,
    -174611.0 / 802857662698291200000.0,
};

// The sum of (x + k)^-s over k = 0, 1, ..., for x > 0 and s >= 2: the first terms one by one, the
// rest by the formula of Euler and Maclaurin.
double hurwitz_zeta(int s, double x) {
  if (std::isinf(x)) return 0;
  double sum = 0;
  const double far = s + 12.0;
  for (; x < far; x += 1) sum += std::pow(x, -s);
  const double power = std::pow(x, -s);
  sum += x * power / (s - 1) + power / 2;
  double factor = s * power / x;  // s (s + 1) ... (s + 2k - 2) x^-(s + 2k - 1)
  double order = s;
  for (const double coefficient : kBernoulli) {
    sum += coefficient * factor;
    factor *= (order + 1) * (order + 2) / (x * x);
    order += 2;
  }
  return sum;
}

// tan(pi x), by the part of x behind the point: exact about the poles of digamma.
double tan_pi(double x) {
  return std::tan(kPi * (x - std::round(x)));
}

}  // namespace

double erfinv(double y) {
  const double size = std::abs(y);
  if (!(size <= 1)) return kNan;
  if (size == 1) return std::copysign(kInfinity, y);
  if (size < 1e-9) return y * (std::sqrt(kPi) / 2);
  // A start that is right to 1/500 (Winitzki's formula), then Halley's steps, each of which triples
  // the digits. Far out the distance to 1 is what counts, and 1 - size is exact there.
  constexpr double kA = 0.147;
  const double log = std::log1p(-size * size);
  const double half = 2 / (kPi * kA) + log / 2;
  double x = std::sqrt(std::sqrt(half * half - log / kA) - half);
  for (int step = 0; step < 3; ++step) {
    const double error = size < 0.5 ? std::erf(x) - size : (1 - size) - std::erfc(x);
    const double newton = error / (2 / std::sqrt(kPi) * std::exp(-x * x));
    x -= newton / (1 + x * newton);
  }
  return std::copysign(x, y);
}

double lgamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);  // std::lgamma writes the sign to a global variable
}

double digamma(double x) {
  if (x == 0) return std::copysign(kInfinity, -x);
  if (x < 0) {
    if (x == std::floor(x)) return kNan;
    return digamma(1 - x) - kPi / tan_pi(x);
  }
  double sum = 0;
  for (; x < 12; x += 1) sum -= 1 / x;
  if (std::isinf(x)) return x;
  const double square = 1 / (x * x);
  double power = square;
  double factorial = 1;  // (2k - 1)!
  double series = 0;
  for (int k = 1; k <= 8; ++k) {
    series += kBernoulli[k - 1] * factorial * power;
    power *= square;
    factorial *= 2.0 * k * (2.0 * k + 1);
  }
  return sum + (std::log(x) - 0.5 / x - series);
}

double polygamma(int n, double x) {
  const int s = n + 1;
  const double sign = n % 2 == 0 ? -1 : 1;
  double zeta = 0;
  if (std::isnan(x) || x == -kInfinity) return kNan;
  if (x > 0) {
    zeta = hurwitz_zeta(s, x);
  } else if (x == std::floor(x)) {
    zeta = kInfinity;
  } else {
    // All terms (x + k)^-s to both sides without end depend on the fraction of x alone; those left
    // of x are taken off.
    const double fraction = x - std::floor(x);
    const double left = hurwitz_zeta(s, 1 - fraction) - hurwitz_zeta(s, 1 - x);
    zeta = hurwitz_zeta(s, fraction) + sign * left;
  }
  return sign * std::tgamma(n + 1.0) * zeta;
}

double sin_over_x(int n, double x) {
  if (std::abs(x) < std::max(1.5, static_cast<double>(n))) {
    // The power series, derived n times: x^(2j - n) (-1)^j / ((2j + 1) (2j - n)!).
    const int first = (n + 1) / 2;
    double power = (first % 2 == 0 ? 1 : -1) * (n % 2 == 0 ? 1 : x);
    double sum = 0;
    for (int j = first; j < first + 60; ++j) {
      const double term = power / (2 * j + 1);
      sum += term;
      if (std::abs(term) < 1e-18 * std::abs(sum)) break;
      const double m = 2 * j - n;
      power *= -x * x / ((m + 1) * (m + 2));
    }
    return sum;
  }
  // x f(n) + n f(n - 1) is the derivative of order n of sin(x).
  double value = std::sin(x) / x;
  for (int k = 1; k <= n; ++k) {
    const double sine = k % 2 == 0 ? std::sin(x) : std::cos(x);
    value = ((k % 4 >= 2 ? -sine : sine) - k * value) / x;
  }
  return value;
}

}  // namespace gradus::kernels
