// In-place ops: what they write, what they record, and what they refuse.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

Tensor leaf(double value) {
  return tensor(value, kFloat64).requires_grad_();
}

TEST(InPlaceTest, EveryHandleSeesTheNewElements) {
  const Tensor x = tensor({1.0, 2.0});
  const Tensor same = x;
  x.add_(tensor({10.0, 20.0}), 2).mul_(3);
  EXPECT_EQ(same.to_vector<float>(), (std::vector<float>{63, 126}));
}

TEST(InPlaceTest, AResultTakesTheOpIntoItsGraph) {
  const Tensor x = leaf(3);
  const Tensor y = x * x;
  y.mul_(2).add_(x);
  EXPECT_EQ(y.item<double>(), 21);
  EXPECT_EQ(y.name(), "add");
  y.backward();
  EXPECT_EQ(x.grad().item<double>(), 13);
}

TEST(InPlaceTest, AnAccumulatorJoinsTheGraphOfWhatItAdds) {
  const Tensor total = zeros({}, kFloat64);
  const Tensor w = leaf(3);
  for (int i = 0; i < 4; ++i) total.add_(w * i);
  total.backward();
  EXPECT_EQ(w.grad().item<double>(), 6);
}

TEST(InPlaceTest, CopyAndFillCutTheOldGradient) {
  const Tensor x = leaf(3);
  const Tensor w = leaf(2);
  const Tensor y = x * 1;
  y.copy_(w * 5);
  (y + x).backward();
  EXPECT_EQ(w.grad().item<double>(), 5);
  EXPECT_EQ(x.grad().item<double>(), 1);
  const Tensor z = x * 7;
  z.zero_();
  EXPECT_TRUE(z.requires_grad());
  EXPECT_EQ(grad({z}, {x})[0].item<double>(), 0);
}

TEST(InPlaceTest, ChangingWhatAGradientNeedsNamesBothOps) {
  const Tensor x = leaf(3);
  const Tensor y = x * 2;
  const Tensor z = exp(y) + y * y;
  y.add_(1);
  const std::string text = message_of([&] { z.backward(); });
  expect_contains(text, "mul: a value saved for its gradient was changed since by add_");
  EXPECT_FALSE(x.grad().defined());
}

TEST(InPlaceTest, MakesNoCycles) {
  const std::int64_t before = memory_stats().in_use;
  {
    const Tensor x = leaf(3);
    const Tensor buffer = tensor(2.0, kFloat64);
    const Tensor y = x * buffer;  // saves the buffer
    buffer.add_(y);
    buffer.mul_(2);
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(InPlaceTest, ALeafNeedsNoGrad) {
  const Tensor w = leaf(3);
  expect_contains(message_of([&] { w.add_(w); }), "leaf that requires a gradient");
  const NoGradGuard no_grad;
  w.add_(w);
  EXPECT_EQ(w.item<double>(), 6);
}

TEST(InPlaceTest, ViewsAreRefusedWhereAGradientWouldBeLost) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const Tensor y = x * 2;
  const Tensor view = y.slice(0, 0, 1);
  expect_contains(message_of([&] { view.mul_(2); }), "mul_: writes to a view");
  expect_contains(message_of([&] { y.mul_(2); }), "mul_: writes to a tensor of a graph that has");
  expect_contains(message_of([&] { view.fill_(3); }), "fill_: writes to a view");
  const Tensor buffer = zeros({2});
  expect_contains(message_of([&] { buffer.slice(0, 0, 1).copy_(view); }), "into a view");
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{2, 4}));
  buffer.slice(0, 0, 1).copy_(view.detach());
  EXPECT_EQ(buffer.to_vector<float>(), (std::vector<float>{2, 0}));
}

TEST(InPlaceTest, ViewsThatAreGoneDoNotCount) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const Tensor y = x * 2;
  EXPECT_EQ(y.slice(0, 1, 2).item<float>(), 4);
  y.mul_(2);
  y.sum().backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{4, 4}));
}

TEST(InPlaceTest, WhatDoesNotFitIsRefused) {
  const Tensor x = zeros({2, 3});
  expect_contains(message_of([&] { x.add_(zeros({4})); }),
                  "add_: shape [4] does not fit into [2, 3]");
  expect_contains(message_of([&] { x.copy_(zeros({2, 2, 3})); }), "does not fit into [2, 3]");
  expect_contains(message_of([&] { zeros({2}, kInt64).add_(zeros({2})); }),
                  "add_: a float32 result does not fit into a tensor of int64");
  expect_contains(message_of([&] { x.copy_({}); }), "copy_: its source is undefined");
  expect_contains(message_of([&] { zeros({1}).expand({3}).fill_(1); }),
                  "share one place in memory");
}

TEST(InPlaceTest, OverlappingSourcesAreReadBeforeTheyAreWritten) {
  const Tensor x = tensor({1, 2, 3, 4});
  x.slice(0, 1, 4).copy_(x.slice(0, 0, 3));
  EXPECT_EQ(x.to_vector<int>(), (std::vector<int>{1, 1, 2, 3}));
}

TEST(InPlaceTest, IntegersStayExact) {
  const std::int64_t big = (std::int64_t{1} << 62) + 1;
  const Tensor x = zeros({2}, kInt64);
  x.fill_(big);
  EXPECT_EQ(x[0].item<std::int64_t>(), big);
  x.add_(tensor({1, 2}));
  EXPECT_EQ(x[1].item<std::int64_t>(), big + 2);
  expect_contains(message_of([&] { zeros({2}, kUInt8).fill_(300); }), "does not fit into uint8");
}

TEST(InPlaceTest, MethodsOfManyKinds) {
  const Tensor x = leaf(0.5);
  const Tensor y = (x * 1).exp_().neg_().clamp_(-1, 2).sub_(3).div_(2).square_();
  EXPECT_EQ(y.item<double>(), 4);
  Tensor z = x * 2;
  z += x;
  z *= tensor(1.5, kFloat64);
  z.sigmoid_();
  const double s = 1 / (1 + std::exp(-2.25));
  EXPECT_NEAR(z.item<double>(), s, 1e-15);
  EXPECT_NEAR(grad({z}, {x})[0].item<double>(), s * (1 - s) * 4.5, 1e-14);
  const Tensor table = zeros({3, 2});
  using namespace indexing;
  table.index_put_({1, Ellipsis}, tensor({5.0, 6.0}));
  table.masked_fill_(table > 5.5, -1);
  EXPECT_EQ(table.to_vector<float>(), (std::vector<float>{0, 0, 5, -1, 0, 0}));
  Generator one(3);
  Generator same(3);
  EXPECT_TRUE(empty({50}).uniform_(2, 4, one).equal(empty({50}).uniform_(2, 4, same)));
}

TEST(InPlaceTest, RetainedGradientsFollowTheTensor) {
  const Tensor x = leaf(3);
  const Tensor y = (x * 2).retain_grad();
  y.mul_(5);
  (y * 2).backward();
  EXPECT_EQ(y.grad().item<double>(), 2);
  EXPECT_EQ(x.grad().item<double>(), 20);
}

}  // namespace
}  // namespace gradus
