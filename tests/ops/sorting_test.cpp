// What golden cases cannot show of sorting and scans: large inputs, exact integers, ties, -0,
// gradients through prefixes of -inf.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "tests/support/errors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace gradus {
namespace {

using test::message_of;

// The places of `values` in stable order, NaN last.
std::vector<std::int64_t> plain_order(const std::vector<double>& values, bool descending) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto less = [](double a, double b) { return a < b || (!std::isnan(a) && std::isnan(b)); };
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    const double a = values[static_cast<std::size_t>(i)];
    const double b = values[static_cast<std::size_t>(j)];
    return descending ? less(b, a) : less(a, b);
  });
  return order;
}

TEST(SortingTest, LongAndShortLinesAreInStableOrder) {
  for (const DType dtype : {kFloat32, kFloat64, kBFloat16, kInt64, kUInt8, kBool}) {
    for (const std::int64_t length : {3, 100, 511, 512, 20'000}) {
      // Few enough values that there are many ties.
      Tensor x = randint(-50, 50, {length}).to(is_floating(dtype) ? dtype : kInt64);
      if (dtype == kUInt8 || dtype == kBool) x = (x * x).to(dtype);
      if (is_floating(dtype)) {
        x.slice(0, 1, 2).fill_(NAN);
        x.slice(0, 2, 3).fill_(-INFINITY);
        x.slice(0, length / 2, length / 2 + 1).fill_(-0.0);
      }
      for (const bool descending : {false, true}) {
        const auto expected = plain_order(x.to_vector<double>(), descending);
        const auto [values, indices] = sort(x, 0, descending);
        ASSERT_EQ(indices.to_vector<std::int64_t>(), expected) << name_of(dtype) << length;
        EXPECT_EQ(values.dtype(), dtype);
        const Tensor chosen = x.gather(0, indices);
        EXPECT_EQ(0, std::memcmp(values.raw().data, chosen.raw().data, values.nbytes()));
        const std::int64_t k = std::min<std::int64_t>(length, 17);
        EXPECT_EQ(topk(x, k, 0, descending).second.to_vector<std::int64_t>(),
                  std::vector(expected.begin(), expected.begin() + k));
        if (!descending) {
          EXPECT_EQ(kthvalue(x, k).second.item<std::int64_t>(),
                    expected[static_cast<std::size_t>(k - 1)]);
        }
      }
    }
  }
}

TEST(SortingTest, IntegersAreExactBeyondTheDoubles) {
  const std::int64_t big = std::int64_t{1} << 53;
  const Tensor x = tensor(std::vector<std::int64_t>{big + 1, big, INT64_MIN, INT64_MAX, big + 2});
  EXPECT_EQ(sort(x).first.to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{INT64_MIN, big, big + 1, big + 2, INT64_MAX}));
  EXPECT_EQ(topk(x, 2).second.to_vector<int>(), (std::vector<int>{3, 4}));
  EXPECT_EQ(median(x).item<std::int64_t>(), big + 1);
  EXPECT_EQ(searchsorted(sort(x).first, x).to_vector<int>(), (std::vector<int>{2, 1, 0, 4, 3}));
  EXPECT_EQ(cummax(x.slice(0, 1, kEnd), 0).second.to_vector<int>(), (std::vector<int>{0, 0, 2, 2}));
}

TEST(SortingTest, StableMayBeAskedFor) {
  const Tensor x = tensor({2, 1, 2});
  EXPECT_EQ(sort(x, true, 0, true).second.to_vector<int>(), (std::vector<int>{0, 2, 1}));
  EXPECT_EQ(argsort(x).to_vector<int>(), (std::vector<int>{1, 0, 2}));
}

TEST(SortingTest, ErrorsSayWhatIsWrong) {
  EXPECT_NE(message_of([] { median(zeros({0}, kInt64)); }).find("no median among no elements"),
            std::string::npos);
  EXPECT_NE(message_of([] { topk(zeros({}), 2); }).find("topk: k = 2 is out of range for 1 values"),
            std::string::npos);
  EXPECT_NE(message_of([] {
              quantile(zeros({2}), zeros({1, 1}));
            }).find("q has at most one dim"),
            std::string::npos);
  EXPECT_NE(message_of([] { histc(full({2}, INFINITY)); }).find("not finite"), std::string::npos);
}

TEST(SortingTest, NanIsInNoIntervalOfAHistogram) {
  const Tensor x = tensor({NAN, 0.1, 0.6, 2.0});
  EXPECT_EQ(histc(x, 2, 0, 1).to_vector<int>(), (std::vector<int>{1, 1}));
}

TEST(SortingTest, BincountKeepsTheDtypeOfFloatWeights) {
  const Tensor x = tensor({1, 1, 0});
  const Tensor weights = tensor({0.5, 0.25, 2.0});
  EXPECT_EQ(bincount(x, weights).dtype(), kFloat32);
  EXPECT_EQ(bincount(x, weights).to_vector<float>(), (std::vector<float>{2, 0.75}));
  EXPECT_EQ(bincount(x, x).dtype(), kFloat64);
  EXPECT_NE(message_of([&] { bincount(x, ones({2})); }).find("weights of shape [2]"),
            std::string::npos);
}

TEST(ScanTest, LongRunningSumsEqualPlainLoops) {
  for (const int dim : {0, 1, 2}) {
    const Tensor x = randint(-9, 9, {40, 50, 200}).permute({1, 2, 0});
    const Tensor lines = x.transpose(dim, -1).contiguous();
    std::vector<double> expected = lines.to_vector<double>();
    const auto length = static_cast<std::size_t>(lines.size(-1));
    for (std::size_t i = 1; i < expected.size(); ++i) {
      if (i % length != 0) expected[i] += expected[i - 1];
    }
    for (const DType dtype : {kInt64, kFloat32}) {
      const Tensor total = cumsum(x.to(dtype), dim).transpose(dim, -1);
      EXPECT_EQ(total.contiguous().to_vector<double>(), expected);
    }
  }
}

TEST(ScanTest, RunningSumsOfFloatsDoNotDrift) {
  const Tensor total = cumsum(full({1'000'000}, 0.1, kFloat32), 0);
  EXPECT_FLOAT_EQ(total.slice(0, -1, kEnd).item<float>(), 1e6F * 0.1F);
}

TEST(ScanTest, ARecurrenceRunsEitherWay) {
  const Tensor a = tensor({NAN, 2.0, 0.5});
  const Tensor b = tensor({1.0, 1.0, 4.0});
  EXPECT_EQ(linear_recurrence(a, b, 0).to_vector<float>(), (std::vector<float>{1, 3, 5.5}));
  const Tensor back = linear_recurrence(tensor({3.0, 2.0, 9.0}), b, -1, true);
  EXPECT_EQ(back.to_vector<float>(), (std::vector<float>{28, 9, 4}));
}

TEST(ScanTest, LeadingInfinitiesOfLogcumsumexpReceiveNoGradient) {
  const Tensor x = tensor({-INFINITY, -INFINITY, 3.0, -INFINITY}, kFloat64).requires_grad_();
  const Tensor y = logcumsumexp(x, 0);
  EXPECT_EQ(y.slice(0, 1, 2).item<double>(), -INFINITY);
  sum(y.slice(0, 2, kEnd)).backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{0, 0, 2, 0}));
}

TEST(ScanTest, GradientsOfLogcumsumexpStayFiniteForLargeValues) {
  const Tensor x = tensor({900.0, -900.0, 1000.0}, kFloat64).requires_grad_();
  const Tensor first = grad({sum(logcumsumexp(x, 0))}, {x}, {}, {.create_graph = true})[0];
  const Tensor second = grad({sum(first * first)}, {x})[0];
  for (const double each : first.to_vector<double>()) EXPECT_TRUE(std::isfinite(each));
  for (const double each : second.to_vector<double>()) EXPECT_TRUE(std::isfinite(each));
}

}  // namespace
}  // namespace gradus
