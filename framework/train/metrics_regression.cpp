// mae, mse, rmse and r2: how far values predicted are from the targets.
#include "framework/train/metrics.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

// Calls take(output, target, element within the example) for all elements, in order.
template <class Take>
void for_elements(const Tensor& output, const Tensor& target, Take take) {
  if (!target.is_floating_point()) {
    throw DTypeError("targets are floating, got " + std::string(name_of(target.dtype())));
  }
  if (!(output.sizes() == target.sizes())) {
    throw ShapeError("outputs " + to_string(output.sizes()) + " and targets " +
                     to_string(target.sizes()) + " differ in shape");
  }
  const auto found = output.to_vector<double>();
  const auto expected = target.to_vector<double>();
  const std::size_t width = output.dim() == 0 || output.size(0) == 0
                                ? 1
                                : found.size() / static_cast<std::size_t>(output.size(0));
  for (std::size_t i = 0; i < found.size(); ++i) take(found[i], expected[i], i % width);
}

// A mean over all elements: finish(sum of term(output - target) / elements).
class MeanError : public Metric {
 public:
  using Function = double (*)(double);
  MeanError(const char* name, Function term, Function finish)
      : name_(name), term_(term), finish_(finish) {}
  [[nodiscard]] std::string name() const override { return name_; }
  void update(const Tensor& output, const Tensor& target) override {
    for_elements(output, target, [&](double found, double expected, std::size_t /*element*/) {
      sum_ += term_(found - expected);
      ++elements_;
    });
  }
  [[nodiscard]] Json compute() const override {
    return finish_(sum_ / static_cast<double>(elements_));
  }
  [[nodiscard]] bool is_larger_better() const override { return false; }

 private:
  const char* name_;
  Function term_;
  Function finish_;
  double sum_ = 0;
  std::int64_t elements_ = 0;
};

class R2 : public Metric {
 public:
  [[nodiscard]] std::string name() const override { return "r2"; }
  void update(const Tensor& output, const Tensor& target) override {
    for_elements(output, target, [&](double found, double expected, std::size_t element) {
      if (element >= outputs_.size()) outputs_.resize(element + 1);
      outputs_[element].add(found, expected);
    });
  }
  [[nodiscard]] Json compute() const override {
    double sum = 0;
    for (const Sums& each : outputs_) sum += each.value();
    return sum / static_cast<double>(outputs_.size());
  }

 private:
  // Welford's: mean and squares without the cancellation of a difference of large sums.
  struct Sums {
    double count = 0;
    double mean = 0;
    double squares = 0;    // of the targets' distances from their mean
    double residuals = 0;  // squared
    void add(double found, double expected) {
      ++count;
      const double distance = expected - mean;
      mean += distance / count;
      squares += distance * (expected - mean);
      residuals += (found - expected) * (found - expected);
    }
    [[nodiscard]] double value() const {
      return squares == 0 ? std::numeric_limits<double>::quiet_NaN() : 1 - residuals / squares;
    }
  };
  std::vector<Sums> outputs_;
};

double absolute(double x) {
  return std::abs(x);
}
double square(double x) {
  return x * x;
}
double root(double x) {
  return std::sqrt(x);
}
double same(double x) {
  return x;
}

bool add_mean(const char* name, const char* doc, MeanError::Function term,
              MeanError::Function finish) {
  return metrics().add<NoOptions>(name, doc, [=](const NoOptions& /*options*/) {
    return std::make_shared<MeanError>(name, term, finish);
  });
}

const bool kRegistered[] = {
    add_mean("mae", "the mean of |output - target|", absolute, same),
    add_mean("mse", "the mean of (output - target)^2", square, same),
    add_mean("rmse", "the root of the mean of (output - target)^2", square, root),
    metrics().add<NoOptions>(
        "r2",
        "1 - sum (output - target)^2 / sum (target - mean)^2; of several outputs their mean; not "
        "defined where all targets are equal",
        [](const NoOptions& /*options*/) { return std::make_shared<R2>(); }),
};

}  // namespace
}  // namespace gradus
