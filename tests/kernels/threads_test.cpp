// Threads rest when there is nothing to do, and there are no more of them than asked for.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace gradus {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST(ThreadsTest, NothingSpinsOnceTheWorkIsDone) {
  const int before = num_threads();
  set_num_threads(4);
  const Tensor x = rand({256, 256}).requires_grad_();
  matmul(x, x).sum().backward();
  const double start = cpu_seconds();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_LT(cpu_seconds() - start, 0.1);  // one spinning thread would take 0.3
  set_num_threads(before);
}

TEST(ThreadsTest, NoMoreThreadsComputeThanAskedFor) {
  const int before = num_threads();
  for (const int count : {1, 2, 3}) {
    set_num_threads(count);
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    kernels::parallel_for(64, [&](std::int64_t) {
      const int running = ++now;
      for (int seen = most; seen < running && !most.compare_exchange_weak(seen, running);) {
      }
      std::this_thread::sleep_for(milliseconds(1));
      --now;
    });
    EXPECT_LE(most, count);
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace gradus
