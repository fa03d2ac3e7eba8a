// The registered metrics: values as scikit-learn finds them, whatever the batches; what is not
// defined, and what is refused.
#include <gtest/gtest.h>
#include "framework/train/metrics.h"

#include <cmath>

#include "framework/kernels/parallel.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/views.h"
#include "tests/support/golden.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::message_of;

std::shared_ptr<Metric> make(const std::string& type, Json options = Json::object()) {
  options["type"] = type;
  return metrics().make(options);
}

// The metric whose name in logs is `name`: "f1_micro", "top_3", "mae".
std::shared_ptr<Metric> named_metric(const std::string& name) {
  for (const std::string type : {"precision", "recall", "f1"}) {
    if (name == type) return make(type, {{"average", "none"}});
    if (name.starts_with(type)) return make(type, {{"average", name.substr(type.size() + 1)}});
  }
  if (name.starts_with("top_")) return make("top_k", {{"k", std::stoi(name.substr(4))}});
  return make(name);
}

// Of all rows, taken in batches of this size.
Json value_of(const std::string& name, const Tensor& output, const Tensor& target,
              std::int64_t batch) {
  const auto metric = named_metric(name);
  EXPECT_EQ(metric->name(), name);
  for (std::int64_t at = 0; at < output.size(0); at += batch) {
    const std::int64_t end = std::min(at + batch, output.size(0));
    metric->update(output.slice(0, at, end), target.slice(0, at, end));
  }
  return metric->compute();
}

std::vector<double> flat(const Json& value) {
  if (!value.is_array()) return {value.get<double>()};
  std::vector<double> all;
  for (const Json& each : value) {
    const auto part = flat(each);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

struct MetricGolden : testing::Test {
  const Json golden = golden::load("data/metrics.json");
};

TEST_F(MetricGolden, values_are_those_of_scikit_learn) {
  int values = 0;
  for (const Json& each : golden["cases"]) {
    const Tensor output = golden::tensor_of(each["output"]);
    const Tensor target = golden::tensor_of(each["target"]);
    for (const auto& [name, expected] : each["values"].items()) {
      const auto found = flat(value_of(name, output, target, output.size(0)));
      const auto should = flat(expected);
      ASSERT_EQ(found.size(), should.size()) << each["name"] << " " << name;
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], should[i], 1e-12 * std::max(1.0, std::abs(should[i])))
            << each["name"] << " " << name;
      }
      ++values;
    }
  }
  EXPECT_GT(values, 60);
}

// The models' own dtype, which holds these scores exactly.
TEST_F(MetricGolden, values_of_float32_scores_are_the_same) {
  for (const Json& each : golden["cases"]) {
    if (each["target"].value("dtype", "") != "int64") continue;
    const Tensor output = golden::tensor_of(each["output"], kFloat32);
    const Tensor target = golden::tensor_of(each["target"]);
    for (const auto& [name, expected] : each["values"].items()) {
      const auto found = flat(value_of(name, output, target, output.size(0)));
      const auto should = flat(expected);
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], should[i], 1e-6) << each["name"] << " " << name;
      }
    }
  }
}

TEST_F(MetricGolden, values_have_the_same_bits_for_any_batches_and_threads) {
  const int before = num_threads();
  for (const Json& each : golden["cases"]) {
    const Tensor output = golden::tensor_of(each["output"]);
    const Tensor target = golden::tensor_of(each["target"]);
    for (const auto& [name, expected] : each["values"].items()) {
      set_num_threads(1);
      const Json whole = value_of(name, output, target, 1000);
      for (const std::int64_t batch : {1, 7, 16}) {
        set_num_threads(static_cast<int>(batch % 4 + 1));
        EXPECT_EQ(value_of(name, output, target, batch), whole) << each["name"] << " " << name;
      }
    }
  }
  set_num_threads(before);
}

TEST(Metrics, take_scores_of_sequences_and_images) {
  const Tensor scores = rand({3, 5, 4, 2}) - 0.5;  // five classes at each of 4 x 2 places
  const Tensor labels = randint(5, {3, 4, 2});
  const Tensor rows = scores.movedim(1, -1).reshape({24, 5});
  for (const char* name : {"accuracy", "top_2", "f1_macro", "perplexity", "roc_auc"}) {
    EXPECT_EQ(value_of(name, scores, labels, 3), value_of(name, rows, labels.reshape({24}), 24))
        << name;
  }
}

TEST(Metrics, ignore_a_label) {
  const Tensor scores = tensor({{2.0, 1.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 1.0, 0.0}});
  const Tensor labels = tensor({0, -100, 2});
  EXPECT_EQ(value_of("accuracy", scores, labels, 3), 0.5);
  EXPECT_EQ(value_of("confusion_matrix", scores, labels, 3),
            test::parse_json("[[1, 0, 0], [0, 0, 0], [0, 1, 0]]"));
  const auto metric = make("accuracy", {{"ignore_index", 0}});
  metric->update(scores, tensor({0, 1, 2}));
  EXPECT_EQ(metric->compute(), 0.5);
}

TEST(Metrics, of_equal_scores_the_first_class_comes_first) {
  const Tensor scores = tensor({{1.0, 1.0, 1.0}, {0.0, 2.0, 2.0}});
  EXPECT_EQ(value_of("accuracy", scores, tensor({0, 1}), 2), 1);
  EXPECT_EQ(value_of("accuracy", scores, tensor({2, 2}), 2), 0);
  EXPECT_EQ(value_of("top_2", scores, tensor({1, 2}), 2), 1);
  EXPECT_EQ(value_of("top_2", scores, tensor({2, 0}), 2), 0);
  const Tensor with_nan = tensor({{1.0, NAN, 2.0}});
  EXPECT_EQ(value_of("top_1", with_nan, tensor({1}), 1), 1);
  EXPECT_EQ(value_of("top_2", with_nan, tensor({2}), 1), 1);
  EXPECT_EQ(value_of("accuracy", with_nan, tensor({1}), 1), 1);
}

// A naive reference: all pairs.
TEST(Metrics, the_area_under_the_curve_is_the_share_of_pairs_in_order) {
  const Tensor scores = randint(20, {200, 2}).to(kFloat64);
  const Tensor labels = randint(2, {200});
  const auto s = scores.to_vector<double>();
  const auto y = labels.to_vector<int>();
  double pairs = 0;
  double in_order = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < y.size(); ++j) {
      if (y[i] != 1 || y[j] != 0) continue;
      const double gap = s[2 * i + 1] - s[2 * i] - (s[2 * j + 1] - s[2 * j]);
      pairs += 1;
      in_order += gap > 0 ? 1 : gap == 0 ? 0.5 : 0;
    }
  }
  EXPECT_EQ(value_of("roc_auc", scores, labels, 64), in_order / pairs);
}

TEST(Metrics, binary_targets_may_have_many_columns_for_accuracy_alone) {
  const Tensor scores = tensor({{1.0, -1.0}, {-0.5, 0.5}});
  const Tensor targets = tensor({{1.0, 1.0}, {0.0, 1.0}});
  EXPECT_EQ(value_of("accuracy", scores, targets, 1), 0.75);
  EXPECT_NE(
      message_of<ShapeError>([&] { make("f1")->update(scores, targets); }).find("takes one column"),
      std::string::npos);
  const auto probabilities = make("accuracy", {{"threshold", 0.6}});
  probabilities->update(tensor({0.59, 0.61, 0.1}), tensor({0.0, 1.0, 0.0}));
  EXPECT_EQ(probabilities->compute(), 1);
}

TEST(Metrics, are_undefined_where_there_is_nothing_to_measure) {
  for (const char* name : {"accuracy", "top_2", "f1_macro", "precision_micro", "recall_weighted",
                           "roc_auc", "perplexity", "mae", "rmse", "r2"}) {
    EXPECT_TRUE(std::isnan(named_metric(name)->compute().get<double>())) << name;
    EXPECT_EQ(test::dump(named_metric(name)->compute()), "null") << name;
  }
  EXPECT_EQ(named_metric("confusion_matrix")->compute(), Json::array());
  const Tensor scores = tensor({{1.0, 2.0}, {2.0, 1.0}});
  EXPECT_TRUE(std::isnan(value_of("roc_auc", scores, tensor({1, 1}), 2).get<double>()));
  const Tensor values = tensor({1.0, 2.0});
  EXPECT_TRUE(std::isnan(value_of("r2", values, tensor({3.0, 3.0}), 2).get<double>()));
  EXPECT_TRUE(std::isnan(value_of("r2", values, tensor({3.0, 4.0}), 2).get<double>()) == false);
  EXPECT_TRUE(std::isnan(
      value_of("roc_auc", tensor({{1.0, NAN}, {2.0, 1.0}}), tensor({1, 0}), 2).get<double>()));
  // Batches of no examples change nothing.
  const auto metric = make("accuracy");
  metric->update(zeros({0, 3}), zeros({0}, kInt64));
  metric->update(scores, tensor({1, 1}));
  EXPECT_EQ(metric->compute(), 0.5);
}

TEST(Metrics, refuse_targets_that_do_not_fit) {
  const Tensor scores = zeros({2, 3});
  for (const char* type :
       {"accuracy", "top_k", "f1", "confusion_matrix", "roc_auc", "perplexity"}) {
    const auto refusal = [&](const Tensor& target) {
      return message_of<Error>([&] { make(type)->update(scores, target); });
    };
    EXPECT_EQ(refusal(tensor({0, 3})), "label 3 is outside [0, 3), the classes of the scores")
        << type;
    EXPECT_EQ(refusal(tensor({-1, 0})), "label -1 is outside [0, 3), the classes of the scores");
    EXPECT_NE(refusal(tensor({0})).find("got [2, 3] and [1]"), std::string::npos) << type;
    EXPECT_NE(refusal(tensor({0.0, 1.0})).find("differ in shape"), std::string::npos) << type;
    EXPECT_NE(refusal(zeros({2}, kUInt8)).find("labels are int64"), std::string::npos) << type;
  }
  EXPECT_EQ(message_of<ValueError>([&] {
              make("accuracy")->update(zeros({2}), tensor({0.5, 1.0}));
            }),
            "target 0.500000 is neither 0 nor 1");
  EXPECT_EQ(message_of<ValueError>([&] {
              make("top_k")->update(scores, tensor({0, 1}));
            }),
            "k is 5, but there are 3 classes");
  for (const char* type : {"mae", "mse", "rmse", "r2"}) {
    EXPECT_THROW(make(type)->update(zeros({2, 1}), zeros({2})), ShapeError) << type;
    EXPECT_THROW(make(type)->update(zeros({2}), tensor({0, 1})), DTypeError) << type;
  }
  const auto f1 = make("f1");
  f1->update(scores, tensor({0, 1}));
  EXPECT_THROW(f1->update(zeros({2, 4}), tensor({0, 1})), ShapeError);
}

TEST(MetricsConfig, reads_names_and_objects) {
  const MetricsConfig config(test::parse_json(R"(["accuracy", {"type": "top_k", "k": 2}, "f1"])"));
  EXPECT_EQ(config.resolved()[1]["ignore_index"], -100);
  EXPECT_EQ(config.resolved()[2]["average"], "macro");
  EXPECT_EQ(MetricsConfig(config.resolved()).resolved(), config.resolved());
  MetricGroup group = config.make({"mae"});
  group.update(tensor({{2.0, 1.0, 0.0}, {0.0, 1.0, 0.5}}), tensor({0, 2}));
  EXPECT_EQ(to_text(group.compute()), "accuracy 50.00 %  top_2 100.00 %  f1_macro 0.3333");

  MetricGroup defaults = MetricsConfig().make({"mae", "r2"});
  defaults.update(tensor({1.0, 2.0}), tensor({2.0, 2.0}));
  EXPECT_EQ(to_text(defaults.compute()), "mae 0.5000  r2 undefined");
  EXPECT_EQ(MetricsConfig().resolved(), "default");
  EXPECT_TRUE(MetricsConfig(Json::array()).make({"mae"}).compute().empty());
}

TEST(MetricsConfig, refuses_what_is_no_list_of_metrics) {
  const auto refusal = [](const char* json) {
    return message_of<ConfigError>([&] { const MetricsConfig config(test::parse_json(json)); });
  };
  EXPECT_EQ(refusal(R"("accuracy")"),
            "/metrics: expected a list such as [\"accuracy\", {\"type\": \"top_k\"}], or "
            "\"default\"");
  EXPECT_EQ(refusal(R"(["acuracy"])"),
            "/metrics/0/type: unknown metric \"acuracy\" (did you mean \"accuracy\"?)");
  EXPECT_EQ(refusal(R"(["mae", {"type": "top_k", "k": 0}])"),
            "/metrics/1/k: 0 is out of range: must be >= 1");
  EXPECT_EQ(refusal(R"(["mae", {"type": "mae"}])"), "/metrics/1: \"mae\" is there already");
  EXPECT_EQ(refusal(R"(["mae", 5])"),
            "/metrics/1: expected an object such as {\"type\": "
            "\"accuracy\"}");
}

TEST(MetricGroup, names_the_metric_that_refuses) {
  MetricGroup group = MetricsConfig(test::parse_json(R"(["accuracy", "mae"])")).make({});
  EXPECT_EQ(message_of<DTypeError>([&] {
              group.update(zeros({1, 2}), tensor({0}));
            }),
            "mae: targets are floating, got int64");
}

}  // namespace
}  // namespace gradus
