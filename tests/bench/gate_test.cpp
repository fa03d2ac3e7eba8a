// The gate against regressions of speed. It holds what noise cannot move: how often a steady step
// allocates, how many ops and kernels it runs, and how many multiply-adds; and, with a margin of
// two, the processor time of a step on one thread against what its products take at the roof, which
// the same run measures. When a step gets better the bounds are to follow.
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::ProcessResult;
using test::Words;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr bool kReleased = false;
#else
constexpr bool kReleased = true;
#endif

// What oneDNN allocates by itself to run one kernel, on average: six or so for a product on matmul,
// none on sgemm, up to eight for others.
constexpr double kAllocations = 6;

struct Bounds {
  const char* workload;
  std::int64_t multiply_adds;  // exactly: no gradient that nobody asked for
  std::int64_t ops;            // at most, as all that follow
  std::int64_t kernels;
  double cpu_of_roof;  // processor time, as a multiple of what the products take at the roof
};

class Gate : public test::ProgramTest, public testing::WithParamInterface<Bounds> {
 protected:
  Json measure(const std::string& workload, const std::string& threads) const {
    const ProcessResult result = gradus({"bench", "--workload", workload, "--threads", threads,
                                         "--rounds", "10", "--round-seconds", "0.04", "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return test::parse_json(result.out)["workloads"][0];
  }
};

TEST_P(Gate, holds) {
  if (!kReleased) GTEST_SKIP() << "for the release build";
  const Bounds& bounds = GetParam();
  const Json step = measure(bounds.workload, "1");
  EXPECT_EQ(step["multiply_adds"], bounds.multiply_adds);
  EXPECT_LE(step["ops_per_step"].get<std::int64_t>(), bounds.ops);
  EXPECT_LE(step["kernels_per_step"].get<std::int64_t>(), bounds.kernels);
  EXPECT_LE(step["allocations_per_step"].get<double>(), 10 + kAllocations * bounds.kernels);
  EXPECT_LE(step["system_allocations_per_step"].get<double>(), 0.1);
  EXPECT_LE(step["cpu_ms"].get<double>(), bounds.cpu_of_roof * step["roof_ms"].get<double>());
}

constexpr std::int64_t mlp(std::int64_t batch) {
  return batch * (3 * (784 * 256 + 256 * 128 + 128 * 10) - 784 * 256);
}

constexpr std::int64_t higgs(std::int64_t batch) {
  return batch * (3 * (28 * 300 + 4 * 300 * 300 + 300) - 28 * 300);
}

constexpr std::int64_t cnn(std::int64_t batch) {
  constexpr std::int64_t kFirst = 28 * 28 * 32 * 9;
  constexpr std::int64_t kSecond = 14 * 14 * 64 * 32 * 9;
  return batch * (2 * kFirst + 3 * (kSecond + 3136 * 128 + 128 * 10));
}

INSTANTIATE_TEST_SUITE_P(Workloads, Gate,
                         testing::Values(Bounds{"mlp_sgd", mlp(64), 15, 13, 3},
                                         Bounds{"mlp_adam", mlp(64), 15, 13, 3},
                                         Bounds{"mlp_adam_1024", mlp(1024), 15, 34, 3},
                                         Bounds{"higgs", higgs(100), 27, 29, 3},
                                         Bounds{"cnn", cnn(64), 24, 65, 3.5}),
                         [](const auto& test) { return std::string(test.param.workload); });

}  // namespace
}  // namespace gradus
