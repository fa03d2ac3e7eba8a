// The loops of attention, row norms, gelu and random numbers have the same bits at every level.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "framework/kernels/native/attention.h"
#include "framework/kernels/native/gelu.h"
#include "framework/kernels/native/random.h"
#include "framework/kernels/native/row_norm.h"
#include "framework/kernels/random.h"

namespace gradus::kernels::native {
namespace {

template <class T>
std::vector<T> values(std::size_t count, double period) {
  std::vector<T> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i] = static_cast<T>(2 * std::sin(static_cast<double>(i) * period));
  }
  return result;
}

template <class T>
std::vector<double> as_doubles(const std::vector<T>& of) {
  return {of.begin(), of.end()};
}

template <class T>
class TransformerLoopsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has(Level::Avx512)) GTEST_SKIP() << "one level";
  }
};
using Types = testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(TransformerLoopsTest, Types);

template <class T>
std::vector<double> attention_at(Level level, std::int64_t length, std::int64_t width) {
  using C = Compute<T>;
  const auto count = static_cast<std::size_t>(length * width);
  const auto q = values<T>(count, 0.7);
  const auto k = values<T>(count, 1.3);
  const auto v = values<T>(count, 2.1);
  const auto g = values<T>(count, 0.3);
  std::vector<std::vector<T>> to(4, std::vector<T>(count));
  std::vector<C> weights(static_cast<std::size_t>(length * in_panels(length)));
  const AttentionHead<T> head{length,
                              length,
                              width,
                              width,
                              C{1} / 3,
                              true,
                              {q.data(), width, 1},
                              {k.data(), width, 1},
                              {v.data(), width, 1},
                              weights.data()};
  std::vector<C> scratch(static_cast<std::size_t>(
      std::max(AttentionOf<T>::forward_scratch(head), AttentionOf<T>::backward_scratch(head))));
  const auto& loops = attention_loops(level).template of<T>();
  loops.forward(head, {to[0].data(), width, 1}, scratch.data());
  loops.backward(head,
                 {{g.data(), width, 1},
                  {to[1].data(), width, 1},
                  {to[2].data(), width, 1},
                  {to[3].data(), width, 1}},
                 scratch.data());
  std::vector<double> all;
  for (const auto& each : to) all.insert(all.end(), each.begin(), each.end());
  return all;
}

TYPED_TEST(TransformerLoopsTest, Attention) {
  for (const auto& [length, width] : {std::pair(64, 32), std::pair(37, 20), std::pair(9, 70)}) {
    EXPECT_EQ(attention_at<TypeParam>(Level::Base, length, width),
              attention_at<TypeParam>(Level::Avx512, length, width))
        << length << " x " << width;
  }
}

template <class T>
std::vector<double> row_norm_at(Level level, std::int64_t columns) {
  using C = Compute<T>;
  constexpr std::int64_t kRows = 21;
  const auto count = static_cast<std::size_t>(kRows * columns);
  const auto x = values<T>(count, 0.7);
  const auto g = values<T>(count, 1.1);
  const auto weight = values<T>(static_cast<std::size_t>(columns), 0.5);
  std::vector<C> mean(kRows), inv_std(kRows), block(static_cast<std::size_t>(2 * columns));
  std::vector<T> y(count), gx(count);
  std::vector<double> sums(static_cast<std::size_t>(2 * columns));
  const NormRows<T> rows{x.data(), columns, weight.data(), mean.data(), inv_std.data()};
  const auto& loops = row_norm_loops(level).template of<T>();
  loops.forward(rows, y.data(), weight.data(), 1e-5, true, 0, kRows);
  loops.backward(rows, gx.data(), g.data(), sums.data(), sums.data() + columns, block.data(), true,
                 0, kRows);
  std::vector<double> all = as_doubles(y);
  for (const auto& each : {as_doubles(gx), as_doubles(mean), as_doubles(inv_std), sums}) {
    all.insert(all.end(), each.begin(), each.end());
  }
  return all;
}

TYPED_TEST(TransformerLoopsTest, RowNorm) {
  for (const std::int64_t columns : {1, 13, 128, 515}) {
    EXPECT_EQ(row_norm_at<TypeParam>(Level::Base, columns),
              row_norm_at<TypeParam>(Level::Avx512, columns))
        << columns;
  }
}

TYPED_TEST(TransformerLoopsTest, Gelu) {
  const auto x = values<TypeParam>(1003, 0.7);
  const auto g = values<TypeParam>(1003, 1.1);
  const auto at = [&](Level level) {
    const auto& loops = gelu_loops(level).template of<TypeParam>();
    std::vector<std::vector<TypeParam>> to(4, std::vector<TypeParam>(x.size()));
    const auto count = static_cast<std::int64_t>(x.size());
    loops.exact(to[0].data(), x.data(), count);
    loops.by_tanh(to[1].data(), x.data(), count);
    loops.exact_grad(to[2].data(), g.data(), x.data(), count);
    loops.by_tanh_grad(to[3].data(), g.data(), x.data(), count);
    std::vector<double> all;
    for (const auto& each : to) all.insert(all.end(), each.begin(), each.end());
    return all;
  };
  EXPECT_EQ(at(Level::Base), at(Level::Avx512));
}

TEST(RandomLoopsTest, TheirNumbersAreThoseOfTheBlocks) {
  const RandomKey key{0x123456789abcdef0U, 0xfedcba9876543210U};
  constexpr std::int64_t kBlocks = 77;
  for (const Level level : {Level::Base, Level::Avx512}) {
    if (!has(level)) continue;
    std::vector<float> out(2 * kBlocks);
    random_loops(level).uniform(out.data(), key.seed, key.stream, 0, 33);
    random_loops(level).uniform(out.data(), key.seed, key.stream, 33, kBlocks);
    for (std::size_t i = 0; i < kBlocks; ++i) {
      const auto block = random_block(key, i);
      EXPECT_EQ(out[2 * i], static_cast<float>(block[0] >> 8U) / (1U << 24U)) << i;
      EXPECT_EQ(out[2 * i + 1], static_cast<float>(block[2] >> 8U) / (1U << 24U)) << i;
    }
  }
}

}  // namespace
}  // namespace gradus::kernels::native
