// Examples that are held back from training: which, what is measured of them, and runs that look at
// that.
#include "framework/train/validation.h"
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"
#include "framework/train/trainer.h"

#include <numeric>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

data::DatasetPtr numbers(std::int64_t count) {
  const Tensor values = arange(0, static_cast<double>(count), 1, kFloat32);
  return std::make_shared<data::TensorDataset>(values.reshape({count, 1}), values);
}

std::vector<float> contents(const data::Dataset& part) {
  std::vector<float> result;
  for (std::int64_t i = 0; i < part.size(); ++i) result.push_back(part.get(i).target.item<float>());
  return result;
}

TEST(Validation, parts_are_all_examples_each_once_and_in_order) {
  for (const auto& [ratio, expected] : {std::pair{0.25, 5U}, {0.01, 1U}, {0.99, 19U}}) {
    const data::HeldBack parts = data::hold_back(numbers(20), ratio, 3);
    const std::vector<float> train = contents(*parts.train);
    const std::vector<float> held = contents(*parts.validation);
    EXPECT_EQ(held.size(), expected);
    EXPECT_TRUE(std::is_sorted(train.begin(), train.end()));
    EXPECT_TRUE(std::is_sorted(held.begin(), held.end()));
    std::vector<float> both;
    std::merge(train.begin(), train.end(), held.begin(), held.end(), std::back_inserter(both));
    std::vector<float> all(20);
    std::iota(all.begin(), all.end(), 0.0F);
    EXPECT_EQ(both, all);
  }
  const auto held = [](std::uint64_t seed) {
    return contents(*data::hold_back(numbers(100), 0.3, seed).validation);
  };
  EXPECT_EQ(held(1), held(1));
  EXPECT_NE(held(1), held(2));
}

Json config(const Json& more) {
  Json json = test::parse_json(R"({
    "dataset": {"type": "moons", "size": 80, "test_size": 40, "noise": 0.4, "seed": 2,
                "validation_ratio": 0.25},
    "model": {"type": "mlp", "hidden": [32]},
    "loss": {"type": "cross_entropy"},
    "optimizer": {"type": "adam", "lr": 0.05},
    "epochs": 12, "batch_size": 20, "seed": 3})");
  json.merge_patch(more);
  return json;
}

std::vector<Json> evaluations(const std::filesystem::path& run) {
  std::vector<Json> result;
  for (const Json& event : test::read_json_lines(run / "metrics.jsonl")) {
    if (event["event"] == "eval") result.push_back(event);
  }
  return result;
}

TEST(Validation, is_measured_as_a_test_part_of_those_examples_would_be) {
  const test::TempDir folder;
  Trainer trainer{Config(config(Json::object()))};
  EXPECT_EQ(trainer.data().train->size(), 60);
  EXPECT_EQ(trainer.steps_per_epoch(), 3);
  const TrainResult found = trainer.train({.out = folder / "run"});
  ASSERT_TRUE(found.last_validation);
  EXPECT_EQ(found.last_validation->examples, 20);
  EXPECT_EQ(found.last.examples, 40);
  const std::vector<Json> all = evaluations(folder / "run");
  ASSERT_EQ(all.size(), 12U);
  EXPECT_EQ(all.back()["validation_loss"],
            short_decimal(static_cast<float>(found.last_validation->loss)));
  EXPECT_EQ(all.back()["validation_accuracy"], found.last_validation->metric("accuracy"));
  EXPECT_NE(all.back()["validation_loss"], all.back()["loss"]);
  // By hand: the examples that are held back, through the trained model.
  Trainer whole{Config(config({{"dataset", {{"validation_ratio", 0}}}}))};
  EXPECT_FALSE(whole.validate());
  const auto held = data::hold_back(whole.data().train, 0.25, 0).validation;
  std::vector<std::int64_t> indices(20);
  std::iota(indices.begin(), indices.end(), 0);
  const data::Example examples = held->get_batch(indices);
  const Tensor output = trainer.outputs(examples.input);
  EXPECT_NEAR(found.last_validation->loss, cross_entropy(output, examples.target).item<float>(),
              1e-6);
}

TEST(Validation, decides_on_the_best_checkpoint_and_the_end) {
  const test::TempDir folder;
  const Json json = config({{"epochs", 60},
                            {"checkpoint", {{"best", "validation_accuracy"}}},
                            {"early_stopping", {{"metric", "validation_loss"}, {"patience", 4}}}});
  const TrainResult found = Trainer(Config(json)).train({.out = folder / "run"});
  EXPECT_TRUE(found.stopped_early);
  const std::vector<Json> all = evaluations(folder / "run");
  const auto best = std::min_element(all.begin(), all.end(), [](const Json& a, const Json& b) {
    return a["validation_loss"].get<double>() < b["validation_loss"].get<double>();
  });
  EXPECT_EQ(all.end() - best, 5);  // it, and four that are no better
  EXPECT_FALSE(found.best.empty());
}

TEST(Validation, goes_on_as_if_never_interrupted) {
  const test::TempDir folder;
  const Json json = config({{"dataset", {{"validation_seed", 5}}}});
  Trainer(Config(json)).train({.out = folder / "whole"});
  int steps = 0;
  Trainer(Config(json)).train({.out = folder / "parts", .stop_requested = [&] {
                                 return ++steps == 17;
                               }});
  Trainer(Config(json)).train({.out = folder / "parts", .resume = true});
  EXPECT_EQ(test::read_text(folder / "parts/metrics.jsonl"),
            test::read_text(folder / "whole/metrics.jsonl"));
}

TEST(Validation, is_refused_where_there_is_none) {
  EXPECT_EQ(test::message_of<ConfigError>([] {
              const Trainer trainer{Config(config({{"dataset", {{"size", 1}}}}))};
            }),
            "/dataset/validation_ratio: a training part of 1 examples has none to hold back; 0 "
            "holds none back");
  const Json none = {{"dataset", {{"validation_ratio", 0}}},
                     {"early_stopping", {{"metric", "validation_loss"}}}};
  EXPECT_EQ(test::message_of<ConfigError>([&] { const Trainer trainer{Config(config(none))}; }),
            "/early_stopping/metric: \"validation_loss\" needs examples that are held back: give "
            "/dataset/validation_ratio a share of them");
}

}  // namespace
}  // namespace gradus
