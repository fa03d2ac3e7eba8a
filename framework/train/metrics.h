// Metrics: what is measured over many batches, and the log of a run.
#pragma once

#include "framework/nn/options.h"
#include "framework/tensor/tensor.h"

#include <filesystem>
#include <fstream>

namespace gradus {

/// A mean in which every value has a weight.
class MeanMetric {
 public:
  void add(double value, std::int64_t weight) {
    total_ += value * static_cast<double>(weight);
    weight_ += weight;
  }
  /// NaN when nothing was added.
  [[nodiscard]] double value() const { return total_ / static_cast<double>(weight_); }

 private:
  double total_ = 0;
  std::int64_t weight_ = 0;
};

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
