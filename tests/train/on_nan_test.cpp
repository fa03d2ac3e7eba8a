// Training whose loss is not finite: what stops or is skipped, and what is kept.
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"
#include "framework/train/trainer.h"

#include <cmath>
#include <cstring>

#include "tests/support/json.h"
#include "tests/support/npy_file.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// 24 rows to learn, in their order; one of them is too large to be squared.
class OnNan : public testing::Test {
 protected:
  static constexpr int kRows = 24;
  static constexpr int kBatch = 4;
  static constexpr int kBadRow = 9;  // of the third step

  OnNan() { write_rows(1e30F); }

  // `bad` in one input, which spoils running statistics, and in its target.
  void write_rows(float bad) const {
    std::vector<float> inputs;
    std::vector<float> targets;
    for (int i = 0; i < kRows; ++i) {
      inputs.push_back(i == kBadRow ? bad : std::sin(static_cast<float>(i)));
      inputs.push_back(std::cos(static_cast<float>(i)));
      targets.push_back(i == kBadRow ? bad : std::sin(static_cast<float>(2 * i)));
    }
    test::write_text(folder_ / "x.npy", test::npy_array("<f4", "(24, 2)", floats(inputs)));
    test::write_text(folder_ / "y.npy", test::npy_array("<f4", "(24, 1)", floats(targets)));
    test::write_text(folder_ / "tx.npy", test::npy_array("<f4", "(2, 2)", floats({1, 0, 0, 1})));
    test::write_text(folder_ / "ty.npy", test::npy_array("<f4", "(2, 1)", floats({1, 0})));
  }

  [[nodiscard]] Json config(const Json& more = Json::object()) const {
    Json json = test::parse_json(R"({
      "model": {"type": "sequential", "layers": [
        {"type": "linear", "in_features": 2, "out_features": 3},
        {"type": "batch_norm1d", "num_features": 3},
        {"type": "dropout", "p": 0.2},
        {"type": "linear", "in_features": 3, "out_features": 1}]},
      "loss": {"type": "mse"}, "optimizer": {"type": "adam", "lr": 0.01},
      "shuffle": false, "batch_size": 4, "epochs": 2, "seed": 2})");
    json["dataset"] = {{"type", "npy"},
                       {"inputs", (folder_ / "x.npy").string()},
                       {"targets", (folder_ / "y.npy").string()},
                       {"test_inputs", (folder_ / "tx.npy").string()},
                       {"test_targets", (folder_ / "ty.npy").string()}};
    json.merge_patch(more);
    return json;
  }
  [[nodiscard]] TrainOptions out(const char* name, bool resume = false) const {
    return {.out = folder_ / name, .resume = resume};
  }
  [[nodiscard]] std::vector<Json> events(const char* run) const {
    return test::read_json_lines(folder_ / run / "metrics.jsonl");
  }
  static void expect_finite(const nn::StateDict& state) {
    for (const auto& [name, tensor] : state) {
      for (const double value : tensor.to_vector<double>())
        ASSERT_TRUE(std::isfinite(value)) << name;
    }
  }

  test::TempDir folder_;
};

TEST_F(OnNan, a_run_stops_with_the_op_named_and_the_state_before_saved) {
  const std::string said =
      test::message_of<Error>([&] { Trainer(Config(config())).train(out("run")); });
  const auto file = CheckpointFolder(folder_ / "run/checkpoints").of_step(2);
  EXPECT_EQ(said.find("step 3: the loss is "), 0U) << said;
  EXPECT_NE(said.find("; first: loss: mse_loss: the result has inf"), std::string::npos) << said;
  EXPECT_NE(said.find("the state before this step is in " + file.string()), std::string::npos);

  const Checkpoint saved = load_checkpoint(file);
  EXPECT_EQ(saved.loop.step, 2);
  EXPECT_EQ(saved.loop.loader.batch, 2);
  expect_finite(saved.model);
  // The same as what a run has that stops there by itself.
  int steps = 0;
  TrainOptions two = out("two");
  two.stop_requested = [&] { return ++steps == 2; };
  Trainer(Config(config())).train(two);
  EXPECT_TRUE(test::read_text(file) ==
              test::read_text(CheckpointFolder(folder_ / "two/checkpoints").of_step(2)));
}

TEST_F(OnNan, a_run_that_stopped_goes_on_when_the_cause_is_gone) {
  EXPECT_THROW(Trainer(Config(config())).train(out("run")), Error);
  EXPECT_THROW(Trainer(Config(config())).train(out("run", true)), Error);  // there it is again
  write_rows(0.5F);
  const TrainResult result = Trainer(Config(config())).train(out("run", true));
  Trainer(Config(config())).train(out("whole"));
  EXPECT_EQ(result.steps, 12);
  EXPECT_TRUE(test::read_text(result.checkpoint) ==
              test::read_text(CheckpointFolder(folder_ / "whole/checkpoints").of_step(12)));
  EXPECT_EQ(test::read_text(folder_ / "run/metrics.jsonl"),
            test::read_text(folder_ / "whole/metrics.jsonl"));
}

TEST_F(OnNan, steps_are_skipped_and_counted) {
  const TrainResult result = Trainer(Config(config({{"on_nan", "skip"}}))).train(out("run"));
  EXPECT_EQ(result.skipped, 2);
  EXPECT_EQ(result.steps, 12);
  const Checkpoint saved = load_checkpoint(result.checkpoint);
  EXPECT_EQ(saved.loop.skipped, 2);
  expect_finite(saved.model);  // running statistics among it
  std::vector<std::int64_t> skipped;
  for (const Json& event : events("run")) {
    if (event["event"] == "skip") skipped.push_back(event["step"]);
  }
  EXPECT_EQ(skipped, (std::vector<std::int64_t>{3, 9}));
}

TEST_F(OnNan, runs_that_skip_resume_to_the_same_bits) {
  const Json json = config({{"on_nan", "skip"}, {"checkpoint", {{"every_steps", 1}}}});
  const TrainResult whole = Trainer(Config(json)).train(out("whole"));
  for (const int stop : {2, 3, 4, 9}) {
    const std::string name = "parts" + std::to_string(stop);
    int steps = 0;
    TrainOptions first = out(name.c_str());
    first.stop_requested = [&] { return ++steps == stop; };
    Trainer(Config(json)).train(first);
    const TrainResult result = Trainer(Config(json)).train(out(name.c_str(), true));
    EXPECT_EQ(result.skipped, 2);
    EXPECT_TRUE(test::read_text(result.checkpoint) == test::read_text(whole.checkpoint));
    EXPECT_EQ(events(name.c_str()), events("whole"));
  }
}

TEST_F(OnNan, an_epoch_of_nothing_else_ends_the_run) {
  Json json = config({{"on_nan", "skip"}, {"batch_size", kRows}});
  const std::string said =
      test::message_of<Error>([&] { Trainer(Config(json)).train(out("run")); });
  EXPECT_EQ(said.find("step 1: all steps of this epoch were skipped"), 0U) << said;
}

// Weights go through the roof in the second step, and the loss after them.
TEST_F(OnNan, weights_that_are_not_finite_are_not_saved) {
  write_rows(0.5F);
  const Json json = config({{"optimizer", {{"type", "sgd"}, {"lr", 1e38}}},
                            {"checkpoint", {{"every_steps", 1}, {"keep", 100}}}});
  const std::string said =
      test::message_of<Error>([&] { Trainer(Config(json)).train(out("run")); });
  EXPECT_NE(said, "no such error");
  for (const auto& file : CheckpointFolder(folder_ / "run/checkpoints").all()) {
    expect_finite(load_checkpoint(file).model);
  }
}

TEST_F(OnNan, anomaly_mode_finds_what_no_loss_shows) {
  write_rows(0.5F);
  // The square root's slope at 0 is infinite; times 0 it is NaN in the weights, not in the loss.
  TrainOptions options = out("run");
  options.detect_anomaly = true;
  const Json json = config({{"optimizer", {{"type", "sgd"}, {"lr", 1e38}}}});
  const std::string said = test::message_of<Error>([&] { Trainer(Config(json)).train(options); });
  EXPECT_EQ(said.find("step "), 0U) << said;
  EXPECT_NE(said.find("the result has "), std::string::npos) << said;
}

}  // namespace
}  // namespace gradus
