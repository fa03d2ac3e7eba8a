// Jacobians, Hessians and products with them, against matrices that are known.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using Values = std::vector<double>;

Tensor matrix() {
  return tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, kFloat64);
}

TEST(DerivativesTest, TheJacobianOfALinearMapIsItsMatrix) {
  const Tensor a = matrix();
  const Tensor x = tensor({0.5, -1.0, 2.0}, kFloat64);
  const Tensor j = jacobian([&](const Tensor& in) { return matmul(a, in); }, x);
  EXPECT_EQ(j.sizes(), (Shape{2, 3}));
  EXPECT_EQ(j.to_vector<double>(), a.to_vector<double>());
  EXPECT_FALSE(x.requires_grad());
}

TEST(DerivativesTest, JvpAndVjpMultiplyWithIt) {
  const Tensor a = matrix();
  const auto f = [&](std::span<const Tensor> in) { return matmul(a, in[0]); };
  const Tensor x = tensor({0.5, -1.0, 2.0}, kFloat64);
  const auto [value, moved] = jvp(f, {x}, {tensor({1.0, 0.0, -1.0}, kFloat64)});
  EXPECT_EQ(value.to_vector<double>(), (Values{4.5, 9}));
  EXPECT_EQ(moved.to_vector<double>(), (Values{-2, -2}));
  const auto [same, back] = vjp(f, {x}, tensor({1.0, -1.0}, kFloat64));
  EXPECT_EQ(same.to_vector<double>(), (Values{4.5, 9}));
  EXPECT_EQ(back[0].to_vector<double>(), (Values{-3, -3, -3}));
}

TEST(DerivativesTest, JvpOfANonlinearMapAgreesWithDifferences) {
  const auto f = [](std::span<const Tensor> in) { return exp(in[0]) * tanh(in[1]); };
  const Tensor x = tensor({0.5, -1.0}, kFloat64);
  const Tensor y = tensor({1.0, 0.25}, kFloat64);
  const Tensor u = tensor({1.0, -2.0}, kFloat64);
  const Tensor v = tensor({0.5, 3.0}, kFloat64);
  const Tensor moved = jvp(f, {x, y}, {u, v}).second;
  const double h = 1e-6;
  const std::vector<Tensor> up = {x + u * h, y + v * h};
  const std::vector<Tensor> down = {x - u * h, y - v * h};
  const Tensor expected = (f(up) - f(down)) / (2 * h);
  for (int i = 0; i < 2; ++i) {
    EXPECT_NEAR(moved.to_vector<double>()[static_cast<std::size_t>(i)],
                expected.to_vector<double>()[static_cast<std::size_t>(i)], 1e-8);
  }
}

TEST(DerivativesTest, TheHessianOfACubicIsItsDiagonal) {
  const Tensor x = tensor({1.0, -2.0}, kFloat64);
  const Tensor h = hessian([](const Tensor& in) { return (in * in * in).sum(); }, x);
  EXPECT_EQ(h.sizes(), (Shape{2, 2}));
  EXPECT_EQ(h.to_vector<double>(), (Values{6, 0, 0, -12}));
}

TEST(DerivativesTest, HessiansOfSeveralInputsHoldTheMixedTerms) {
  const auto f = [](std::span<const Tensor> in) { return (in[0] * in[0] * in[1]).sum(); };
  const Tensor x = tensor({1.0, 2.0}, kFloat64);
  const Tensor y = tensor({3.0, 4.0}, kFloat64);
  const auto h = hessian(f, {x, y});
  EXPECT_EQ(h[0][0].to_vector<double>(), (Values{6, 0, 0, 8}));
  EXPECT_EQ(h[0][1].to_vector<double>(), (Values{2, 0, 0, 4}));
  EXPECT_EQ(h[1][0].to_vector<double>(), (Values{2, 0, 0, 4}));
  EXPECT_EQ(h[1][1].to_vector<double>(), (Values{0, 0, 0, 0}));
  const auto product = hvp(f, {x, y}, {ones({2}, kFloat64), ones({2}, kFloat64)}).second;
  EXPECT_EQ(product[0].to_vector<double>(), (Values{8, 12}));
  EXPECT_EQ(product[1].to_vector<double>(), (Values{2, 4}));
}

TEST(DerivativesTest, CreateGraphConnectsThemToTheInputs) {
  const Tensor x = tensor({1.0, 2.0}, kFloat64).requires_grad_();
  const Tensor j = jacobian([](const Tensor& in) { return in * in * in; }, x, true);
  j.sum().backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (Values{6, 12}));
}

TEST(DerivativesTest, WhatTakesNoPartHasZeros) {
  const auto f = [](std::span<const Tensor> in) { return in[0] * 2; };
  const auto j = jacobian(f, {tensor({1.0}, kFloat64), tensor({1.0, 2.0}, kFloat64)});
  EXPECT_EQ(j[1].to_vector<double>(), (Values{0, 0}));
}

TEST(DerivativesTest, BadInputIsNamed) {
  const auto f = [](std::span<const Tensor> in) { return in[0] * 2; };
  EXPECT_NE(test::message_of([&] {
              jacobian(f, {tensor({1, 2})});
            }).find("jacobian: input 0 is int64"),
            std::string::npos);
  EXPECT_NE(test::message_of([&] { jvp(f, {ones({2})}, {ones({3})}); }).find("one vector for each"),
            std::string::npos);
}

TEST(DerivativesTest, AGradientPenaltyTrains) {
  // min over w of (|d/dx (w x^2)| - 1)^2 at x = 2: |4 w| = 1.
  const Tensor w = tensor(1.0, kFloat64).requires_grad_();
  optim::SGD optimizer(std::vector{w}, {.lr = 0.02});
  for (int step = 0; step < 50; ++step) {
    optimizer.zero_grad();
    const Tensor x = tensor(2.0, kFloat64).requires_grad_();
    const Tensor slope = grad({w * x * x}, {x}, {}, {.create_graph = true})[0];
    pow(slope - 1, 2).backward();
    optimizer.step();
  }
  EXPECT_NEAR(w.item<double>(), 0.25, 1e-6);
}

}  // namespace
}  // namespace gradus
