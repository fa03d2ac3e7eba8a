// Comparison, logic and selection where golden values cannot show it: operators, dtypes, exactness,
// gradients past NaN, refusals.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;
using Bools = std::vector<bool>;

Bools bools(const Tensor& x) {
  EXPECT_EQ(x.dtype(), kBool);
  return x.to_vector<bool>();
}

TEST(ComparisonTest, IntegersCompareExactlyBeyondDoubles) {
  const std::int64_t big = std::int64_t{1} << 60;
  const Tensor a = tensor(std::vector<std::int64_t>{big, big});
  const Tensor b = tensor(std::vector<std::int64_t>{big, big + 1});
  EXPECT_EQ(bools(a == b), (Bools{true, false}));
  EXPECT_EQ(bools(a < b), (Bools{false, true}));
  EXPECT_EQ(maximum(a, b).to_vector<std::int64_t>(), b.to_vector<std::int64_t>());
  EXPECT_EQ(where(a == b, a, b).to_vector<std::int64_t>(), b.to_vector<std::int64_t>());
}

TEST(ComparisonTest, OperatorsAreTheFunctions) {
  const Tensor a = tensor({true, true, false, false});
  const Tensor b = tensor({true, false, true, false});
  EXPECT_EQ(bools(a & b), (Bools{true, false, false, false}));
  EXPECT_EQ(bools(a | b), (Bools{true, true, true, false}));
  EXPECT_EQ(bools(a ^ b), (Bools{false, true, true, false}));
  EXPECT_EQ(bools(~a), (Bools{false, false, true, true}));
  EXPECT_EQ(bools(!a), (Bools{false, false, true, true}));
  EXPECT_EQ(bools(!tensor({0, 3})), (Bools{true, false}));
  EXPECT_EQ((~tensor({0, 3})).to_vector<int>(), (std::vector<int>{-1, -4}));
  EXPECT_EQ((tensor({6, 7}) & 3).dtype(), kInt64);
  EXPECT_EQ((a & 1).dtype(), kInt64);
  const Tensor bytes = tensor(std::vector<std::uint8_t>{1, 255});
  EXPECT_EQ((~bytes).to_vector<int>(), (std::vector<int>{254, 0}));
}

TEST(ComparisonTest, BitsOfFloatsAreRefused) {
  const std::string text = message_of([] { tensor({1.0}) & tensor({2.0}); });
  EXPECT_NE(text.find("bitwise_and: works on the bits of integers and bool, got float32"),
            std::string::npos)
      << text;
}

TEST(ComparisonTest, TestsRecordNoGraph) {
  const Tensor x = tensor({1.0, -1.0}).requires_grad_();
  EXPECT_FALSE((x > 0).requires_grad());
  EXPECT_FALSE(isnan(x).requires_grad());
  EXPECT_FALSE(heaviside(x, 0.5).requires_grad());
}

TEST(ComparisonTest, EqualAndAllclose) {
  const Tensor x = tensor({1.0, 2.0});
  EXPECT_TRUE(equal(x, x + 0));
  EXPECT_TRUE(equal(x, tensor({1, 2})));
  EXPECT_FALSE(equal(x, x + 1e-6));
  EXPECT_FALSE(equal(x, x.reshape({1, 2})));
  EXPECT_TRUE(equal(zeros({0, 2}), zeros({0, 2})));
  EXPECT_FALSE(equal(tensor({std::nan("")}), tensor({std::nan("")})));
  EXPECT_TRUE(allclose(x, x + 1e-6));
  EXPECT_FALSE(allclose(x, x + 1e-3));
  EXPECT_TRUE(allclose(x, x + 0.25, 0, 0.25));
  EXPECT_TRUE(allclose(tensor({std::nan("")}), tensor({std::nan("")}), 1e-5, 1e-8, true));
  EXPECT_TRUE(allclose(zeros({0}), zeros({0})));
  EXPECT_NE(message_of([&] {
              allclose(x, tensor({1, 2}));
            }).find("float32 and int64"),
            std::string::npos);
}

TEST(WhereTest, TheSideNotTakenHasNoGradientEvenIfItIsNan) {
  const Tensor x = tensor({0.0, 4.0}, kFloat64).requires_grad_();
  const Tensor y = where(x > 0, log(where(x > 0, x, 1)), 0);
  EXPECT_EQ(grad({y.sum()}, {x})[0].to_vector<double>(), (std::vector<double>{0, 0.25}));
  const Tensor a = ones({2}, kFloat64).requires_grad_();
  const Tensor out = where(tensor({true, false}), a, 0);
  const Tensor weights = tensor({2.0, std::nan("")}, kFloat64);
  EXPECT_EQ(grad({out}, {a}, {weights})[0].to_vector<double>(), (std::vector<double>{2, 0}));
}

TEST(WhereTest, AConditionThatWasChangedIsNoticed) {
  const Tensor x = ones({2}).requires_grad_();
  const Tensor mask = tensor({true, false});
  const Tensor y = where(mask, x, 0);
  mask.fill_(false);
  const std::string text = message_of([&] { y.sum().backward(); });
  EXPECT_NE(text.find("was changed since by fill_"), std::string::npos) << text;
}

TEST(WhereTest, DtypesMeet) {
  const Tensor mask = tensor({true, false});
  EXPECT_EQ(where(mask, 1, 0).dtype(), kInt64);
  EXPECT_EQ(where(mask, 1.5, 0).dtype(), kFloat32);
  EXPECT_EQ(where(mask, zeros({2}, kBFloat16), 1.5).dtype(), kBFloat16);
  EXPECT_EQ(where(mask, zeros({2}, kBFloat16), 1.5).to_vector<double>(),
            (std::vector<double>{0, 1.5}));
  EXPECT_EQ(masked_fill(tensor({1, 2}), mask, 7.9).to_vector<double>(),
            (std::vector<double>{7, 2}));
  EXPECT_EQ(masked_fill(tensor({1, 2}), mask, 7.9).dtype(), kInt64);
}

TEST(ClampTest, BoundsOfOtherKinds) {
  const Tensor x = tensor({-3, 0, 4});
  EXPECT_EQ(clamp(x, -1, 2).dtype(), kInt64);
  EXPECT_EQ(clamp(x, 0.5).to_vector<double>(), (std::vector<double>{0.5, 0.5, 4}));
  EXPECT_EQ(clamp(x, {}, 1).to_vector<int>(), (std::vector<int>{-3, 0, 1}));
  EXPECT_EQ(clamp(tensor({true, false}), 0, 1).dtype(), kInt64);
  const Tensor bytes = tensor(std::vector<std::uint8_t>{3, 200});
  EXPECT_EQ(clamp(bytes, 10, 100).to_vector<int>(), (std::vector<int>{10, 100}));
  EXPECT_NE(message_of([&] { clamp(bytes, -5); }).find("clamp: the bound -5 does not fit uint8"),
            std::string::npos);
}

TEST(NanToNumTest, InfinitiesBecomeTheLimitsOfTheDtype) {
  const Tensor x = tensor({HUGE_VAL, -HUGE_VAL}, kFloat64);
  for (const DType dtype : {kBFloat16, kFloat32, kFloat64}) {
    const std::vector<double> values = nan_to_num(x.to(dtype)).to_vector<double>();
    EXPECT_TRUE(std::isfinite(values[0])) << name_of(dtype);
    EXPECT_EQ(values[1], -values[0]);
    EXPECT_TRUE(isinf(tensor({values[0] * (1 + 1.0 / 128)}, dtype)).item<bool>()) << name_of(dtype);
  }
}

}  // namespace
}  // namespace gradus
