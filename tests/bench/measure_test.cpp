// The measuring instrument: what it counts, against numbers worked out by hand.
#include <gtest/gtest.h>
#include "framework/bench/report.h"
#include "framework/kernels/parallel.h"
#include "framework/train/config.h"

#include <set>
#include <thread>

#include "tests/support/json.h"

namespace gradus::bench {
namespace {

constexpr MeasureOptions kQuick{.rounds = 3, .round_seconds = 0, .warm_up_seconds = 0};

Json small_mlp(int batch) {
  return test::parse_json(R"({
    "dataset": {"type": "random", "input_shape": [40], "outputs": 6, "size": 64},
    "model": {"type": "mlp", "hidden": [32]}, "loss": {"type": "cross_entropy"},
    "optimizer": {"type": "sgd", "lr": 0.01}, "batch_size": )" +
                          std::to_string(batch) + "}");
}

Measured measured(const Json& config) {
  return {"test", measure([&] { return training_step(config); }, kQuick)};
}

TEST(Measure, counts_the_multiply_adds_of_products) {
  // Forward and weight gradients of both layers; the input's gradient of the second one alone.
  const std::int64_t expected = 16 * (2 * 40 * 32 + 3 * 32 * 6);
  EXPECT_EQ(measured(small_mlp(16)).measurement.multiply_adds, expected);
}

TEST(Measure, counts_the_multiply_adds_of_convolutions) {
  const Json config = test::parse_json(R"({
    "dataset": {"type": "random", "input_shape": [3, 12, 12], "outputs": 5, "size": 16},
    "model": {"type": "cnn", "channels": [4, 8], "hidden": 16},
    "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd"}, "batch_size": 8})");
  const std::int64_t first = 12 * 12 * 4 * 3 * 9;
  const std::int64_t second = 6 * 6 * 8 * 4 * 9;
  const std::int64_t dense = 8 * 3 * 3 * 16 + 16 * 5;
  EXPECT_EQ(measured(config).measurement.multiply_adds, 8 * (2 * first + 3 * second + 3 * dense));
}

TEST(Measure, counts_the_same_with_any_number_of_threads) {
  const int before = num_threads();
  std::set<std::int64_t> kernels;
  std::set<std::int64_t> ops;
  std::set<std::int64_t> work;
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    const Measurement found = measured(small_mlp(64)).measurement;
    kernels.insert(found.kernels);
    ops.insert(found.ops);
    work.insert(found.multiply_adds);
  }
  set_num_threads(before);
  EXPECT_EQ(kernels.size(), 1U);
  EXPECT_EQ(ops.size(), 1U);
  EXPECT_EQ(work.size(), 1U);
  EXPECT_GT(*kernels.begin(), 4);
}

TEST(Measure, times_steps) {
  int runs = 0;
  const Step step{.run =
                      [&] {
                        ++runs;
                        std::this_thread::sleep_for(std::chrono::milliseconds(2));
                      },
                  .config = nullptr};
  const Measurement found = measure([&] { return step; }, kQuick);
  EXPECT_GE(found.best_seconds, 0.002);
  EXPECT_GE(found.median_seconds, found.best_seconds);
  EXPECT_EQ(found.steps, 3);
  EXPECT_GT(runs, 3);
  EXPECT_EQ(found.multiply_adds, 0);
  EXPECT_EQ(found.system_allocations, 0);
  EXPECT_GT(found.peak_memory, 1 << 20);
  EXPECT_FALSE(found.allocations.has_value());  // the library does not count them
}

TEST(Measure, profiles_ops_forward_and_backward) {
  std::set<std::string> seen;
  for (const auto& each : measured(small_mlp(16)).measurement.profile) {
    const char* phases[] = {" forward", " backward", ""};
    seen.insert(each.name + phases[static_cast<int>(each.phase)]);
    EXPECT_GT(each.calls, 0) << each.name;
    EXPECT_GT(each.seconds, 0) << each.name;
    if (each.name == "linear_relu") {
      EXPECT_EQ(each.calls, 1);
      EXPECT_GT(each.multiply_adds, 0);
      EXPECT_GE(each.bytes, 4 * (16 * 40 + 32));
      EXPECT_FALSE(each.kernels.empty());
    }
  }
  for (const char* each : {"linear forward", "linear backward", "linear_relu forward",
                           "linear_relu backward", "SGD", "next batch"}) {
    EXPECT_TRUE(seen.contains(each)) << each;
  }
}

TEST(Measure, refuses_steps_that_diverge) {
  Json config = small_mlp(16);
  config["optimizer"]["lr"] = 1e30;
  EXPECT_THROW(measured(config), Error);
}

TEST(Workloads, are_the_eight_of_the_table) {
  std::set<std::string> names;
  for (const Workload& each : workloads()) {
    names.insert(each.name);
    EXPECT_EQ(&find_workload(each.name), &each);
    if (each.config.empty()) continue;
    const Json config = test::parse_json(each.config);
    EXPECT_EQ(config["dataset"]["type"], "random") << each.name;
    EXPECT_EQ(config["dataset"]["size"].get<int>() % config["batch_size"].get<int>(), 0)
        << each.name << ": every batch is to be full";
  }
  EXPECT_EQ(names.size(), 8U);
  EXPECT_THROW(find_workload("mlp"), ConfigError);
}

TEST(Report, tells_the_share_of_the_roof) {
  Measured fast{"fast", {}};
  fast.measurement.best_seconds = 0.004;
  fast.measurement.examples = 64;
  fast.measurement.multiply_adds = 500'000'000;
  const Roof roof{.f32 = 500e9, .bf16 = {}};
  EXPECT_DOUBLE_EQ(roof_seconds(fast, roof), 0.002);
  const Json json = to_json(fast, roof);
  EXPECT_EQ(json["roof_ms"], 2.0);
  EXPECT_EQ(json["of_roof"], 0.5);
  EXPECT_EQ(json["gflops"], 250.0);
  EXPECT_EQ(json["samples_per_second"], 16000.0);
  EXPECT_TRUE(json["allocations_per_step"].is_null());
  EXPECT_TRUE(to_json(roof)["bf16_gflops"].is_null());

  fast.measurement.precision = "bf16";
  EXPECT_DOUBLE_EQ(roof_seconds(fast, {.f32 = 500e9, .bf16 = 1000e9}), 0.001);
}

}  // namespace
}  // namespace gradus::bench
