// Profiles: what a scope counts, also of the chunks that other threads compute for it.
#include "framework/kernels/profile.h"
#include <gtest/gtest.h>
#include "framework/kernels/matmul.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/primitive_cache.h"

#include <thread>

namespace gradus::kernels {
namespace {

using profile::Phase;
using profile::Scope;

void multiply(std::int64_t m, std::int64_t k, std::int64_t n) {
  std::vector<float> a(static_cast<std::size_t>(m * k), 1);
  std::vector<float> b(static_cast<std::size_t>(k * n), 1);
  std::vector<float> c(static_cast<std::size_t>(m * n));
  const auto view = [](std::vector<float>& data, const Shape& sizes) {
    return View{data.data(), kFloat32, sizes, contiguous_strides(sizes)};
  };
  matmul(view(c, {m, n}), view(a, {m, k}), view(b, {k, n}));
}

TEST(Profile, counts_only_between_start_and_stop) {
  { const Scope before("op", Phase::Forward); }
  profile::start();
  { const Scope scope("op", Phase::Forward); }
  { const Scope scope("op", Phase::Backward); }
  { const Scope scope("op", Phase::Forward); }
  const std::vector<profile::Entry> found = profile::stop();
  { const Scope after("op", Phase::Forward); }
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "op");
  EXPECT_EQ(found[0].phase, Phase::Forward);
  EXPECT_EQ(found[0].calls, 2);
  EXPECT_GT(found[0].seconds, 0);
  EXPECT_EQ(found[1].phase, Phase::Backward);
  EXPECT_EQ(found[1].calls, 1);
  profile::start();
  EXPECT_TRUE(profile::stop().empty());
}

TEST(Profile, the_outermost_scope_counts) {
  profile::start();
  {
    const Scope outer("outer", Phase::Backward);
    const Scope inner("inner", Phase::Forward);
    profile::count_kernel("kernel", 7);
  }
  profile::count_kernel("nobody's", 1);
  const std::vector<profile::Entry> found = profile::stop();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "outer");
  EXPECT_EQ(found[0].multiply_adds, 7);
  EXPECT_EQ(found[0].kernels, (std::map<std::string, std::int64_t>{{"kernel", 1}}));
}

TEST(Profile, chunks_belong_to_the_scope_that_started_them) {
  const int before = num_threads();
  for (const int threads : {1, 4}) {
    set_num_threads(threads);
    profile::start();
    {
      const Scope scope("loop", Phase::Forward);
      parallel_for(100, [](std::int64_t) {
        const Scope inner("chunk", Phase::Forward);
        profile::count_kernel("kernel", 2);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      });
    }
    const std::vector<profile::Entry> found = profile::stop();
    ASSERT_EQ(found.size(), 1U) << threads;
    EXPECT_EQ(found[0].multiply_adds, 200);
    EXPECT_EQ(found[0].kernels.at("kernel"), 100);
  }
  set_num_threads(before);
}

std::int64_t g_allocated = 0;

TEST(Profile, counts_allocations_where_the_program_does) {
  EXPECT_EQ(profile::allocation_counter(), nullptr);
  profile::set_allocation_counter([] { return g_allocated; });
  profile::start();
  g_allocated += 5;
  {
    const Scope scope("op", Phase::Forward);
    g_allocated += 3;
    profile::count_kernel("kernel", 1);
  }
  g_allocated += 7;
  const std::vector<profile::Entry> found = profile::stop();
  profile::set_allocation_counter(nullptr);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].allocations, 3);
}

TEST(Profile, knows_the_work_of_products_whoever_computes_them) {
  for (const std::int64_t size : {4, 64, 300}) {  // a plain loop; one kernel; several blocks
    profile::start();
    {
      const Scope scope("matmul", Phase::Forward);
      multiply(size, size + 1, size + 2);
    }
    const std::vector<profile::Entry> found = profile::stop();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].multiply_adds, size * (size + 1) * (size + 2)) << size;
    EXPECT_EQ(found[0].kernels.contains("gradus"), size == 4);
  }
}

TEST(Profile, a_scope_may_outlast_the_recording) {
  profile::start();
  {
    const Scope scope("late", Phase::Forward);
    EXPECT_EQ(profile::stop().size(), 1U);
    profile::start();
  }
  for (const profile::Entry& each : profile::stop()) EXPECT_NE(each.calls, 1) << each.name;
  EXPECT_EQ(profile::current(), nullptr);
}

}  // namespace
}  // namespace gradus::kernels
