// Runs that end when a metric no longer gets better, and what they keep of the best.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "framework/train/checkpoint.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

// Noise is learned by heart: the loss of the test part falls and then rises.
Json config(const Json& more) {
  Json json = test::parse_json(R"({
    "dataset": {"type": "random", "input_shape": [12], "outputs": 3, "size": 64},
    "model": {"type": "mlp", "hidden": [32]},
    "loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.01},
    "batch_size": 16, "epochs": 30})");
  json.update(more);
  return json;
}

// The losses of the test part, epoch by epoch.
std::vector<double> test_losses(const std::filesystem::path& run) {
  std::vector<double> result;
  for (const Json& event : test::read_json_lines(run / "metrics.jsonl")) {
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

TEST(BestCheckpoint, is_that_of_the_epoch_with_the_best_metric) {
  const test::TempDir folder;
  const Json json = config({{"checkpoint", {{"best", "test_loss"}, {"keep", 1}}}});
  const TrainResult result = Trainer(Config(json)).train({.out = folder / "run"});
  const std::vector<double> losses = test_losses(folder / "run");
  const auto lowest = std::min_element(losses.begin(), losses.end());
  ASSERT_NE(lowest, losses.end() - 1);  // else it says nothing
  EXPECT_EQ(load_checkpoint(result.best).loop.step, (lowest - losses.begin() + 1) * 4);
  Trainer fresh{Config(json)};
  load_weights(fresh.model(), result.best);
  EXPECT_EQ(short_decimal(static_cast<float>(fresh.evaluate().loss)), *lowest);
}

TEST(BestCheckpoint, is_the_same_when_the_run_was_interrupted) {
  const test::TempDir folder;
  const Json json =
      config({{"checkpoint", {{"best", "test_accuracy"}, {"keep", 1}}}, {"epochs", 8}});
  const TrainResult whole = Trainer(Config(json)).train({.out = folder / "whole"});
  for (const int stop : {1, 7, 12, 30}) {
    const std::filesystem::path out = folder / std::to_string(stop);
    int steps = 0;
    Trainer(Config(json)).train({.out = out, .stop_requested = [&] { return ++steps == stop; }});
    const TrainResult found = Trainer(Config(json)).train({.out = out, .resume = true});
    EXPECT_EQ(test::read_text(found.best), test::read_text(whole.best)) << stop;
    EXPECT_EQ(test::read_text(found.checkpoint), test::read_text(whole.checkpoint)) << stop;
  }
}

TEST(BestCheckpoint, begins_anew_with_another_metric) {
  const test::TempDir folder;
  const auto run = [&](const std::string& best, int epochs) {
    const Json json = config({{"checkpoint", {{"best", best}}}, {"epochs", epochs}});
    return Trainer(Config(json)).train({.out = folder / "run", .resume = true});
  };
  EXPECT_EQ((*load_checkpoint(run("train_loss", 2).best).loop.best)["metric"], "train_loss");
  const TrainResult found = run("test_accuracy", 3);
  EXPECT_EQ(load_checkpoint(found.best).loop.step, 12);
  EXPECT_EQ((*load_checkpoint(found.best).loop.best)["metric"], "test_accuracy");
  EXPECT_TRUE(load_checkpoint(run("none", 4).checkpoint).loop.best->is_null());
}

TEST(EarlyStopping, refuses_an_accuracy_where_there_is_none) {
  Json json =
      config({{"early_stopping", {{"metric", "test_accuracy"}}}, {"loss", {{"type", "mse"}}}});
  json["dataset"]["target"] = "value";
  EXPECT_EQ(test::message_of<ConfigError>([&] { Trainer{Config(json)}; }),
            "/early_stopping/metric: no such metric is measured: \"test_accuracy\" (valid: "
            "train_loss, test_loss, "
            "test_mae, test_rmse)");
}

}  // namespace
}  // namespace gradus
