// accuracy, top_k, precision, recall, f1 and confusion_matrix: counts of classes predicted.
#include "framework/train/metrics.h"
#include "framework/train/predictions.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// A share of nothing is not defined.
double share(std::int64_t of, std::int64_t all) {
  return all == 0 ? kUndefined : static_cast<double>(of) / static_cast<double>(all);
}

class Accuracy : public Metric {
 public:
  explicit Accuracy(const ClassOptions& options) : options_(options) {}
  [[nodiscard]] std::string name() const override { return "accuracy"; }
  void update(const Tensor& output, const Tensor& target) override {
    const Predictions seen = predictions_of(output, target, options_, true);
    for (std::size_t i = 0; i < seen.actual.size(); ++i) {
      hits_ += seen.actual[i] == seen.predicted[i] ? 1 : 0;
    }
    examples_ += static_cast<std::int64_t>(seen.actual.size());
  }
  [[nodiscard]] Json compute() const override { return share(hits_, examples_); }
  [[nodiscard]] bool is_share() const override { return true; }

 private:
  ClassOptions options_;
  std::int64_t hits_ = 0;
  std::int64_t examples_ = 0;
};

struct TopKOptions : ClassOptions {
  std::int64_t k = 5;
  void describe(OptionReader& o) {
    o("k", k, "how many of the largest scores may be that of the label", {.min = 1});
    ClassOptions::describe(o);
  }
};

class TopK : public Metric {
 public:
  explicit TopK(const TopKOptions& options) : options_(options) {}
  [[nodiscard]] std::string name() const override { return "top_" + std::to_string(options_.k); }
  void update(const Tensor& output, const Tensor& target) override {
    const ClassScores seen(output, target, options_);
    if (options_.k > seen.classes()) {
      throw ValueError("k is " + std::to_string(options_.k) + ", but there are " +
                       std::to_string(seen.classes()) + " classes");
    }
    for (const double place : seen.map([&](std::int64_t i) { return place_of_label(seen, i); })) {
      hits_ += place < static_cast<double>(options_.k) ? 1 : 0;
    }
    examples_ += seen.examples();
  }
  [[nodiscard]] Json compute() const override { return share(hits_, examples_); }
  [[nodiscard]] bool is_share() const override { return true; }

 private:
  // How many classes come before the label's in the order of topk(): NaN first, of equals the
  // first.
  static double place_of_label(const ClassScores& seen, std::int64_t example) {
    const std::int64_t label = seen.label(example);
    const double own = seen.score(example, label);
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < seen.classes(); ++c) {
      const double other = seen.score(example, c);
      const bool equal = other == own || (std::isnan(other) && std::isnan(own));
      const bool larger = other > own || (std::isnan(other) && !std::isnan(own));
      before += larger || (equal && c < label) ? 1 : 0;
    }
    return static_cast<double>(before);
  }

  TopKOptions options_;
  std::int64_t hits_ = 0;
  std::int64_t examples_ = 0;
};

// Takes over the number of classes of the first batch; later ones must have the same.
void check_classes(std::int64_t classes, std::int64_t now) {
  if (classes == now) return;
  throw ShapeError("batches of " + std::to_string(classes) + " and of " + std::to_string(now) +
                   " classes");
}

struct AverageOptions : ClassOptions {
  std::string average = "macro";
  void describe(OptionReader& o) {
    o("average", average,
      "macro: the mean over the classes that occur, as label or prediction; weighted: by their "
      "labels; micro: over all examples as one; none: a list of all classes",
      {"macro", "weighted", "micro", "none"});
    ClassOptions::describe(o);
  }
};

// What is counted of a class, or of all.
struct Counts {
  std::int64_t hits = 0;       // label and prediction
  std::int64_t predicted = 0;  // predictions
  std::int64_t actual = 0;     // labels
};

// 0 where nothing was predicted, or nothing is there to be found; so F1 is 0 there, too.
double share_or_zero(std::int64_t of, std::int64_t all) {
  return all == 0 ? 0 : share(of, all);
}
double precision_of(const Counts& counts) {
  return share_or_zero(counts.hits, counts.predicted);
}
double recall_of(const Counts& counts) {
  return share_or_zero(counts.hits, counts.actual);
}
double f1_of(const Counts& counts) {
  return share_or_zero(2 * counts.hits, counts.predicted + counts.actual);
}

// A score of the counts of each class, averaged.
class AveragedScore : public Metric {
 public:
  using Score = double (*)(const Counts&);
  AveragedScore(const char* kind, Score score, const AverageOptions& options)
      : kind_(kind), score_(score), options_(options) {}

  [[nodiscard]] std::string name() const override {
    return options_.average == "none" ? kind_ : std::string(kind_) + "_" + options_.average;
  }
  void update(const Tensor& output, const Tensor& target) override {
    const Predictions seen = predictions_of(output, target, options_);
    if (classes_.empty()) classes_.resize(static_cast<std::size_t>(seen.classes));
    check_classes(static_cast<std::int64_t>(classes_.size()), seen.classes);
    for (std::size_t i = 0; i < seen.actual.size(); ++i) {
      Counts& predicted = classes_[static_cast<std::size_t>(seen.predicted[i])];
      ++predicted.predicted;
      ++classes_[static_cast<std::size_t>(seen.actual[i])].actual;
      if (seen.predicted[i] == seen.actual[i]) ++predicted.hits;
    }
  }
  [[nodiscard]] Json compute() const override {
    if (options_.average == "none") {
      Json list = Json::array();
      for (const Counts& each : classes_) list.push_back(score_(each));
      return list;
    }
    const Counts total = sum();
    if (total.actual == 0) return kUndefined;
    if (options_.average == "micro") return score_(total);
    double scores = 0;
    double weights = 0;
    for (const Counts& each : classes_) {
      const bool occurs = each.actual > 0 || each.predicted > 0;
      const double weight =
          options_.average == "weighted" ? static_cast<double>(each.actual) : (occurs ? 1 : 0);
      scores += weight * score_(each);
      weights += weight;
    }
    return scores / weights;
  }

 private:
  [[nodiscard]] Counts sum() const {
    Counts total;
    for (const Counts& each : classes_) {
      total.hits += each.hits;
      total.predicted += each.predicted;
      total.actual += each.actual;
    }
    return total;
  }

  const char* kind_;
  Score score_;
  AverageOptions options_;
  std::vector<Counts> classes_;
};

class ConfusionMatrix : public Metric {
 public:
  explicit ConfusionMatrix(const ClassOptions& options) : options_(options) {}
  [[nodiscard]] std::string name() const override { return "confusion_matrix"; }
  void update(const Tensor& output, const Tensor& target) override {
    const Predictions seen = predictions_of(output, target, options_);
    const auto classes = static_cast<std::size_t>(seen.classes);
    if (rows_.empty()) rows_.resize(classes, std::vector<std::int64_t>(classes));
    check_classes(static_cast<std::int64_t>(rows_.size()), seen.classes);
    for (std::size_t i = 0; i < seen.actual.size(); ++i) {
      ++rows_[static_cast<std::size_t>(seen.actual[i])]
             [static_cast<std::size_t>(seen.predicted[i])];
    }
  }
  [[nodiscard]] Json compute() const override { return rows_; }

 private:
  ClassOptions options_;
  std::vector<std::vector<std::int64_t>> rows_;
};

bool add_averaged(const char* name, const char* doc, AveragedScore::Score score) {
  return metrics().add<AverageOptions>(name, doc, [=](const AverageOptions& options) {
    return std::make_shared<AveragedScore>(name, score, options);
  });
}

const bool kRegistered[] = {
    metrics().add<ClassOptions>(
        "accuracy", "the share of examples whose class is predicted",
        [](const ClassOptions& options) { return std::make_shared<Accuracy>(options); }),
    metrics().add<TopKOptions>(
        "top_k", "the share of examples whose class is among those of the k largest scores",
        [](const TopKOptions& options) { return std::make_shared<TopK>(options); }),
    add_averaged("precision", "the share of a class's predictions that are right", precision_of),
    add_averaged("recall", "the share of a class's examples that are predicted", recall_of),
    add_averaged("f1", "2 / (1 / precision + 1 / recall)", f1_of),
    metrics().add<ClassOptions>(
        "confusion_matrix", "row i, column j: the examples of class i that are predicted as j",
        [](const ClassOptions& options) { return std::make_shared<ConfusionMatrix>(options); }),
};

}  // namespace
}  // namespace gradus
