// What golden cases cannot show of reductions and statistics: integers beyond the doubles, dtypes,
// refusals, the same bits for any number of threads, large inputs.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "tests/support/errors.h"

#include <cmath>
#include <set>

namespace gradus {
namespace {

using test::message_of;

constexpr std::int64_t kBig = (std::int64_t{1} << 53) + 1;  // no double holds it

TEST(ReductionTest, IntegersAreExactBeyondTheDoubles) {
  const Tensor x = tensor(std::vector<std::int64_t>{kBig - 1, kBig, kBig - 2});
  EXPECT_EQ(sum(x).item<std::int64_t>(), 3 * kBig - 3);
  EXPECT_EQ(amax(x).item<std::int64_t>(), kBig);
  EXPECT_EQ(max(x).item<std::int64_t>(), kBig);
  EXPECT_EQ(min(-x).item<std::int64_t>(), -kBig);
  EXPECT_EQ(max(x, 0).first.item<std::int64_t>(), kBig);
  EXPECT_EQ(argmax(x).item<int>(), 1);
  EXPECT_EQ(argmin(-x).item<int>(), 1);
  EXPECT_EQ(prod(tensor(std::vector<std::int64_t>{3, kBig})).item<std::int64_t>(), 3 * kBig);
}

TEST(ReductionTest, DtypesOfResults) {
  for (const DType dtype : {kBool, kUInt8, kInt64}) {
    const Tensor x = ones({300}, dtype);
    for (const Tensor& result : {sum(x), prod(x), nansum(x), count_nonzero(x)}) {
      EXPECT_EQ(result.dtype(), kInt64);
    }
    EXPECT_EQ(sum(x).item<int>(), 300);
    for (const Tensor& result : {amax(x), min(x), max(x, 0).first}) {
      EXPECT_EQ(result.dtype(), dtype);
    }
    EXPECT_EQ(logsumexp(x, {0}).dtype(), kFloat32);
    EXPECT_FLOAT_EQ(logsumexp(x, {0}).item<float>(), 1 + std::log(300.0F));
    for (const Tensor& result : {all(x), any(x)}) EXPECT_EQ(result.dtype(), kBool);
    EXPECT_NE(message_of([&] { mean(x); }).find("mean: needs a floating tensor"),
              std::string::npos);
    EXPECT_NE(message_of([&] { norm(x); }).find("norm: needs a floating tensor"),
              std::string::npos);
  }
}

TEST(ReductionTest, ReductionsOverNothing) {
  const Tensor none = zeros({0, 3});
  EXPECT_EQ(sum(none, {0}).to_vector<float>(), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(prod(none).item<float>(), 1);
  EXPECT_TRUE(all(none).item<bool>());
  EXPECT_FALSE(any(none).item<bool>());
  EXPECT_TRUE(std::isnan(mean(none).item<float>()));
  EXPECT_TRUE(std::isnan(var(none).item<float>()));
  EXPECT_EQ(norm(none).item<float>(), 0);
  EXPECT_EQ(logsumexp(none, {}).item<float>(), -INFINITY);
  EXPECT_EQ(amax(none, {1}).sizes(), (Shape{0}));
  EXPECT_EQ(argmin(none, 1).sizes(), (Shape{0}));
  for (const auto& refused :
       {message_of([&] { amax(none, {0}); }), message_of([&] { min(none); }),
        message_of([&] { max(none, 0); }), message_of([&] { argmax(none); })}) {
    EXPECT_NE(refused.find("value among no elements (shape [0, 3])"), std::string::npos) << refused;
  }
}

// x in double, reduced over `dim` element by element.
template <class Step>
std::vector<double> plain(const Tensor& x, int dim, double start, Step step) {
  const Tensor lines = x.transpose(dim, -1).contiguous();
  const std::int64_t length = lines.size(-1);
  const std::vector<double> values = lines.to_vector<double>();
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % static_cast<std::size_t>(length) == 0) result.push_back(start);
    result.back() = step(result.back(), values[i]);
  }
  return result;
}

TEST(ReductionTest, LargeReductionsEqualPlainLoopsAlongAnyDim) {
  for (const DType dtype : {kFloat32, kFloat64, kBFloat16, kInt64, kUInt8}) {
    // As [A, B, C] and with C, B or A in front: along rows, columns, and columns in blocks.
    const Tensor dense = (rand({70, 300, 33}) * 100).to(dtype);
    for (const Tensor& x : {dense, dense.permute({2, 0, 1}), dense.permute({1, 2, 0})}) {
      for (int dim = 0; dim < 3; ++dim) {
        const auto flat = [&](const Tensor& y) {
          return y.transpose(dim, -1).contiguous().to_vector<double>();
        };
        const auto top = plain(x, dim, -1, [](double a, double b) { return std::max(a, b); });
        const auto low = plain(x, dim, 1e9, [](double a, double b) { return std::min(a, b); });
        EXPECT_EQ(flat(amax(x, {dim}, true)), top);
        EXPECT_EQ(flat(amin(x, {dim}, true)), low);
        EXPECT_EQ(flat(max(x, dim, true).first), top);
        EXPECT_EQ(flat(x.gather(dim, argmin(x, dim, true))), low);
        const auto count = plain(x, dim, 0, [](double a, double b) { return a + (b != 0); });
        EXPECT_EQ(flat(sum(ne(x, 0), {dim}, true)), count);
        EXPECT_EQ(flat(any(gt(x, 99), {dim}, true)),
                  plain(x, dim, 0, [](double a, double b) { return a + (b > 99) > 0; }));
      }
    }
  }
}

TEST(ReductionTest, TheFirstOfTiesIsFoundInLongLines) {
  Tensor x = zeros({2, 100'000});
  for (const int place : {99'999, 70'001, 40'003}) {
    x.slice(1, place, place + 1).fill_(5);
    EXPECT_EQ(argmax(x, 1).to_vector<int>(), (std::vector<int>{place, place}));
    EXPECT_EQ(argmin(-x).item<int>(), place);
    EXPECT_EQ(argmax(x.t().contiguous(), 0).to_vector<int>(), (std::vector<int>{place, place}));
  }
  x.slice(1, 50'000, 50'001).fill_(NAN);
  EXPECT_EQ(argmax(x, 1).to_vector<int>(), (std::vector<int>{50'000, 50'000}));
  EXPECT_EQ(argmin(x).item<int>(), 50'000);
  EXPECT_TRUE(std::isnan(amax(x).item<float>()));
  EXPECT_TRUE(std::isnan(norm(x, INFINITY).item<float>()));
}

TEST(ReductionTest, TheSameBitsForAnyNumberOfThreads) {
  const int before = num_threads();
  Generator generator(3);
  const Tensor x = randn({301, 1003}, kFloat32, generator);
  std::set<std::vector<float>> results;
  for (const int threads : {1, 2, 5}) {
    set_num_threads(threads);
    std::vector<float> numbers;
    for (const Shape& dims : {Shape{}, Shape{0}, Shape{1}}) {
      for (const Tensor& part : {sum(x, dims), prod(x, dims), var(x, dims), norm(x, 3, dims),
                                 logsumexp(x, dims), gradus::std(x, dims), amin(x, dims)}) {
        for (const float each : part.to_vector<float>()) numbers.push_back(each);
      }
    }
    for (const Tensor& part :
         {cumsum(x, 0), cumsum(x, 1), sort(x, 0).first, topk(x, 3).second.to(kFloat32)}) {
      for (const float each : part.to_vector<float>()) numbers.push_back(each);
    }
    results.insert(numbers);
  }
  set_num_threads(before);
  EXPECT_EQ(results.size(), 1U);
}

TEST(StatisticsTest, ALargeMeanCostsTheVarianceNoDigits) {
  const Tensor x = tensor(std::vector<double>{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16});
  EXPECT_DOUBLE_EQ(var(x).item<double>(), 30);
  EXPECT_DOUBLE_EQ(var(x, {}, false).item<double>(), 22.5);
  EXPECT_DOUBLE_EQ(gradus::std(x, {0}, 0.5).item<double>(), std::sqrt(90 / 3.5));
  const Tensor many = full({100'000}, 4097.0, kFloat32);
  EXPECT_EQ(var(many).item<float>(), 0);
}

TEST(StatisticsTest, GradientsAtTheKinksAreZero) {
  for (const double p : {2.0, 1.0, 3.0, 1.5, 0.5, HUGE_VAL}) {
    const Tensor x = zeros({2, 3}).requires_grad_();
    norm(x, p).backward();
    EXPECT_EQ(x.grad().to_vector<float>(), std::vector<float>(6, 0)) << p;
  }
  const Tensor same = full({4}, 3.0).requires_grad_();
  gradus::std(same).backward();
  EXPECT_EQ(same.grad().to_vector<float>(), std::vector<float>(4, 0));
}

TEST(StatisticsTest, NormsOfNothingNeedAnIdentity) {
  EXPECT_NE(message_of([] { norm(zeros({0}), -1); }).find("no extreme among no elements"),
            std::string::npos);
  EXPECT_NE(message_of([] { norm(zeros({2}), NAN); }).find("p is NaN"), std::string::npos);
}

TEST(ReductionTest, TheGradientOfAProductIsRightThroughSeveralZeros) {
  const Tensor x = tensor({0.0, 2.0, 3.0}, kFloat64).requires_grad_();
  const Tensor first = grad({prod(x)}, {x}, {}, {.create_graph = true})[0];
  EXPECT_EQ(first.to_vector<double>(), (std::vector<double>{6, 0, 0}));
  const Tensor second = grad({first.slice(0, 0, 1)}, {x}, {}, {.create_graph = true})[0];
  EXPECT_EQ(second.to_vector<double>(), (std::vector<double>{0, 3, 2}));
  const Tensor third = grad({second.slice(0, 1, 2)}, {x})[0];
  EXPECT_EQ(third.to_vector<double>(), (std::vector<double>{0, 0, 1}));
}

TEST(ReductionTest, AChangedIndexIsNoticed) {
  const Tensor x = rand({2, 3}).requires_grad_();
  const auto [values, indices] = max(x, 1);
  indices.zero_();
  EXPECT_NE(message_of([&, top = values] { sum(top).backward(); }).find("zero_"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus
