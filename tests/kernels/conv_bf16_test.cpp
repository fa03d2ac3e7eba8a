// Convolutions of bfloat16, on the CPU's own arithmetic or emulated, against the naive loops in
// float64.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/kernels/conv.h"

#include <cmath>

namespace gradus::kernels {
namespace {

struct Case {
  Shape x, w;
  ConvGeometry geometry;
};

Tensor random(const Shape& sizes) {
  static Generator generator(9);
  return rand(sizes, kFloat32, generator) - 0.5;
}

Tensor image(const Tensor& values, DType dtype) {
  return values.to(dtype).contiguous(MemoryFormat::ChannelsLast);
}

// The numbers that are multiplied, exactly.
Tensor exact(const Tensor& t) {
  return t.to(kBFloat16).to(kFloat64);
}

// Whether sums of `terms` products, rounded to `actual`'s dtype, are what they should be.
void expect_close(const Tensor& actual, const Tensor& expected, std::int64_t terms) {
  const double rounding = actual.dtype() == kBFloat16 ? 1.0 / 256 : 1e-7;
  const double summing = 1e-6 * std::sqrt(static_cast<double>(terms)) + 1e-7;
  const auto a = actual.to_vector<double>();
  const auto b = expected.to_vector<double>();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], std::abs(b[i]) * rounding + summing) << "element " << i;
  }
}

class ConvBfloat16Test : public testing::TestWithParam<Case> {};

// With parameters of bfloat16, and of float32 as in mixed precision.
TEST_P(ConvBfloat16Test, EqualsTheNaiveLoopsOnRoundedNumbers) {
  const auto& [sizes, weights, g] = GetParam();
  const Tensor x = image(random(sizes), kBFloat16);
  const Tensor exact_x = image(exact(x), kFloat64);
  const Conv2dOptions options{
      .stride = g.stride, .padding = g.padding, .dilation = g.dilation, .groups = g.groups};
  for (const DType dtype : {kBFloat16, kFloat32}) {
    const Tensor w = random(weights).to(dtype);
    const Tensor bias = random({weights[0]}).to(dtype);
    const Tensor y_exact = gradus::conv2d(exact_x, exact(w), bias.to(kFloat64), options);
    const Tensor y = image(zeros(y_exact.sizes()), kBFloat16);
    conv2d(y.raw(), x.raw(), w.raw(), bias.raw(), g);
    expect_close(y, y_exact, w.numel() / w.size(0));
    conv2d(y.raw(), x.raw(), w.raw(), {}, g);
    expect_close(y, gradus::conv2d(exact_x, exact(w), {}, options), w.numel() / w.size(0));

    const Tensor gy = image(random(y.sizes()), kBFloat16);
    const Tensor exact_gy = image(exact(gy), kFloat64);
    const Tensor gx = image(zeros(sizes), kBFloat16);
    conv2d_input_grad(gx.raw(), gy.raw(), w.raw(), g);
    expect_close(gx, gradus::conv2d_input_grad(exact_gy, exact(w), sizes, g),
                 w.numel() / w.size(1));

    const Tensor gw(weights, dtype);
    const Tensor gbias({weights[0]}, dtype);
    conv2d_weight_grad(gw.raw(), gbias.raw(), x.raw(), gy.raw(), g);
    const std::int64_t pixels = gy.numel() / gy.size(1);
    expect_close(gw, gradus::conv2d_weight_grad(exact_gy, exact_x, weights, g), pixels);
    expect_close(gbias, exact_gy.sum({0, 2, 3}), pixels);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ConvBfloat16Test,
    testing::Values(Case{{5, 1, 12, 12}, {16, 1, 3, 3}, {.padding = {1, 1}}},
                    Case{{19, 16, 8, 8}, {32, 16, 3, 3}, {.padding = {1, 1}}},
                    Case{{3, 16, 9, 8}, {24, 16, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
                    Case{{2, 4, 9, 9}, {6, 2, 3, 2}, {.padding = {0, 1}, .groups = 2}},
                    Case{{4, 16, 7, 7}, {8, 16, 1, 1}, {}}));

TEST(ConvBfloat16Test, NothingToSumGivesTheBias) {
  const Tensor x({2, 0, 3, 3}, kBFloat16, MemoryFormat::ChannelsLast);
  const Tensor w({4, 0, 3, 3}, kFloat32);
  const Tensor bias = tensor({1.0F, 2.0F, 3.0F, 4.0F});
  const Tensor y = image(zeros({2, 4, 1, 1}), kBFloat16);
  conv2d(y.raw(), x.raw(), w.raw(), bias.raw(), {});
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace gradus::kernels
