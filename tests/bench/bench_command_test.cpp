// `gradus bench`, as a person or a script meets it.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class BenchCommand : public test::ProgramTest {
 protected:
  static Words quick(const Words& more) {
    return Words{"bench", "--rounds", "2", "--round-seconds", "0.001"} + more;
  }
};

TEST_F(BenchCommand, measures_a_workload_as_json) {
  const ProcessResult result =
      gradus(quick({"--workload", "mlp_adam", "--workload", "graph", "--threads", "2", "--json"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json report = test::parse_json(result.out);
  EXPECT_EQ(report["threads"], 2);
  EXPECT_GT(report["roof"]["f32_gflops"].get<double>(), 1);
  ASSERT_EQ(report["workloads"].size(), 2U);
  const Json& mlp = report["workloads"][0];
  EXPECT_EQ(mlp["name"], "mlp_adam");
  EXPECT_EQ(mlp["batch"], 64);
  EXPECT_EQ(mlp["parameters"], 785 * 256 + 257 * 128 + 129 * 10);
  EXPECT_EQ(mlp["multiply_adds"], 64 * (3 * (784 * 256 + 256 * 128 + 128 * 10) - 784 * 256));
  EXPECT_GT(mlp["best_ms"].get<double>(), 0);
  EXPECT_GE(mlp["median_ms"], mlp["best_ms"]);
  EXPECT_GT(mlp["peak_memory_mb"].get<double>(), 1);
  EXPECT_GT(mlp["cpu_ms"].get<double>(), 0);
  EXPECT_TRUE(mlp["system_allocations_per_step"].is_number());
  EXPECT_FALSE(mlp.contains("profile"));
  EXPECT_EQ(report["workloads"][1]["multiply_adds"], 0);
}

TEST_F(BenchCommand, measures_any_config_and_profiles_it) {
  const ProcessResult result =
      gradus(quick(test::Words(small("cnn")) + Words{"--json", "--profile"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json measured = test::parse_json(result.out)["workloads"][0];
  EXPECT_EQ(measured["name"], "cnn");
  EXPECT_EQ(measured["batch"], 8);
  bool has_conv = false;
  for (const Json& each : measured["profile"]) {
    if (!each["op"].get<std::string>().starts_with("conv2d") || each["phase"] != "forward")
      continue;
    has_conv = true;
    EXPECT_EQ(each["calls"], 2);
    EXPECT_GT(each["gflops"].get<double>(), 0);
    EXPECT_FALSE(each["kernels"].empty());
  }
  EXPECT_TRUE(has_conv) << test::dump(measured["profile"], 1);
}

// On a CPU that has more, the same kernels run under oneDNN's cap as where there is no more.
TEST_F(BenchCommand, names_no_kernel_beyond_a_cap) {
  Words line = {"/usr/bin/env", "ONEDNN_MAX_CPU_ISA=AVX2", test::program_path()};
  line = line + quick({"--workload", "mlp_adam", "--workload", "cnn", "--json", "--profile"});
  const ProcessResult result = test::Process(line).finish();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::set<std::string> names;
  const Json report = test::parse_json(result.out);
  for (const Json& workload : report["workloads"]) {
    for (const Json& op : workload["profile"]) {
      for (const auto& kernel : op["kernels"].items()) names.insert(kernel.key());
    }
  }
  EXPECT_GT(names.size(), 1U);
  for (const std::string& name : names) {
    EXPECT_FALSE(contains(name, "avx512") || contains(name, "ref")) << name;
  }
}

TEST_F(BenchCommand, prints_a_table) {
  const ProcessResult result =
      gradus(quick({"--workload", "mlp_sgd", "--set", "batch_size=8", "--profile"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* part :
       {"roof, by oneDNN's matmul on ", "samples/s", "mlp_sgd ", " %", "linear ", "backward"}) {
    EXPECT_TRUE(contains(result.out, part)) << part << " is not in\n" << result.out;
  }
}

TEST_F(BenchCommand, refuses_what_it_cannot_measure) {
  const std::pair<Words, const char*> cases[] = {
      {{"--workload", "mlp_sdg"}, "unknown workload \"mlp_sdg\" (did you mean \"mlp_sgd\"?)"},
      {{"--workload", "mlp_sgd", "--set", "optimizer.momentun=1"}, "did you mean \"momentum\"?"},
      {{"--workload", "graph", "--set", "seed=1"}, "the workload graph has no config"},
      {{"--set", "seed=1"}, "needs a config file or a --workload"},
      {{"none.json"}, "cannot open none.json"},
      {{config("mlp"), "--workload", "graph"}, "cannot go with a config file"},
      {{"--rounds", "0"}, "--rounds"},
  };
  for (const auto& [line, message] : cases) {
    const ProcessResult result = gradus(quick(line));
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_EQ(result.out, "") << message;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
  }
}

}  // namespace
}  // namespace gradus
