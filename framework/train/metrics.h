// Metrics: what is measured over many batches or at the end of an epoch, and the log of a run.
#pragma once

#include "framework/nn/options.h"
#include "framework/tensor/tensor.h"

#include <filesystem>
#include <fstream>

namespace gradus {

/// A mean in which every value has a weight.
class MeanMetric {
 public:
  MeanMetric() = default;
  /// Goes on from what another one had.
  MeanMetric(double total, std::int64_t weight) : total_(total), weight_(weight) {}
  void add(double value, std::int64_t weight) {
    total_ += value * static_cast<double>(weight);
    weight_ += weight;
  }
  /// NaN when nothing was added.
  [[nodiscard]] double value() const { return total_ / static_cast<double>(weight_); }
  [[nodiscard]] double total() const { return total_; }
  [[nodiscard]] std::int64_t weight() const { return weight_; }

 private:
  double total_ = 0;
  std::int64_t weight_ = 0;
};

/// What is known at the end of an epoch.
struct EpochMetrics {
  double train_loss = 0;
  double test_loss = 0;
  std::optional<double> test_accuracy{};  ///< of classification

  /// By its name. Throws ValueError for one that is not known.
  [[nodiscard]] double at(const std::string& name) const;
};

/// The names that options call them by.
inline const std::vector<std::string> kMetricNames = {"train_loss", "test_loss", "test_accuracy"};
inline constexpr std::string_view kAccuracyMetric = "test_accuracy";
inline bool is_larger_better(std::string_view metric) {
  return metric == kAccuracyMetric;
}

/// The share of rows of `output` [N, C] whose largest score stands at the label in `target` [N].
double accuracy(const Tensor& output, const Tensor& target);

/// The nearest short decimal of a float, so that logs read 2.31 and not 2.309999942779541.
double short_decimal(float value);

/// DIR/metrics.jsonl: one JSON object a line, in the order of the steps; each line is in the file
/// before the next step begins.
class MetricsLog {
 public:
  /// Goes on with what the file holds up to `last_step`; lines beyond it, which a resumed run will
  /// write again, are dropped.
  MetricsLog(const std::filesystem::path& path, std::int64_t last_step);
  void write(const Json& event);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace gradus
