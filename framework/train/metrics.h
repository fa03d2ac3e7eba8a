// Metrics: what is measured over many batches or at the end of an epoch.
//
//   const auto f1 = metrics().make({{"type", "f1"}, {"average", "micro"}});
//   while (auto batch = loader.next()) f1->update(model(batch->input), batch->target);
//   std::cout << f1->name() << " " << f1->compute() << "\n";    // f1_micro 0.91
//
// A config lists them: "metrics": ["accuracy", {"type": "top_k", "k": 5}].
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

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

/// Something that is measured of outputs against targets. Its value is a function of the examples
/// in their order: the same bits however they are divided into batches and for any number of
/// threads.
///
/// Metrics of classes take scores [N, C] or [N, C, d...] (the largest is the class predicted; of
/// equal ones the first) and int64 labels [N] or [N, d...]; or, for two classes, one score of class
/// 1 for each example, [N] or [N, 1], and floating zeros and ones of the same shape. Metrics of
/// values take outputs and floating targets of one shape.
class Metric {
 public:
  virtual ~Metric() = default;
  /// As logs call it: "top_5".
  [[nodiscard]] virtual std::string name() const = 0;
  /// Takes one more batch. Throws ShapeError or DTypeError for what is not as above, and ValueError
  /// for a label that no score is for.
  virtual void update(const Tensor& output, const Tensor& target) = 0;
  /// The value over all batches: a number, or lists of numbers. NaN where it is not defined, as
  /// over no examples.
  [[nodiscard]] virtual Json compute() const = 0;
  /// Whether the value is a share of examples, to be shown in per cent.
  [[nodiscard]] virtual bool is_share() const { return false; }
  /// Whether it is a score; of errors smaller values are better.
  [[nodiscard]] virtual bool is_larger_better() const { return true; }
};

/// The registry of metrics.
Registry<Metric>& metrics();

/// What a metric came to.
struct MetricResult {
  std::string name;
  JsonValue value;
  bool is_share = false;
};

/// What options put before a metric's name: "test_accuracy".
inline const std::string kTestPrefix = "test_";
inline const std::string kValidationPrefix = "validation_";

/// What is known at the end of an epoch.
struct EpochMetrics {
  double train_loss = 0;
  double test_loss = 0;
  std::vector<MetricResult> test{};
  std::optional<double> validation_loss{};  ///< where examples are held back
  std::vector<MetricResult> validation{};

  /// By the name that options call it by: "train_loss", "test_loss", "test_accuracy",
  /// "validation_loss". Nothing for what is not measured, and for what is no number.
  [[nodiscard]] std::optional<double> find(std::string_view name) const;
  /// The same; throws ValueError for nothing.
  [[nodiscard]] double at(const std::string& name) const;
  /// What find() finds.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  [[nodiscard]] std::vector<std::pair<std::string, double>> numbers() const;
};

/// Whether larger values are better of what options call by that name: not of losses and errors.
/// Of registered metrics with other options than their defaults it is taken to be so.
bool is_larger_better(std::string_view name);

/// An option that is such a name; ConfigError for what is none, whatever is measured, unless it is
/// `otherwise`.
void describe_metric(OptionReader& o, const char* name, std::string& metric, const char* doc,
                     std::string_view otherwise = {});

/// "accuracy 91.25 %  f1_macro 0.9017": those results that are one number.
std::string to_text(const std::vector<MetricResult>& results);

/// Several metrics that are measured together.
class MetricGroup {
 public:
  explicit MetricGroup(std::vector<std::shared_ptr<Metric>> all) : all_(std::move(all)) {}
  /// Errors name the metric.
  void update(const Tensor& output, const Tensor& target);
  [[nodiscard]] std::vector<MetricResult> compute() const;

 private:
  std::vector<std::shared_ptr<Metric>> all_;
};

/// The "metrics" of a config: a list of names, and of objects with a "type" where there are
/// options; or "default".
class MetricsConfig {
 public:
  /// Throws ConfigError, also for two metrics of the same name.
  explicit MetricsConfig(const Json& json, const std::string& path = "/metrics");
  /// "default".
  MetricsConfig();
  /// With every option and its value.
  [[nodiscard]] const Json& resolved() const { return *resolved_; }
  /// Metrics that have seen nothing yet: those listed, or `defaults`.
  [[nodiscard]] MetricGroup make(const std::vector<std::string>& defaults) const;

 private:
  std::vector<Registry<Metric>::Build> builds_;
  JsonValue resolved_;
};

/// The share of rows of `output` [N, C] whose largest score stands at the label in `target` [N].
double accuracy(const Tensor& output, const Tensor& target);

/// The nearest short decimal of a float, so that logs read 2.31 and not 2.309999942779541.
double short_decimal(float value);

}  // namespace gradus
