// Arithmetic where golden values cannot show it: integers at their limits, dtypes, refusals, and
// the gradients of steps.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;
using Integers = std::vector<std::int64_t>;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Integers integers(const Tensor& x) {
  EXPECT_EQ(x.dtype(), kInt64);
  return x.to_vector<std::int64_t>();
}

TEST(IntegerTest, OverflowWrapsAround) {
  const Tensor most = tensor(Integers{kMost});
  const Tensor least = tensor(Integers{kLeast});
  EXPECT_EQ(integers(most + 1), Integers{kLeast});
  EXPECT_EQ(integers(least - 1), Integers{kMost});
  EXPECT_EQ(integers(most * 2), Integers{-2});
  EXPECT_EQ(integers(-least), Integers{kLeast});
  EXPECT_EQ(integers(abs(least)), Integers{kLeast});
  EXPECT_EQ(integers(square(most)), Integers{1});
  EXPECT_EQ(integers(pow(tensor(3), 41)), Integers{-420491770248316829});
  EXPECT_EQ((tensor(std::vector<std::uint8_t>{200}) + 100).to_vector<int>(), std::vector<int>{44});
}

TEST(IntegerTest, LeastByMinusOneWrapsAround) {
  const Tensor least = tensor(Integers{kLeast});
  EXPECT_EQ(integers(floor_divide(least, -1)), Integers{kLeast});
  EXPECT_EQ(integers(remainder(least, -1)), Integers{0});
  EXPECT_EQ(integers(fmod(least, -1)), Integers{0});
}

TEST(IntegerTest, DivisionIsExactBeyondDoubles) {
  const Tensor big = tensor(Integers{kMost, -kMost});
  EXPECT_EQ(integers(floor_divide(big, 10)), (Integers{922337203685477580, -922337203685477581}));
  EXPECT_EQ(integers(big % 10), (Integers{7, 3}));
  EXPECT_EQ(integers(fmod(big, 10)), (Integers{7, -7}));
}

TEST(IntegerTest, BytesDivideWithoutSign) {
  const Tensor bytes = tensor(std::vector<std::uint8_t>{200, 7});
  EXPECT_EQ(floor_divide(bytes, 3).dtype(), kUInt8);
  EXPECT_EQ(floor_divide(bytes, 3).to_vector<int>(), (std::vector<int>{66, 2}));
  EXPECT_EQ((bytes % 255).to_vector<int>(), (std::vector<int>{200, 7}));
}

TEST(IntegerTest, DivisionByZeroIsRefusedByName) {
  const Tensor x = tensor({1, 2});
  EXPECT_EQ(message_of([&] { floor_divide(x, 0); }).substr(0, 41),
            "floor_divide: division of an integer by 0");
  EXPECT_EQ(message_of([&] {
              x % tensor({1, 0});
            }).substr(0, 38),
            "remainder: division of an integer by 0");
  EXPECT_EQ(message_of([&] { fmod(x, 0); }).substr(0, 33), "fmod: division of an integer by 0");
}

TEST(ArithmeticTest, BoolIsRefusedWhereItHasNoMeaning) {
  const Tensor x = tensor({true, false});
  for (const auto& op : {floor_divide, remainder, fmod}) {
    EXPECT_NE(message_of([&] { op(x, x); }).find("bool tensors cannot be divided"),
              std::string::npos);
  }
  EXPECT_NE(message_of([&] { floor(x); }).find("bool tensors are not rounded"), std::string::npos);
  EXPECT_NE(message_of([&] { relu(x); }).find("needs numbers, got bool"), std::string::npos);
}

TEST(ArithmeticTest, IntegersBecomeFloat32InFloatingFunctions) {
  const Tensor x = tensor({1, 2});
  for (const Tensor& y : {sin(x), log2(x), erf(x), hypot(x, x), atan2(x, 1), lerp(x, x, 0.5),
                          deg2rad(x), xlogy(x, x), elu(x), gelu(x), addcdiv(x, x, x)}) {
    EXPECT_EQ(y.dtype(), kFloat32);
  }
  for (const Tensor& y : {floor(x), round(x), sign(x), square(x), relu(x), relu6(x), x % 2,
                          nan_to_num(x), clamp(x, 0, 1), threshold(x, 1, 0), addcmul(x, x, x)}) {
    EXPECT_EQ(y.dtype(), kInt64);
  }
  EXPECT_EQ(addcmul(x, x, x, 0.5).dtype(), kFloat32);
  EXPECT_EQ((x % 2.5).dtype(), kFloat32);
}

TEST(ArithmeticTest, LerpMeetsBothEndsExactly) {
  const Tensor start = tensor({0.1, 1e8}, kFloat64);
  const Tensor end = tensor({1e8, 0.1}, kFloat64);
  EXPECT_EQ(lerp(start, end, 1).to_vector<double>(), end.to_vector<double>());
  EXPECT_EQ(lerp(start, end, 0).to_vector<double>(), start.to_vector<double>());
}

TEST(StepTest, GradientsAreZeroAndConnected) {
  const Tensor x = tensor({-1.5, 0.5, 2.25}, kFloat64).requires_grad_();
  const Tensor infinite = full({3}, HUGE_VAL, kFloat64);
  for (const Tensor& y : {floor(x), ceil(x), trunc(x), round(x), round(x, 1), sign(x),
                          floor_divide(x, 2), floor_divide(2, x)}) {
    ASSERT_TRUE(y.requires_grad());
    const Tensor gradient = grad({y}, {x}, {infinite}, {.create_graph = true})[0];
    EXPECT_EQ(gradient.to_vector<double>(), std::vector<double>(3, 0.0));
    const Tensor second = grad({(gradient * x).sum()}, {x})[0];
    EXPECT_EQ(second.to_vector<double>(), std::vector<double>(3, 0.0));
  }
}

TEST(StepTest, SecondGradientOfReluIsZeroNotMissing) {
  const Tensor x = tensor({-1.5, 0.5}, kFloat64).requires_grad_();
  for (const Tensor& y : {relu(x), leaky_relu(x), hardtanh(x), abs(x), clamp(x, -1, 1)}) {
    const Tensor first = grad({y.sum()}, {x}, {}, {.create_graph = true})[0];
    const Tensor weighed = (first * (x * 0 + 1)).sum();
    EXPECT_EQ(grad({weighed}, {x})[0].to_vector<double>(), std::vector<double>(2, 0.0));
  }
}

TEST(PowTest, GradientsAtZero) {
  const Tensor a = tensor({0.0, 0.0, 0.0}, kFloat64).requires_grad_();
  const Tensor b = tensor({0.0, 2.0, -1.0}, kFloat64).requires_grad_();
  const std::vector<Tensor> gradients = grad({pow(a, b).sum()}, {a, b});
  EXPECT_EQ(gradients[0].to_vector<double>(), (std::vector<double>{0, 0, -HUGE_VAL}));
  EXPECT_EQ(gradients[1].to_vector<double>(), (std::vector<double>{0, 0, -HUGE_VAL}));
}

}  // namespace
}  // namespace gradus
