// Data at its edges: ragged batches, one example, labels that no class has, classes that are not
// trained on.
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"
#include "framework/train/trainer.h"

#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::message_of;

// Examples [1, 2, 2], of the given labels.
struct EdgeOptions {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test = {0, 1};
  std::int64_t classes = 3;
  void describe(OptionReader& o) {
    o("train", train, "labels");
    o("test", test, "labels");
    o("classes", classes, "how many there are");
  }
};

data::DatasetPtr examples_of(const std::vector<std::int64_t>& labels) {
  Generator generator(3);
  const auto count = std::ssize(labels);
  const Tensor inputs = rand({count, 1, 2, 2}, kFloat32, generator);
  return std::make_shared<data::TensorDataset>(inputs, tensor(labels).reshape({count}));
}

const bool kRegistered =
    data::datasets().add<EdgeOptions>("edge", "for this test", [](const EdgeOptions& options) {
      return std::make_shared<data::DataSource>(
          data::DataSource{.train = examples_of(options.train),
                           .test = examples_of(options.test),
                           .input_shape = {1, 2, 2},
                           .outputs = options.classes});
    });

Json config(const Json& labels, const Json& more = Json::object()) {
  Json json = test::parse_json(R"({"dataset": {"type": "edge"}, "model": {"type": "linear"},
      "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd", "lr": 0}, "batch_size": 4})");
  json["dataset"]["train"] = labels;
  json.merge_patch(more);
  return json;
}

// The losses of the steps of a run, and what its last evaluation found.
struct RunResult {
  std::vector<double> losses{};
  Evaluation last;

  explicit RunResult(const Json& json) {
    const test::TempDir folder;
    Trainer trainer{Config(json)};
    last = trainer.train({.out = folder / "run"}).last;
    for (const Json& event : test::read_json_lines(folder / "run/metrics.jsonl")) {
      if (event["event"] == "step") losses.push_back(event["loss"]);
    }
  }
};

std::string failure(const Json& json) {
  return test::message_of([&] { const RunResult result(json); });
}

const Json kTenLabels = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
const Json kNorm1d = test::parse_json(R"({"type": "sequential", "layers": [{"type": "flatten"},
    {"type": "batch_norm1d", "num_features": 4},
    {"type": "linear", "in_features": 4, "out_features": 3}]})");

TEST(EdgeCases, a_ragged_last_batch_counts_by_its_examples) {
  ASSERT_TRUE(kRegistered);
  const Json in_order = {{"shuffle", false}};
  const RunResult ragged(config(kTenLabels, in_order));
  ASSERT_EQ(ragged.losses.size(), 3U);
  const RunResult whole(config(kTenLabels, {{"shuffle", false}, {"batch_size", 10}}));
  ASSERT_EQ(whole.losses.size(), 1U);
  const double mean = (4 * ragged.losses[0] + 4 * ragged.losses[1] + 2 * ragged.losses[2]) / 10;
  EXPECT_NEAR(mean, whole.losses[0], 1e-6);
  // A batch larger than the data is all of it.
  EXPECT_EQ(RunResult(config(kTenLabels, {{"shuffle", false}, {"batch_size", 64}})).losses,
            whole.losses);
  // What is left is a step of its own, and its mean is over its two examples.
  const RunResult accumulated(config(kTenLabels, {{"shuffle", false}, {"accumulate_steps", 2}}));
  ASSERT_EQ(accumulated.losses.size(), 2U);
  EXPECT_NEAR((8 * accumulated.losses[0] + 2 * accumulated.losses[1]) / 10, whole.losses[0], 1e-6);
}

TEST(EdgeCases, one_example_is_data) {
  Json json = config({1}, {{"dataset", {{"test", {1}}}}, {"epochs", 20}});
  json["optimizer"]["lr"] = 1;
  const RunResult result(json);
  ASSERT_EQ(result.losses.size(), 20U);
  EXPECT_LT(result.losses.back(), result.losses.front() / 4);
  EXPECT_EQ(result.last.examples, 1);
  EXPECT_EQ(result.last.metric("accuracy"), 1.0);
  // Mixed with itself it stays what it is.
  json["dataset"]["transforms"] = {"mixup", "cutmix"};
  const RunResult mixed(json);
  for (std::size_t i = 0; i < result.losses.size(); ++i) {
    EXPECT_NEAR(mixed.losses[i], result.losses[i], 1e-5);
  }
}

// As in PyTorch.
TEST(EdgeCases, batch_norm_takes_no_single_value) {
  const std::string reason =
      "batch_norm: needs more than one value per channel in training, got input [1, 4]; choose a "
      "batch size that leaves no batch of one example";
  const std::string alone = failure(config(kTenLabels, {{"model", kNorm1d}, {"batch_size", 1}}));
  EXPECT_TRUE(alone.starts_with("step 1: ")) << alone;
  EXPECT_NE(alone.find(reason), std::string::npos) << alone;
  const std::string ragged = failure(config(kTenLabels, {{"model", kNorm1d}, {"batch_size", 3}}));
  EXPECT_TRUE(ragged.starts_with("step 4: ")) << ragged;
  EXPECT_NE(ragged.find(reason), std::string::npos) << ragged;
  EXPECT_EQ(failure(config(kTenLabels, {{"model", kNorm1d}, {"batch_size", 2}})), "no error");
  // A channel of an image has many values.
  Json images = kNorm1d;
  images["layers"] = test::parse_json(R"([{"type": "batch_norm2d", "num_features": 1},
      {"type": "flatten"}, {"type": "linear", "in_features": 4, "out_features": 3}])");
  EXPECT_EQ(failure(config(kTenLabels, {{"model", images}, {"batch_size", 1}})), "no error");
}

TEST(EdgeCases, data_without_examples_is_refused) {
  EXPECT_EQ(failure(config(Json::array())), "/dataset: the training part is empty");
  EXPECT_EQ(failure(config({0}, {{"dataset", {{"test", Json::array()}}}})),
            "/dataset: the test part is empty");
}

TEST(EdgeCases, labels_that_no_class_has_are_refused_with_the_step) {
  for (const std::int64_t label : {-1, 3, 1000}) {
    Json labels = kTenLabels;
    labels[5] = label;
    const std::string message = failure(config(labels, {{"shuffle", false}}));
    EXPECT_TRUE(message.starts_with("step 2: loss: cross_entropy: label " + std::to_string(label) +
                                    " is outside [0, 3), the classes of input [4, 3]"))
        << message;
  }
  const std::string tested = failure(config(kTenLabels, {{"dataset", {{"test", {0, 4}}}}}));
  EXPECT_NE(tested.find("label 4 is outside [0, 3)"), std::string::npos) << tested;
  const std::string first = failure(config({7, 0}));
  EXPECT_TRUE(
      first.starts_with("/loss: does not fit the model's output, of shape [1, 3]: "
                        "cross_entropy: label 7 is outside [0, 3)"))
      << first;
  Json mixed = kTenLabels;
  mixed[1] = 3;
  const Json mixup = {{"dataset", {{"transforms", {"mixup"}}}}, {"shuffle", false}};
  EXPECT_NE(failure(config(mixed, mixup))
                .find("label 3 is outside [0, 3), the classes that can be "
                      "mixed"),
            std::string::npos);
}

TEST(EdgeCases, an_ignored_label_counts_for_nothing) {
  Json labels = kTenLabels;
  labels[9] = -100;
  const Json whole = {{"shuffle", false}, {"batch_size", 10}};
  labels.erase(9);
  const double without = RunResult(config(labels, whole)).losses[0];
  labels.push_back(-100);
  EXPECT_NEAR(RunResult(config(labels, whole)).losses[0], without, 1e-6);
}

TEST(EdgeCases, a_class_that_is_not_trained_on_is_tested) {
  Json json = config({0, 1, 0, 1, 0, 1}, {{"dataset", {{"test", {0, 1, 2, 2}}}}});
  json["optimizer"]["lr"] = 0.1;
  json["metrics"] = {"accuracy", "f1", "recall", "confusion_matrix"};
  json["epochs"] = 3;
  const RunResult result(json);
  EXPECT_TRUE(std::isfinite(result.last.loss));
  const auto share = result.last.metric("accuracy");
  ASSERT_TRUE(share.has_value());
  EXPECT_LE(*share, 1);
  // The counts of the class of its own are those of its examples.
  for (const MetricResult& each : result.last.metrics) {
    if (each.name != "confusion_matrix") continue;
    ASSERT_EQ(each.value->size(), 3U);
    const Json row = (*each.value)[2];
    EXPECT_EQ(row[0].get<int>() + row[1].get<int>() + row[2].get<int>(), 2);
  }
  // A model with fewer outputs than classes cannot say so; that is found at once.
  json["model"] = test::parse_json(R"({"type": "sequential", "layers": [{"type": "flatten"},
      {"type": "linear", "in_features": 4, "out_features": 2}]})");
  EXPECT_EQ(failure(json), "/model: has 2 outputs, the data 3 classes");
}

}  // namespace
}  // namespace gradus
