// Element-wise loops, reductions, random numbers, memory and threads.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/kernels/random.h"

#include <atomic>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

namespace gradus {
namespace {

TEST(ElementwiseTest, LargeStridedOperandsEqualTheirDenseCopies) {
  const Tensor a = randn({64, 3, 40, 50}).permute({2, 0, 3, 1});
  const Tensor b = randn({40, 1, 50, 1});
  const Tensor strided = a * b;
  const Tensor dense = a.contiguous() * b.expand(a.sizes()).contiguous();
  EXPECT_EQ(strided.to_vector<float>(), dense.to_vector<float>());
}

TEST(ElementwiseTest, ResultsKeepTheLayoutOfTheirInput) {
  const Tensor image = rand({2, 3, 4, 5}).contiguous(MemoryFormat::ChannelsLast);
  EXPECT_TRUE(relu(image).is_contiguous(MemoryFormat::ChannelsLast));
  EXPECT_TRUE((image + 1).is_contiguous(MemoryFormat::ChannelsLast));
}

// The sum over `dims` by plain nested counting.
std::vector<double> naive_sum(const Tensor& x, const Shape& reduced_flags, const Shape& out) {
  std::vector<double> result(static_cast<std::size_t>(out.numel()));
  const std::vector<double> values = x.to_vector<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    std::int64_t rest = i;
    std::int64_t place = 0;
    std::int64_t step = 1;
    for (int d = x.dim() - 1; d >= 0; --d) {
      const std::int64_t index = rest % x.size(d);
      rest /= x.size(d);
      if (reduced_flags[d] == 0) {
        place += index * step;
        step *= x.size(d);
      }
    }
    result[static_cast<std::size_t>(place)] += values[static_cast<std::size_t>(i)];
  }
  return result;
}

TEST(ReduceTest, SumsEqualPlainLoopsOverAnyDims) {
  const Tensor dense = randn({6, 70, 5, 90});
  for (const Tensor& x :
       {dense, dense.permute({3, 1, 0, 2}), dense.contiguous(MemoryFormat::ChannelsLast)}) {
    for (int mask = 1; mask < 16; ++mask) {
      Shape dims;
      Shape flags = Shape::filled(4, 0);
      for (int d = 0; d < 4; ++d) {
        if ((mask >> d & 1) == 0) continue;
        dims.push_back(d);
        flags[d] = 1;
      }
      const Tensor total = x.sum(dims);
      const std::vector<double> expected = naive_sum(x, flags, total.sizes());
      const std::vector<double> actual = total.to_vector<double>();
      for (std::size_t i = 0; i < actual.size(); ++i) {
        ASSERT_NEAR(actual[i], expected[i], 1e-6 * std::max(10.0, std::fabs(expected[i]))) << mask;
      }
    }
  }
}

TEST(ReduceTest, SumsHaveTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = randn({300, 1000});
  const int before = num_threads();
  std::set<std::vector<float>> results;
  for (const int threads : {1, 2, 5}) {
    set_num_threads(threads);
    std::vector<float> all = x.sum(Shape{0}).to_vector<float>();
    for (const float each : x.sum(Shape{1}).to_vector<float>()) all.push_back(each);
    all.push_back(x.sum().item<float>());
    results.insert(all);
  }
  set_num_threads(before);
  EXPECT_EQ(results.size(), 1U);
}

TEST(ReduceTest, NanIsTheLargestValue) {
  const Tensor x = tensor({{1.0, NAN, 3.0}, {4.0, 5.0, 6.0}});
  EXPECT_TRUE(std::isnan(x.max().item<float>()));
  EXPECT_EQ(argmax(x, 1).to_vector<int>(), (std::vector<int>{1, 2}));
}

TEST(RandomTest, PhiloxGivesItsPublishedNumbers) {
  // Random123's known answers for philox4x32-10, counter and key all zeros and all ones.
  const auto zeros = kernels::random_block({0, 0}, 0);
  EXPECT_EQ(zeros, (std::array{0x6627e8d5U, 0xe169c58dU, 0xbc57ac4cU, 0x9b00dbd8U}));
  const auto ones = kernels::random_block({~0ULL, ~0ULL}, ~0ULL);
  EXPECT_EQ(ones, (std::array{0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU}));
}

TEST(RandomTest, NumbersDependOnSeedAndDrawAlone) {
  const auto draw = [](int threads) {
    set_num_threads(threads);
    Generator generator(42);
    rand({3}, kFloat32, generator);
    return randn({100'001}, kFloat32, generator).to_vector<float>();
  };
  const auto one = draw(1);
  EXPECT_EQ(draw(4), one);
  set_num_threads(2);
  EXPECT_NE(randn({100'001}).to_vector<float>(), one);
}

TEST(RandomTest, DistributionsHaveTheirMoments) {
  Generator generator(1);
  const Tensor uniform = rand({400'000}, kFloat64, generator);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.002);
  EXPECT_LT(uniform.max().item<double>(), 1.0);
  const Tensor normal = randn({400'000}, kFloat64, generator);
  EXPECT_NEAR(normal.mean().item<double>(), 0, 0.005);
  EXPECT_NEAR((normal * normal).mean().item<double>(), 1, 0.01);
  const Tensor dice = randint(1, 7, {60'000}, kInt64, generator);
  for (int side = 1; side <= 6; ++side) {
    EXPECT_NEAR(eq(dice, side).sum().item<double>(), 10'000, 400);
  }
}

TEST(MemoryTest, BlocksAreAlignedAndReused) {
  for (const std::size_t bytes : {1U, 63U, 64U, 65U, 1000U, 100'000U, 5'000'000U}) {
    void* block = kernels::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % kernels::kAlignment, 0U);
    static_cast<char*>(block)[bytes - 1] = 1;
    kernels::deallocate(block, bytes);
  }
  EXPECT_EQ(kernels::allocate(0), nullptr);
#if !defined(__SANITIZE_ADDRESS__)
  const auto before = memory_stats().system_allocations;
  for (int i = 0; i < 100; ++i) kernels::deallocate(kernels::allocate(123'456), 123'456);
  EXPECT_LE(memory_stats().system_allocations, before + 1);
#endif
}

TEST(MemoryTest, ABlockMayBeFreedOnAnotherThread) {
  const auto before = memory_stats().in_use;
  for (int i = 0; i < 50; ++i) {
    void* block = kernels::allocate(256);
    std::thread([block] { kernels::deallocate(block, 256); }).join();
  }
  EXPECT_EQ(memory_stats().in_use, before);
  empty_cache();
}

TEST(ParallelTest, EveryChunkRunsOnce) {
  std::vector<std::atomic<int>> counts(1000);
  kernels::parallel_for(1000, [&](std::int64_t i) { ++counts[static_cast<std::size_t>(i)]; });
  for (const auto& count : counts) EXPECT_EQ(count, 1);
}

TEST(ParallelTest, LoopsNestAndErrorsComeOut) {
  std::atomic<int> total{0};
  kernels::parallel_for(
      8, [&](std::int64_t) { kernels::parallel_for(8, [&](std::int64_t) { ++total; }); });
  EXPECT_EQ(total, 64);
  EXPECT_THROW(kernels::parallel_for(16,
                                     [](std::int64_t i) {
                                       if (i == 7) throw ValueError("seven");
                                     }),
               ValueError);
}

TEST(ParallelTest, ABackgroundTaskHandsOverItsErrorOnce) {
  kernels::BackgroundTask task([] { throw ValueError("late"); });
  EXPECT_THROW(task.wait(), ValueError);
  EXPECT_NO_THROW(task.wait());
}

TEST(ParallelTest, ATaskOutlivesAChangeOfThreads) {
  const int before = num_threads();
  std::atomic<int> done{0};
  std::vector<std::unique_ptr<kernels::BackgroundTask>> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(std::make_unique<kernels::BackgroundTask>([&] { ++done; }));
  }
  set_num_threads(1);
  for (const auto& task : tasks) task->wait();
  set_num_threads(before);
  EXPECT_EQ(done, 8);
}

TEST(ParallelTest, NeedsAtLeastOneThread) {
  EXPECT_THROW(set_num_threads(0), ValueError);
}

TEST(BFloat16Test, RoundsToNearestEvenAndKeepsSpecialValues) {
  EXPECT_EQ(float(BFloat16(1.0F)), 1.0F);
  EXPECT_EQ(BFloat16(1.00390625F).bits, 0x3f80);  // halfway: to the even neighbour below
  EXPECT_EQ(BFloat16(1.01171875F).bits, 0x3f82);  // halfway: to the even neighbour above
  EXPECT_TRUE(std::isnan(float(BFloat16(NAN))));
  EXPECT_TRUE(std::isinf(float(BFloat16(3.4e38F))));
}

}  // namespace
}  // namespace gradus
