// Runs that end when a metric no longer gets better, and what they keep of the best.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

// Noise is learned by heart: the loss of the test part falls and then rises.
Json config(const Json& more) {
  Json json = Json::parse(R"({
    "dataset": {"type": "random", "input_shape": [12], "outputs": 3, "size": 64},
    "model": {"type": "mlp", "hidden": [32]},
    "loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.01},
    "batch_size": 16, "epochs": 30})");
  json.update(more);
  return json;
}

// The losses of the test part, epoch by epoch.
std::vector<double> test_losses(const std::filesystem::path& run) {
  std::istringstream lines(test::read_text(run / "metrics.jsonl"));
  std::vector<double> result;
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line);
    if (event["event"] == "eval") result.push_back(event["loss"]);
  }
  return result;
}

// After how many epochs a run with these losses ends.
std::size_t expected_epochs(const std::vector<double>& losses, int patience, double min_delta) {
  double best = losses[0];
  int without = 0;
  for (std::size_t i = 1; i < losses.size(); ++i) {
    const bool is_better = losses[i] < best - min_delta;
    if (is_better) best = losses[i];
    without = is_better ? 0 : without + 1;
    if (without == patience) return i + 1;
  }
  return losses.size();
}

TEST(EarlyStopping, ends_a_run_whose_metric_gets_no_better) {
  const test::TempDir folder;
  const TrainResult whole =
      Trainer(Config(config(Json::object()))).train({.out = folder / "whole"});
  EXPECT_FALSE(whole.stopped_early);
  const std::vector<double> losses = test_losses(folder / "whole");
  ASSERT_EQ(losses.size(), 30U);
  const std::pair<int, double> cases[] = {{1, 0.0}, {3, 0.0}, {2, 0.05}};
  for (const auto& [patience, min_delta] : cases) {
    const std::size_t epochs = expected_epochs(losses, patience, min_delta);
    ASSERT_LT(epochs, 30U);
    const std::filesystem::path out = folder / std::to_string(patience);
    const Json early = {{"metric", "test_loss"}, {"patience", patience}, {"min_delta", min_delta}};
    const TrainResult found =
        Trainer(Config(config({{"early_stopping", early}}))).train({.out = out});
    EXPECT_TRUE(found.stopped_early);
    EXPECT_FALSE(found.stopped);
    EXPECT_EQ(test_losses(out),
              std::vector<double>(losses.begin(), losses.begin() + static_cast<int>(epochs)));
    EXPECT_EQ(load_checkpoint(found.checkpoint).loop.step, static_cast<int>(epochs) * 4);
  }
}

TEST(EarlyStopping, goes_on_and_ends_as_if_never_interrupted) {
  const test::TempDir folder;
  const Json json = config({{"early_stopping", {{"patience", 3}}}});
  const TrainResult whole = Trainer(Config(json)).train({.out = folder / "whole"});
  ASSERT_TRUE(whole.stopped_early);

  int steps = 0;
  const auto after_six = [&] { return ++steps == static_cast<int>(whole.steps) - 6; };
  const TrainResult stopped =
      Trainer(Config(json)).train({.out = folder / "parts", .stop_requested = after_six});
  EXPECT_TRUE(stopped.stopped);
  const TrainOptions resume = {.out = folder / "parts", .resume = true};
  EXPECT_TRUE(Trainer(Config(json)).train(resume).stopped_early);
  const auto same_run = [&] {
    EXPECT_EQ(test::read_text(folder / "whole/metrics.jsonl"),
              test::read_text(folder / "parts/metrics.jsonl"));
    EXPECT_EQ(test::read_text(whole.checkpoint),
              test::read_text(folder / "parts/checkpoints" / whole.checkpoint.filename().string()));
  };
  same_run();
  const TrainResult again = Trainer(Config(json)).train(resume);  // a run that has ended
  EXPECT_TRUE(again.stopped_early);
  EXPECT_EQ(again.steps, whole.steps);
  EXPECT_EQ(again.last.loss, whole.last.loss);
  same_run();
}

TEST(EarlyStopping, refuses_an_accuracy_where_there_is_none) {
  Json json =
      config({{"early_stopping", {{"metric", "test_accuracy"}}}, {"loss", {{"type", "mse"}}}});
  json["dataset"]["target"] = "value";
  EXPECT_EQ(test::message_of<ConfigError>([&] { Trainer{Config(json)}; }),
            "/early_stopping/metric: looks at test_accuracy, which only losses of classes have");
}

}  // namespace
}  // namespace gradus
