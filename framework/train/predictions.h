// What metrics of classes read from a batch: see Metric in metrics.h for the forms it comes in.
#pragma once

#include "framework/nn/options.h"
#include "framework/tensor/tensor.h"

#include <functional>
#include <vector>

namespace gradus {

/// The options that all metrics of classes have.
struct ClassOptions {
  std::int64_t ignore_index = -100;
  double threshold = 0;
  void describe(OptionReader& o) {
    o("ignore_index", ignore_index, "examples of this label count for nothing");
    o("threshold", threshold,
      "the score above which a single one means class 1; 0 where scores are logits");
  }
};

/// A class predicted and the true one, for each example that counts.
struct Predictions {
  std::vector<std::int64_t> predicted;
  std::vector<std::int64_t> actual;
  std::int64_t classes = 0;
};

/// With `many_columns` each element of a floating [N, K] is an example of two classes; without, K
/// must be 1. Throws as Metric::update does.
Predictions predictions_of(const Tensor& output, const Tensor& target, const ClassOptions& options,
                           bool many_columns = false);

/// The scores of all classes and the true class, for each example that counts. A single score is
/// that of class 1; class 0 then has `threshold`.
class ClassScores {
 public:
  /// Throws as Metric::update does.
  ClassScores(const Tensor& output, const Tensor& target, const ClassOptions& options);

  [[nodiscard]] std::int64_t examples() const { return static_cast<std::int64_t>(rows_.size()); }
  [[nodiscard]] std::int64_t classes() const { return scores_.size(1); }
  [[nodiscard]] std::int64_t label(std::int64_t example) const {
    return labels_[static_cast<std::size_t>(example)];
  }
  [[nodiscard]] double score(std::int64_t example, std::int64_t c) const {
    const std::int64_t at = rows_[static_cast<std::size_t>(example)] * classes() + c;
    return is_double_ ? static_cast<const double*>(data_)[at]
                      : static_cast<const float*>(data_)[at];
  }
  /// log(sum of exp(score)) over the classes of an example.
  [[nodiscard]] double log_sum_exp(std::int64_t example) const;
  /// f(example) for all examples, on all threads.
  [[nodiscard]] std::vector<double> map(const std::function<double(std::int64_t example)>& f) const;

 private:
  Tensor scores_;  // [rows, classes], float32 or float64, contiguous
  const void* data_;
  bool is_double_;
  std::vector<std::int64_t> rows_;    // of the scores, that count
  std::vector<std::int64_t> labels_;  // of those
};

}  // namespace gradus
