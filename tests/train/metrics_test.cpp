// Metrics: means and accuracy, and numbers as they are written.
#include "framework/train/metrics.h"
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"

#include <cmath>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

TEST(MeanMetric, weighs_its_values) {
  MeanMetric mean;
  EXPECT_TRUE(std::isnan(mean.value()));
  mean.add(1, 3);
  mean.add(5, 1);
  EXPECT_EQ(mean.value(), 2);
}

TEST(MeanMetric, goes_on_from_what_another_had) {
  MeanMetric first;
  first.add(0.1, 3);
  MeanMetric second(first.total(), first.weight());
  first.add(0.7, 5);
  second.add(0.7, 5);
  EXPECT_EQ(second.value(), first.value());
}

TEST(EpochMetrics, are_read_by_name) {
  const EpochMetrics metrics = {
      1, 2, {{"accuracy", Json(0.5), true}, {"confusion_matrix", test::parse_json("[[1, 0]]")}}};
  EXPECT_EQ(metrics.at("train_loss"), 1);
  EXPECT_EQ(metrics.at("test_loss"), 2);
  EXPECT_EQ(metrics.at("test_accuracy"), 0.5);
  EXPECT_THROW(static_cast<void>(metrics.at("loss")), ValueError);
  EXPECT_THROW(static_cast<void>(metrics.at("accuracy")), ValueError);
  EXPECT_THROW(static_cast<void>(metrics.at("test_confusion_matrix")), ValueError);
  EXPECT_THROW(static_cast<void>(EpochMetrics{}.at("test_accuracy")), ValueError);
  EXPECT_EQ(metrics.names(),
            (std::vector<std::string>{"train_loss", "test_loss", "test_accuracy"}));
}

TEST(EpochMetrics, know_which_way_is_better) {
  for (const char* name : {"test_accuracy", "test_r2", "test_f1_macro", "test_top_3"}) {
    EXPECT_TRUE(is_larger_better(name)) << name;
  }
  for (const char* name : {"train_loss", "test_loss", "test_mae", "test_rmse", "test_perplexity"}) {
    EXPECT_FALSE(is_larger_better(name)) << name;
  }
}

// A user's metric whose options have no defaults is no fault of runs that watch another one.
struct Quantile : Metric {
  struct Options {
    double q = 0;
    void describe(OptionReader& o) { o.required()("q", q, "which"); }
  };
  [[nodiscard]] std::string name() const override { return "quantile"; }
  void update(const Tensor& /*output*/, const Tensor& /*target*/) override {}
  [[nodiscard]] Json compute() const override { return 0; }
};

TEST(EpochMetrics, know_it_beside_metrics_that_must_be_told_their_options) {
  metrics().add<Quantile::Options>("quantile", "of the errors", [](const Quantile::Options&) {
    return std::make_shared<Quantile>();
  });
  EXPECT_FALSE(is_larger_better("test_rmse"));
  EXPECT_TRUE(is_larger_better("test_quantile"));
}

TEST(Accuracy, is_the_share_of_rows_with_the_right_largest_score) {
  const Tensor scores = tensor({{0.1, 0.9}, {3.0, -1.0}, {-2.0, -1.0}, {5.0, 1.0}});
  EXPECT_EQ(accuracy(scores, tensor({1, 0, 1, 0})), 1);
  EXPECT_EQ(accuracy(scores, tensor({1, 0, 0, 1})), 0.5);
  EXPECT_EQ(accuracy(scores.requires_grad_(true), tensor({0, 1, 0, 1})), 0);
}

TEST(ShortDecimal, reads_as_one_writes_it_and_means_the_same_float) {
  EXPECT_EQ(test::dump(short_decimal(2.31F)), "2.31");
  EXPECT_EQ(test::dump(short_decimal(0.1F)), "0.1");
  for (const float value : {1.0F / 3, 1e-40F, 3.4e38F, -0.0F, 123456.789F}) {
    EXPECT_EQ(static_cast<float>(short_decimal(value)), value);
  }
  EXPECT_TRUE(std::isinf(short_decimal(INFINITY)));
  EXPECT_TRUE(std::isnan(short_decimal(NAN)));
}

}  // namespace
}  // namespace gradus
