// roc_auc and perplexity: what the scores themselves are worth.
#include "framework/train/metrics.h"
#include "framework/train/predictions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Scored {
  double score;
  bool positive;
};

// The share of pairs of a positive and a negative example in which the positive one has the larger
// score; equal scores count half (Mann and Whitney). Whole numbers up to the last division.
double area_under_curve(std::vector<Scored> examples) {
  for (const Scored& each : examples) {
    if (std::isnan(each.score)) return kUndefined;
  }
  std::sort(examples.begin(), examples.end(),
            [](const Scored& a, const Scored& b) { return a.score < b.score; });
  std::int64_t negatives = 0;  // of smaller scores
  std::int64_t positives = 0;
  std::int64_t twice = 0;
  for (std::size_t begin = 0; begin < examples.size();) {
    std::size_t end = begin;
    std::int64_t equal_positives = 0;
    for (; end < examples.size() && examples[end].score == examples[begin].score; ++end) {
      equal_positives += examples[end].positive ? 1 : 0;
    }
    const std::int64_t equal_negatives = static_cast<std::int64_t>(end - begin) - equal_positives;
    twice += equal_positives * (2 * negatives + equal_negatives);
    negatives += equal_negatives;
    positives += equal_positives;
    begin = end;
  }
  if (positives == 0 || negatives == 0) return kUndefined;
  return static_cast<double>(twice) /
         (2 * static_cast<double>(positives) * static_cast<double>(negatives));
}

class RocAuc : public Metric {
 public:
  explicit RocAuc(const ClassOptions& options) : options_(options) {}
  [[nodiscard]] std::string name() const override { return "roc_auc"; }
  void update(const Tensor& output, const Tensor& target) override {
    const ClassScores seen(output, target, options_);
    if (columns_.empty()) {
      if (seen.classes() < 2) throw ShapeError("takes at least two classes");
      classes_ = seen.classes();
      columns_.resize(classes_ == 2 ? 1 : static_cast<std::size_t>(classes_));
    }
    if (seen.classes() != classes_) {
      throw ShapeError("batches of " + std::to_string(classes_) + " and of " +
                       std::to_string(seen.classes()) + " classes");
    }
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      const auto c = static_cast<std::int64_t>(classes_ == 2 ? 1 : column);
      const std::vector<double> scores = seen.map([&](std::int64_t i) {
        // Both grow with the probability of the class.
        return classes_ == 2 ? seen.score(i, 1) - seen.score(i, 0)
                             : seen.score(i, c) - seen.log_sum_exp(i);
      });
      for (std::size_t i = 0; i < scores.size(); ++i) {
        columns_[column].push_back({scores[i], seen.label(static_cast<std::int64_t>(i)) == c});
      }
    }
  }
  [[nodiscard]] Json compute() const override {
    double sum = 0;
    for (const std::vector<Scored>& column : columns_) sum += area_under_curve(column);
    return columns_.empty() ? kUndefined : sum / static_cast<double>(columns_.size());
  }

 private:
  ClassOptions options_;
  std::int64_t classes_ = 0;
  std::vector<std::vector<Scored>> columns_;  // of class 1, or of each against the others
};

struct LabelOptions : ClassOptions {
  void describe(OptionReader& o) {
    o("ignore_index", ignore_index, "examples of this label count for nothing");
  }
};

class Perplexity : public Metric {
 public:
  explicit Perplexity(const LabelOptions& options) : options_(options) {}
  [[nodiscard]] std::string name() const override { return "perplexity"; }
  void update(const Tensor& output, const Tensor& target) override {
    const ClassScores seen(output, target, options_);
    for (const double loss : seen.map(
             [&](std::int64_t i) { return seen.log_sum_exp(i) - seen.score(i, seen.label(i)); })) {
      sum_ += loss;
    }
    examples_ += seen.examples();
  }
  [[nodiscard]] Json compute() const override {
    return std::exp(sum_ / static_cast<double>(examples_));
  }
  [[nodiscard]] bool is_larger_better() const override { return false; }

 private:
  LabelOptions options_;
  double sum_ = 0;
  std::int64_t examples_ = 0;
};

const bool kRegistered[] = {
    metrics().add<ClassOptions>(
        "roc_auc",
        "the area under the ROC curve; of more than two classes the mean of each against the rest",
        [](const ClassOptions& options) { return std::make_shared<RocAuc>(options); }),
    metrics().add<LabelOptions>(
        "perplexity", "exp of the mean of -log softmax(scores)[label]",
        [](const LabelOptions& options) { return std::make_shared<Perplexity>(options); }),
};

}  // namespace
}  // namespace gradus
