// Initial values: their formulas, distributions, and what they refuse.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

using test::message_of;
namespace init = nn::init;

double mean_of(const Tensor& t) {
  return t.detach().to(kFloat64).mean().item<double>();
}
double deviation_of(const Tensor& t) {
  const Tensor x = t.detach().to(kFloat64);
  return (x - x.mean()).square().mean().sqrt().item<double>();
}
double largest_of(const Tensor& t) {
  return t.detach().abs().max().item<double>();
}

// As far as a sample of t's size may be from the bound and the moments of a uniform distribution.
void expect_uniform(const Tensor& t, double bound) {
  const double share = 1 / std::sqrt(static_cast<double>(t.numel()));
  EXPECT_LE(largest_of(t), bound);
  EXPECT_GT(largest_of(t), bound * (1 - 20 / static_cast<double>(t.numel())));
  EXPECT_NEAR(mean_of(t), 0, 3 * bound * share);
  EXPECT_NEAR(deviation_of(t), bound / std::sqrt(3), 2 * bound * share);
}

void expect_normal(const Tensor& t, double mean, double std) {
  const double share = 1 / std::sqrt(static_cast<double>(t.numel()));
  EXPECT_NEAR(mean_of(t), mean, 4 * std * share);
  EXPECT_NEAR(deviation_of(t), std, 3 * std * share);
  const Tensor z = (t.detach().to(kFloat64) - mean) / std;
  EXPECT_NEAR(z.pow(4).mean().item<double>(), 3, 40 * share);
  EXPECT_NEAR((z.abs() < 1).to(kFloat64).mean().item<double>(), 0.6827, 2 * share);
}

class InitTest : public testing::Test {
 protected:
  InitTest() { manual_seed(11); }
  // Fan-in 40 * 9 = 360, fan-out 60 * 9 = 540.
  const Tensor kernel_ = zeros({60, 40, 3, 3}).requires_grad_();
};

TEST_F(InitTest, GainsArePyTorchs) {
  EXPECT_EQ(init::calculate_gain("linear"), 1);
  EXPECT_EQ(init::calculate_gain("conv_transpose2d"), 1);
  EXPECT_EQ(init::calculate_gain("sigmoid"), 1);
  EXPECT_DOUBLE_EQ(init::calculate_gain("tanh"), 1.6666666666666667);
  EXPECT_DOUBLE_EQ(init::calculate_gain("relu"), 1.4142135623730951);
  EXPECT_DOUBLE_EQ(init::calculate_gain("leaky_relu"), 1.4141428569978354);
  EXPECT_DOUBLE_EQ(init::calculate_gain("leaky_relu", 0.2), 1.3867504905630728);
  EXPECT_EQ(init::calculate_gain("selu"), 0.75);
}

TEST_F(InitTest, ConstantsFill) {
  EXPECT_EQ(init::constant_(zeros({3}), 0.5).to_vector<float>(), std::vector<float>(3, 0.5));
  EXPECT_EQ(init::ones_(zeros({2})).to_vector<float>(), std::vector<float>(2, 1));
  EXPECT_EQ(init::zeros_(ones({2}, kFloat64)).to_vector<double>(), std::vector<double>(2, 0));
  EXPECT_EQ(init::eye_(ones({2, 3})).to_vector<float>(), (std::vector<float>{1, 0, 0, 0, 1, 0}));
}

TEST_F(InitTest, PlainDistributionsHaveTheirMoments) {
  const Tensor shifted = init::uniform_(kernel_, 2, 4);
  EXPECT_TRUE(shifted.is_same(kernel_));
  EXPECT_TRUE(shifted.is_leaf() && shifted.requires_grad());
  expect_uniform(shifted.detach() - 3, 1);
  expect_normal(init::normal_(kernel_, -1, 0.25), -1, 0.25);
}

TEST_F(InitTest, XavierGoesByBothFans) {
  expect_uniform(init::xavier_uniform_(kernel_), std::sqrt(6.0 / 900));
  expect_uniform(init::xavier_uniform_(kernel_, 3), 3 * std::sqrt(6.0 / 900));
  expect_normal(init::xavier_normal_(kernel_, 2), 0, 2 * std::sqrt(2.0 / 900));
}

TEST_F(InitTest, KaimingGoesByOneFanAndTheNonlinearity) {
  expect_uniform(init::kaiming_uniform_(kernel_), std::sqrt(3 * 2.0 / 360));
  expect_uniform(init::kaiming_uniform_(kernel_, std::sqrt(5)), std::sqrt(1.0 / 360));
  expect_normal(init::kaiming_normal_(kernel_, 0, "fan_out", "relu"), 0, std::sqrt(2.0 / 540));
  expect_normal(init::kaiming_normal_(kernel_, 0, "fan_in", "tanh"), 0, 5.0 / 3 / std::sqrt(360));
}

// By the formula of the truncated distribution's variance.
TEST_F(InitTest, TruncatedNormalsStayWithinTheirBounds) {
  const auto density = [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * M_PI); };
  const double inside = std::erf(2 / std::sqrt(2.0));
  const Tensor t = init::trunc_normal_(kernel_, 1, 0.5, 0, 2);  // two deviations to each side
  EXPECT_GE(t.detach().min().item<double>(), 0);
  EXPECT_LE(t.detach().max().item<double>(), 2);
  EXPECT_GT(t.detach().max().item<double>(), 1.98);
  EXPECT_NEAR(mean_of(t), 1, 0.01);
  EXPECT_NEAR(deviation_of(t), 0.5 * std::sqrt(1 - 4 * density(2) / inside), 0.01);
  const Tensor tail = init::trunc_normal_(kernel_, 0, 1, 1, 5);
  EXPECT_GE(tail.detach().min().item<double>(), 1);
  const double beyond = 0.5 * std::erfc(1 / std::sqrt(2.0)) - 0.5 * std::erfc(5 / std::sqrt(2.0));
  EXPECT_NEAR(mean_of(tail), (density(1) - density(5)) / beyond, 0.01);
}

TEST_F(InitTest, OrthogonalMatricesAreOrthogonal) {
  for (const Shape& sizes : {Shape{40, 40}, Shape{30, 50}, Shape{50, 30}, Shape{6, 4, 3, 2}}) {
    const Tensor t = init::orthogonal_(zeros(sizes, kFloat64), 2);
    const Tensor flat = t.reshape({sizes[0], -1});
    const Tensor square =
        flat.size(0) <= flat.size(1) ? matmul(flat, flat.t()) : matmul(flat.t(), flat);
    const Tensor off = square - eye(square.size(0), {}, kFloat64) * 4;
    EXPECT_LT(largest_of(off), 1e-13) << to_string(sizes);
  }
  // Equally likely: the elements' moments are those of a random direction.
  const Tensor t = init::orthogonal_(zeros({200, 200}, kFloat64));
  EXPECT_NEAR(mean_of(t), 0, 0.002);
  EXPECT_NEAR(mean_of(t.select(0, 0)), 0, 0.2);
  EXPECT_LT(largest_of(t), 0.45);
}

TEST_F(InitTest, DrawsComeFromTheGenerator) {
  const auto draw = [](std::uint64_t seed) {
    Generator generator(seed);
    return init::orthogonal_(zeros({4, 5}), 1, generator).to_vector<float>();
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST_F(InitTest, RefuseWhatTheyDoNotFit) {
  const auto expect = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  const Tensor line = zeros({4});
  expect(message_of([&] { init::xavier_normal_(line); }),
         "xavier_normal_: a tensor of shape [4] has no fan-in and fan-out");
  expect(message_of([&] { init::kaiming_uniform_(line); }), "kaiming_uniform_: a tensor of shape");
  expect(message_of([&] { init::orthogonal_(line); }), "orthogonal_: needs 2 dims at least");
  expect(message_of([&] { init::eye_(line); }), "eye_: needs a matrix, got shape [4]");
  expect(message_of([&] { init::kaiming_normal_(kernel_, 0, "fan"); }),
         "mode is \"fan_in\" or \"fan_out\", got \"fan\"");
  expect(message_of([&] { init::kaiming_normal_(kernel_, 0, "fan_in", "gelu"); }),
         "\"gelu\" is unknown");
  expect(message_of([&] { init::trunc_normal_(kernel_, 0, 1, 2, 2); }), "a must be less than b");
}

TEST_F(InitTest, AllHaveNamesInConfigs) {
  EXPECT_EQ(nn::initializers().names(),
            (std::vector<std::string>{"constant", "eye", "kaiming_normal", "kaiming_uniform",
                                      "normal", "ones", "orthogonal", "trunc_normal", "uniform",
                                      "xavier_normal", "xavier_uniform", "zeros"}));
  const auto fill = [](const Json& config, const Tensor& t) {
    nn::initializers().make(config)->fill(t);
  };
  fill({{"type", "kaiming_normal"}, {"mode", "fan_out"}, {"nonlinearity", "relu"}}, kernel_);
  expect_normal(kernel_, 0, std::sqrt(2.0 / 540));
  fill({{"type", "xavier_uniform"}, {"gain", 2}}, kernel_);
  expect_uniform(kernel_, 2 * std::sqrt(6.0 / 900));
  fill({{"type", "uniform"}, {"a", -2}, {"b", 2}}, kernel_);
  expect_uniform(kernel_, 2);
  const Tensor square = zeros({2, 2});
  fill({{"type", "constant"}, {"val", 3}}, square);
  EXPECT_EQ(square.to_vector<float>(), std::vector<float>(4, 3));
  EXPECT_NE(message_of([] {
              nn::initializers().make({{"type", "kaiming_normal"}, {"mode", "fan_im"}});
            }).find("/mode: unknown value \"fan_im\" (did you mean \"fan_in\"?)"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus
