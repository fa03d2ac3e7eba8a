// Making tensors: dtypes, exactness, what is refused, and the layout of *_like.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

TEST(CreationTest, SpansAreCopied) {
  std::array<float, 3> values = {1, 2, 3};
  const Tensor x = tensor(std::span(values));
  values[0] = 9;
  EXPECT_EQ(x.dtype(), kFloat32);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1, 2, 3}));
  const std::vector<std::uint8_t> bytes = {7, 255};
  EXPECT_EQ(tensor(std::span(bytes)).dtype(), kUInt8);
  EXPECT_EQ(tensor(std::vector<bool>{true, false}).dtype(), kBool);
  EXPECT_EQ(tensor(std::vector<short>{1, -2}).to_vector<int>(), (std::vector{1, -2}));
}

TEST(CreationTest, IntegersAreExact) {
  const std::int64_t big = (std::int64_t{1} << 62) + 1;
  EXPECT_EQ(full({2}, big).to_vector<std::int64_t>(), (std::vector{big, big}));
  EXPECT_EQ(full_like(zeros({1}, kInt64), -big).item<std::int64_t>(), -big);
  EXPECT_EQ(arange(big, big + 2).to_vector<std::int64_t>(), (std::vector{big, big + 1}));
  EXPECT_EQ(tensor({big}).item<std::int64_t>(), big);
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  const std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(arange(lowest, highest, highest).to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{lowest, -1, highest - 1}));
}

TEST(CreationTest, TheValueDecidesTheDtypeOfFull) {
  EXPECT_EQ(full({}, 1).dtype(), kInt64);
  EXPECT_EQ(full({}, 1.0).dtype(), kFloat32);
  EXPECT_EQ(full({}, true).dtype(), kBool);
  EXPECT_EQ(full({}, 1, kBFloat16).dtype(), kBFloat16);
  EXPECT_EQ(arange(3).dtype(), kInt64);
  EXPECT_EQ(arange(3.0).dtype(), kFloat32);
  EXPECT_EQ(arange(3, kFloat64).dtype(), kFloat64);
  EXPECT_EQ(arange(0, 3, 1, kUInt8).dtype(), kUInt8);
}

// PyTorch 1.13 takes and refuses the same, but for 2^63 (as a float), which it makes -2^63.
TEST(CreationTest, NumbersMustFitTheDtype) {
  EXPECT_EQ(full({1}, -1, kUInt8).item<int>(), 255);
  EXPECT_EQ(tensor({-1}, kUInt8).item<int>(), 255);
  EXPECT_EQ(full({1}, INFINITY, kBFloat16).item<float>(), INFINITY);
  EXPECT_EQ(full({1}, NAN, kBool).item<int>(), 1);
  EXPECT_EQ(tensor({1e39}).item<float>(), INFINITY);
  EXPECT_THROW(full({1}, 300, kUInt8), ValueError);
  EXPECT_THROW(full({1}, -300, kUInt8), ValueError);
  EXPECT_THROW(full({1}, 255.5, kUInt8), ValueError);
  EXPECT_THROW(full({1}, 1e39, kFloat32), ValueError);
  EXPECT_THROW(full({1}, 1e39, kBFloat16), ValueError);
  EXPECT_THROW(full({1}, NAN, kInt64), ValueError);
  EXPECT_THROW(full({1}, 0x1p63, kInt64), ValueError);
  EXPECT_THROW(tensor({300}, kUInt8), ValueError);
  EXPECT_THROW(tensor({INFINITY}, kInt64), ValueError);
  EXPECT_THROW(linspace(0, 300, 3, kUInt8), ValueError);
}

TEST(CreationTest, ErrorsNameTheFunctionAndThePlace) {
  const std::vector<std::pair<std::string, std::string>> refusals = {
      {message_of([] {
         zeros({2, -1});
       }),
       "zeros: a size is negative: [2, -1]"},
      {message_of([] { full({1}, 300, kUInt8); }), "full: the number 300 does not fit into uint8"},
      {message_of([] { arange(0, 1, 0); }), "arange: the step is zero"},
      {message_of([] { arange(5, 1); }), "arange: the step leads away from the end"},
      {message_of([] { arange(0, 2, 1, kBool); }), "arange: the numbers do not fit into bool"},
      {message_of([] { linspace(0, 1, -1); }), "linspace: the number of steps is negative: -1"},
      {message_of([] { eye(-1); }), "eye: a size is negative: [-1, -1]"},
      {message_of([] { tril_indices(2, -1); }), "tril_indices: a size is negative"},
      {message_of([] {
         tensor({{1, 2}, {3}});
       }),
       "tensor: rows of different shapes: [2] and [1]"},
      {message_of([] { rand({2}, kInt64); }), "rand: needs a floating dtype, got int64"},
      {message_of([] { randint(3, 3, {2}); }), "randint: the range [3, 3) is empty"},
      {message_of([] { randint(0, 300, {2}, kUInt8); }),
       "randint: the range [0, 300) does not fit into uint8"},
      {message_of([] { randperm(-1); }), "randperm: cannot order -1 numbers"},
      {message_of([] { rand_like(zeros({2}, kInt64)); }), "rand_like: needs a floating dtype"},
      {message_of([] { bernoulli(tensor({2.0})); }), "bernoulli: a probability is outside [0, 1]"},
      {message_of([] {
         multinomial(tensor({0.0, 0.0}), 1);
       }),
       "multinomial: all weights of a row"},
      {message_of([] {
         multinomial(tensor({1.0, -1.0}), 1);
       }),
       "multinomial: a weight is negative"},
      {message_of([] {
         multinomial(tensor({1.0, 1.0}), 3);
       }),
       "multinomial: cannot draw 3 of 2"},
      {message_of([] { zeros_like(Tensor()); }), "zeros_like: the tensor is undefined"}};
  for (const auto& [actual, expected] : refusals) {
    EXPECT_EQ(actual.find(expected), 0U) << actual << ", expected " << expected;
    EXPECT_NE(actual.find("(at creation_test.cpp:"), std::string::npos) << actual;
  }
}

TEST(CreationTest, LikeKeepsTheLayoutAndTheDtype) {
  const Tensor x = zeros({2, 3}, kFloat64).t();
  for (const Tensor& each : {empty_like(x), zeros_like(x), ones_like(x), full_like(x, 2),
                             rand_like(x), randn_like(x), randint_like(x, 5)}) {
    EXPECT_EQ(each.sizes(), x.sizes());
    EXPECT_EQ(each.strides(), x.strides());
    EXPECT_EQ(each.dtype(), kFloat64);
  }
  EXPECT_EQ(ones_like(x, kInt64).dtype(), kInt64);
  EXPECT_EQ(ones_like(x, kInt64).sum().item<int>(), 6);
  EXPECT_EQ(full_like(x, 2).sum().item<int>(), 12);
}

TEST(RandomTest, IntegersStayInTheirRange) {
  const Tensor x = randint(-2, 3, {40000});
  const auto values = x.to_vector<int>();
  EXPECT_EQ(std::set<int>(values.begin(), values.end()), (std::set<int>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(randint(2, {100}, kBool).dtype(), kBool);
  const auto lowest = std::numeric_limits<std::int64_t>::min();
  const auto highest = std::numeric_limits<std::int64_t>::max();
  EXPECT_LT(randint(lowest, highest, {64}).to_vector<std::int64_t>()[0], highest);
}

TEST(RandomTest, PermutationsHoldEveryNumberOnce) {
  const auto order = randperm(100).to_vector<int>();
  EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 100U);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(randperm(0).numel(), 0);
  EXPECT_EQ(randperm(3, kFloat32).dtype(), kFloat32);
}

TEST(RandomTest, ASeedRepeatsEveryDraw) {
  const auto draw = [] {
    Generator from(11);
    return std::vector{rand({5}, kFloat64, from).to_vector<double>(),
                       randperm(5, kInt64, from).to_vector<double>(),
                       bernoulli(full({5}, 0.5), from).to_vector<double>(),
                       multinomial(ones({9}), 4, false, from).to_vector<double>()};
  };
  EXPECT_EQ(draw(), draw());
}

TEST(RandomTest, CoinsFallAsTheirProbabilitiesTell) {
  Generator from(1);
  const Tensor coins = bernoulli(full({20000}, 0.25, kFloat64), from);
  EXPECT_NEAR(coins.mean().item<double>(), 0.25, 0.015);
  EXPECT_EQ(bernoulli(tensor({0.0, 1.0})).to_vector<int>(), (std::vector{0, 1}));
}

TEST(RandomTest, DrawsFollowTheirWeights) {
  Generator from(1);
  const Tensor weights = tensor({{1.0, 0.0, 3.0}, {0.0, 2.0, 0.0}});
  const Tensor drawn = multinomial(weights, 8000, true, from);
  ASSERT_EQ(drawn.sizes(), (Shape{2, 8000}));
  const Tensor first = drawn.slice(0, 0, 1);
  EXPECT_NEAR((first == 2).to(kFloat64).mean().item<double>(), 0.75, 0.03);
  EXPECT_EQ((first == 1).sum().item<int>(), 0);
  EXPECT_EQ((drawn.slice(0, 1, 2) == 1).sum().item<int>(), 8000);
  // Without replacement every index comes once, those without weight last.
  const auto order = multinomial(tensor({0.0, 1.0, 5.0}), 3, false, from).to_vector<int>();
  EXPECT_EQ(order[2], 0);
  EXPECT_EQ(order[0] + order[1], 3);
}

}  // namespace
}  // namespace gradus
