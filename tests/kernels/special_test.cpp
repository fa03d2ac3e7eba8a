// Functions of one number: special ones against values of mpmath, those of vectors against the
// library's.
#include "framework/kernels/special.h"
#include <gtest/gtest.h>
#include "framework/kernels/vector_math.h"

#include <cmath>
#include <limits>

namespace gradus::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void expect_close(double actual, double expected, const char* what) {
  EXPECT_NEAR(actual, expected, 2e-15 * std::max(1.0, std::abs(expected))) << what;
}

TEST(SpecialTest, InverseErrorFunction) {
  expect_close(erfinv(0.5), 0.47693627620446987338, "0.5");
  expect_close(erfinv(-0.9375), -1.3171503349861307489, "-0.9375");
  expect_close(erfinv(0x1.fffffffffep-1), 5.0512540852493899671, "near 1");
  expect_close(erfinv(-0x1.ffffep-1), -3.4655050258033307173, "near -1");
  EXPECT_DOUBLE_EQ(erfinv(1e-12), 8.8622692545275799582e-13);
  EXPECT_EQ(erfinv(1), kInfinity);
  EXPECT_EQ(erfinv(-1), -kInfinity);
  EXPECT_TRUE(std::isnan(erfinv(1.5)));
  EXPECT_TRUE(std::isnan(erfinv(kNan)));
}

TEST(SpecialTest, Digamma) {
  expect_close(digamma(0.125), -8.3884926632958548678, "0.125");
  expect_close(digamma(3), 0.92278433509846713939, "3");
  expect_close(digamma(-0.25), 2.9141391202135278304, "-0.25");
  expect_close(digamma(-100.5), 4.6151246013380641173, "-100.5");
  expect_close(digamma(1e-10), -10000000000.5772153, "1e-10");
  expect_close(digamma(0x1.762d86356be3fp+0), 0, "the zero");
  expect_close(digamma(1e6), 13.815510057964190771, "1e6");
  EXPECT_EQ(digamma(0.0), -kInfinity);
  EXPECT_EQ(digamma(-0.0), kInfinity);
  EXPECT_EQ(digamma(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(digamma(-3)));
  EXPECT_TRUE(std::isnan(digamma(-kInfinity)));
}

TEST(SpecialTest, Polygamma) {
  EXPECT_NEAR(polygamma(1, 0.5) / 4.9348022005446793094, 1, 2e-15);
  EXPECT_NEAR(polygamma(1, -2.25) / 19.379410511869137363, 1, 2e-15);
  EXPECT_NEAR(polygamma(2, 7) / -0.023530472985855237466, 1, 2e-15);
  EXPECT_NEAR(polygamma(2, -0.125) / 1020.541052766333027, 1, 2e-15);
  EXPECT_NEAR(polygamma(5, -33.75) / 492231.26711004719022, 1, 2e-15);
  EXPECT_NEAR(polygamma(3, 1e4) / 2.0003000199999999e-12, 1, 2e-15);
  EXPECT_NEAR(polygamma(20, 2.5) / -10709198259.124132459, 1, 2e-15);
  EXPECT_EQ(polygamma(1, kInfinity), 0);
  EXPECT_EQ(polygamma(1, 0), kInfinity);
  EXPECT_EQ(polygamma(2, -1), -kInfinity);
  EXPECT_TRUE(std::isnan(polygamma(1, kNan)));
}

TEST(SpecialTest, DerivativesOfSinOverX) {
  EXPECT_DOUBLE_EQ(sin_over_x(0, 1e-8), 1);
  EXPECT_DOUBLE_EQ(sin_over_x(1, 1e-5), -3.3333333333000002727e-6);
  expect_close(sin_over_x(1, 3), -0.34567749976235595488, "1, 3");
  EXPECT_DOUBLE_EQ(sin_over_x(2, 0), -1.0 / 3);
  expect_close(sin_over_x(3, 0.5), 0.097052604204092918393, "3, 0.5");
  expect_close(sin_over_x(3, -4), 0.022031093626517617078, "3, -4");
  expect_close(sin_over_x(4, 2), -0.01925093843284923035, "4, 2");
  EXPECT_TRUE(std::isnan(sin_over_x(0, kInfinity)));
}

// The largest distance of `function` from `exact`, in units in the last place of a float.
template <class Function, class Exact>
double worst_of(Function function, Exact exact, float low, float high) {
  double worst = 0;
  constexpr int kSteps = 40000;
  for (int i = 0; i <= kSteps; ++i) {
    const float along = low + (high - low) * (static_cast<float>(i) / kSteps);
    const float near_zero = std::ldexp(i % 2 == 0 ? low : high, -i / 800);
    for (const float x : {along, near_zero}) {
      const double expected = exact(static_cast<double>(x));
      const float magnitude = std::abs(static_cast<float>(expected));
      const double unit = std::nextafter(magnitude, INFINITY) - magnitude;
      worst = std::max(worst, std::abs(function(x) - expected) / unit);
    }
  }
  return worst;
}

TEST(VectorMathTest, IsRightToThreeUnitsInTheLastPlace) {
  const auto exp_below = [](float x) { return exp_of_negative(x); };
  const auto expm1_below = [](float x) { return expm1_of_negative(x); };
  const auto log1p_above = [](float x) { return log1p_of_fraction(x); };
  EXPECT_LT(worst_of(
                exp_below, [](double x) { return std::exp(x); }, -110, 0),
            3);
  EXPECT_LT(worst_of(
                expm1_below, [](double x) { return std::expm1(x); }, -110, 0),
            3);
  EXPECT_LT(worst_of(
                log1p_above, [](double x) { return std::log1p(x); }, 0, 1),
            3);
  EXPECT_LT(worst_of([](float x) { return kernels::tanh(x); },
                     [](double x) { return std::tanh(x); }, -20, 20),
            3);
  EXPECT_LT(worst_of([](float x) { return sigmoid(x); },
                     [](double x) { return 1 / (1 + std::exp(-x)); }, -87, 100),
            3);
}

TEST(VectorMathTest, EndsAndNan) {
  constexpr float kFar = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exp_of_negative(-kFar), 0);
  EXPECT_EQ(expm1_of_negative(-kFar), -1);
  EXPECT_EQ(kernels::tanh(kFar), 1);
  EXPECT_EQ(kernels::tanh(-kFar), -1);
  EXPECT_EQ(sigmoid(kFar), 1);
  EXPECT_EQ(sigmoid(-kFar), 0);
  EXPECT_TRUE(std::signbit(kernels::tanh(-0.0F)));
  EXPECT_TRUE(std::isnan(exp_of_negative(std::nanf(""))));
  EXPECT_TRUE(std::isnan(expm1_of_negative(std::nanf(""))));
  EXPECT_TRUE(std::isnan(log1p_of_fraction(std::nanf(""))));
  EXPECT_TRUE(std::isnan(kernels::tanh(std::nanf(""))));
  EXPECT_TRUE(std::isnan(sigmoid(std::nanf(""))));
}

}  // namespace
}  // namespace gradus::kernels
