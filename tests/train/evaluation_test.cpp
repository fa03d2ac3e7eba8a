// What a run measures: regression from a table to the log, ragged batches, single examples, and
// metrics that do not fit.
#include <gtest/gtest.h>
#include "framework/train/trainer.h"

#include <cmath>
#include <numeric>

#include "framework/autograd/grad_mode.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

Json config(const Json& more) {
  Json json = test::parse_json(R"({
    "model": {"type": "mlp", "hidden": [8]},
    "loss": {"type": "mse"},
    "optimizer": {"type": "adam", "lr": 0.01},
    "batch_size": 16, "seed": 3})");
  json.update(more);
  return json;
}

Json random_config(const Json& dataset, const Json& more = Json::object()) {
  Json json = config(more);
  json["dataset"] = {{"type", "random"}, {"input_shape", {4}}, {"outputs", 3}};
  json["dataset"].update(dataset);
  if (!more.contains("loss")) json["loss"] = {{"type", "cross_entropy"}};
  return json;
}

std::vector<Json> events(const std::filesystem::path& run) {
  return test::read_json_lines(run / "metrics.jsonl");
}

// y = 2 a - b, z = a b over a grid.
std::string grid() {
  std::string text = "a,b,y,z\n";
  for (int a = 0; a < 12; ++a) {
    for (int b = 0; b < 10; ++b) {
      text += std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(2 * a - b) + "," +
              std::to_string(a * b / 10.0) + "\n";
    }
  }
  return text;
}

TEST(Evaluation, of_regression_goes_from_the_table_to_the_log) {
  const test::TempDir folder;
  test::write_text(folder / "table.csv", grid());
  Json json = config({{"epochs", 150}});
  json["dataset"] = {
      {"type", "csv"}, {"path", (folder / "table.csv").string()}, {"target", {"y", "z"}}};
  Trainer trainer{Config(json)};
  const TrainResult result = trainer.train({.out = folder / "run"});

  const NoGradGuard no_grad;
  std::vector<std::int64_t> all(static_cast<std::size_t>(trainer.data().test->size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  const data::Example test = trainer.data().test->get_batch(all);
  trainer.model().eval();
  const auto output = trainer.model()(test.input).to_vector<double>();
  const auto target = test.target.to_vector<double>();
  ASSERT_EQ(target.size(), 48U);
  double absolute = 0;
  double squares = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    absolute += std::abs(output[i] - target[i]);
    squares += (output[i] - target[i]) * (output[i] - target[i]);
  }
  const Json last = events(folder / "run").back();
  EXPECT_EQ(last["event"], "eval");
  EXPECT_NEAR(last["mae"].get<double>(), absolute / 48, 1e-12);
  EXPECT_NEAR(last["rmse"].get<double>(), std::sqrt(squares / 48), 1e-12);
  EXPECT_NEAR(last["loss"].get<double>(), squares / 48, 1e-5 * (1 + squares / 48));
  EXPECT_FALSE(last.contains("accuracy"));
  EXPECT_LT(last["rmse"].get<double>(), 1);
  EXPECT_LT(last["rmse"].get<double>(), 0.2 * events(folder / "run")[6]["rmse"].get<double>());
  EXPECT_EQ(result.last.metrics.size(), 2U);
  EXPECT_EQ(result.last.metric("mae"), last["mae"].get<double>());
  EXPECT_EQ(result.last.metric("r2"), std::nullopt);
  EXPECT_EQ(result.last.examples, 24);
}

TEST(Evaluation, measures_what_the_config_lists) {
  const test::TempDir folder;
  const Json json = random_config({{"size", 20}},
                                  {{"metrics", test::parse_json(R"(["f1", {"type": "top_k", "k": 2},
                                                  "confusion_matrix"])")}});
  Trainer trainer{Config(json)};
  trainer.train({.out = folder / "run"});
  const Json last = events(folder / "run").back();
  EXPECT_FALSE(last.contains("accuracy"));
  EXPECT_TRUE(last["f1_macro"].is_number());
  EXPECT_TRUE(last["top_2"].is_number());
  std::int64_t examples = 0;
  for (const Json& row : last["confusion_matrix"]) {
    for (const Json& count : row) examples += count.get<std::int64_t>();
  }
  EXPECT_EQ(examples, 256);
}

// Other metrics are no other run.
TEST(Evaluation, may_measure_something_else_after_resuming) {
  const test::TempDir folder;
  const auto train = [&](const Json& metrics, int epochs) {
    Trainer trainer{
        Config(random_config({{"size", 20}}, {{"metrics", metrics}, {"epochs", epochs}}))};
    trainer.train({.out = folder / "run", .resume = true});
    return events(folder / "run").back();
  };
  EXPECT_TRUE(train("default", 1).contains("accuracy"));
  EXPECT_TRUE(train({"f1"}, 2).contains("f1_macro"));
}

TEST(Evaluation, counts_every_example_of_ragged_batches) {
  for (const int size : {1, 2, 255, 256, 257, 513}) {
    Trainer trainer{Config(random_config({{"size", 4}, {"test_size", size}},
                                         {{"metrics", {"accuracy", "confusion_matrix"}}}))};
    const Evaluation found = trainer.evaluate();
    EXPECT_EQ(found.examples, size);
    const double hits = found.metric("accuracy").value_or(-1) * size;
    double diagonal = 0;
    for (std::size_t c = 0; c < 3; ++c) diagonal += (*found.metrics[1].value)[c][c].get<double>();
    EXPECT_NEAR(hits, diagonal, 1e-9) << size;
    EXPECT_TRUE(std::isfinite(found.loss));
  }
}

TEST(Evaluation, follows_training_on_batches_of_one_and_on_one_example) {
  const std::pair<int, int> cases[] = {{5, 1}, {1, 1}, {1, 16}, {17, 16}};
  for (const auto& [size, batch] : cases) {
    const test::TempDir folder;
    Trainer trainer{Config(
        random_config({{"size", size}, {"test_size", 1}}, {{"batch_size", batch}, {"epochs", 2}}))};
    const TrainResult result = trainer.train({.out = folder / "run"});
    EXPECT_EQ(result.steps, 2 * ((size + batch - 1) / batch));
    EXPECT_EQ(result.last.examples, 1);
    const auto accuracy = result.last.metric("accuracy").value_or(-1);
    EXPECT_TRUE(accuracy == 0 || accuracy == 1);
  }
}

// The loss of the whole test part at once, beside what evaluate() makes of it batch by batch.
struct Losses {
  double batches;
  double whole;
  double examples;
};

Losses losses_of(const Json& loss, const Json& dataset) {
  Json data = {{"size", 4}, {"test_size", 600}};
  data.update(dataset);
  Trainer trainer{Config(random_config(data, {{"loss", loss}, {"metrics", Json::array()}}))};
  const double batches = trainer.evaluate().loss;
  std::vector<std::int64_t> all(600);
  std::iota(all.begin(), all.end(), std::int64_t{0});
  const data::Example test = trainer.data().test->get_batch(all);
  const Tensor output = trainer.model()(test.input).detach();
  return {batches, trainer.loss()(output, test.target).item<double>(), 600};
}

TEST(Evaluation, of_a_mean_is_the_loss_of_the_whole_part) {
  const Json weighted = {{"weight", {0.2, 3, 1}}};
  const Json some = {{"ignore_index", 1}};
  const Json smooth = {{"weight", {0.2, 3, 1}}, {"ignore_index", 1}, {"label_smoothing", 0.2}};
  for (const Json& options : {Json::object(), weighted, some, smooth}) {
    Json loss = {{"type", "cross_entropy"}};
    loss.update(options);
    const Losses found = losses_of(loss, Json::object());
    EXPECT_NEAR(found.batches, found.whole, 2e-6) << loss;
  }
  const Losses nll = losses_of({{"type", "nll"}, {"weight", {0.2, 3, 1}}}, Json::object());
  EXPECT_NEAR(nll.batches, nll.whole, 2e-6);
  const Losses margin =
      losses_of({{"type", "multi_margin"}, {"weight", {1, 2, 3}}}, Json::object());
  EXPECT_NEAR(margin.batches, margin.whole, 2e-6);
  for (const char* name : {"mse", "l1", "huber", "poisson_nll"}) {
    const Losses found = losses_of({{"type", name}}, {{"target", "value"}});
    EXPECT_NEAR(found.batches, found.whole, 2e-6) << name;
  }
  const Losses binary = losses_of({{"type", "binary_cross_entropy_with_logits"}, {"pos_weight", 3}},
                                  {{"target", "binary"}});
  EXPECT_NEAR(binary.batches, binary.whole, 2e-6);
  const Losses divergence =
      losses_of({{"type", "kl_div"}, {"reduction", "batchmean"}}, {{"target", "binary"}});
  EXPECT_NEAR(divergence.batches, divergence.whole, 2e-6);
}

TEST(Evaluation, of_a_sum_is_the_sum_by_the_examples) {
  const std::pair<const char*, const char*> cases[] = {
      {"cross_entropy", "class"}, {"nll", "class"},
      {"multi_margin", "class"},  {"mse", "value"},
      {"kl_div", "binary"},       {"binary_cross_entropy_with_logits", "binary"}};
  for (const auto& [name, target] : cases) {
    const Losses found = losses_of({{"type", name}, {"reduction", "sum"}}, {{"target", target}});
    EXPECT_NEAR(found.batches, found.whole / found.examples, 2e-6) << name;
  }
  const Losses weighted = losses_of(
      {{"type", "cross_entropy"}, {"reduction", "sum"}, {"weight", {0.2, 3, 1}}}, Json::object());
  EXPECT_NEAR(weighted.batches, weighted.whole / 600, 2e-6);
}

// A batch in which no label counts says nothing; nor does a whole test part.
TEST(Evaluation, leaves_out_batches_without_a_label_that_counts) {
  const Json loss = {{"type", "cross_entropy"}, {"ignore_index", 0}};
  const Losses some = losses_of(loss, {{"test_size", 600}, {"outputs", 2}});
  EXPECT_TRUE(std::isfinite(some.batches));
  const Losses none = losses_of(loss, {{"outputs", 1}});
  EXPECT_TRUE(std::isnan(none.batches));
  EXPECT_TRUE(std::isnan(none.whole));
}

TEST(Evaluation, has_defaults_by_the_targets) {
  const auto names = [](const Json& json) {
    Trainer trainer{Config(json)};
    std::string all;
    for (const MetricResult& each : trainer.evaluate().metrics) all += each.name + " ";
    return all;
  };
  EXPECT_EQ(names(random_config(Json::object())), "accuracy ");
  EXPECT_EQ(names(random_config({{"target", "value"}}, {{"loss", {{"type", "mse"}}}})),
            "mae rmse ");
  const Json bce = {{"loss", {{"type", "binary_cross_entropy_with_logits"}}}};
  EXPECT_EQ(names(random_config({{"target", "binary"}}, bce)), "accuracy ");
  EXPECT_EQ(names(random_config(Json::object(), {{"metrics", Json::array()}})), "");
}

TEST(Evaluation, refuses_metrics_that_do_not_fit_before_it_starts) {
  const auto refusal = [](const Json& json) {
    return test::message_of<ConfigError>([&] { const Trainer trainer{Config(json)}; });
  };
  EXPECT_EQ(refusal(random_config(Json::object(), {{"metrics", {"mae"}}})),
            "/metrics: do not fit the model and the data: mae: targets are floating, got int64");
  EXPECT_EQ(refusal(random_config(Json::object(), {{"metrics", {"top_k"}}})),
            "/metrics: do not fit the model and the data: top_5: k is 5, but there are 3 classes");
  EXPECT_EQ(refusal(random_config({{"target", "value"}},
                                  {{"loss", {{"type", "mse"}}}, {"metrics", {"accuracy"}}}))
                .substr(0, 60),
            "/metrics: do not fit the model and the data: accuracy: targe");
}

class NoExamples : public data::Dataset {
 public:
  [[nodiscard]] std::int64_t size() const override { return 0; }
  [[nodiscard]] data::Example get(std::int64_t /*i*/) const override { return {}; }
};

struct EmptyOptions {
  bool test = false;
  void describe(OptionReader& o) { o("test", test, "whether only the test part is empty"); }
};

const bool kRegistered = data::datasets().add<EmptyOptions>(
    "no_examples", "for this test", [](const EmptyOptions& options) {
      const auto none = std::make_shared<NoExamples>();
      const auto one = std::make_shared<data::TensorDataset>(zeros({1, 2}), zeros({1}, kInt64));
      return std::make_shared<data::DataSource>(
          data::DataSource{options.test ? data::DatasetPtr(one) : none, none, {2}, 2});
    });

TEST(Evaluation, refuses_data_without_examples) {
  ASSERT_TRUE(kRegistered);
  for (const bool test : {false, true}) {
    Json json = config({{"loss", {{"type", "cross_entropy"}}}});
    json["dataset"] = {{"type", "no_examples"}, {"test", test}};
    EXPECT_EQ(test::message_of<ConfigError>([&] { const Trainer trainer{Config(json)}; }),
              test ? "/dataset: the test part is empty" : "/dataset: the training part is empty");
  }
}

}  // namespace
}  // namespace gradus
