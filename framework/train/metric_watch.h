// MetricWatch: whether a metric still gets better, from epoch to epoch.
//
//   MetricWatch watch({.larger_is_better = true, .margin = 0.01});
//   if (watch.observe(accuracy)) save_best();
//   if (watch.epochs_without() >= 5) stop();
#pragma once

#include "framework/nn/options.h"

namespace gradus {

/// When a value counts as better than the best one so far. The first one does, unless it is NaN or
/// the worst there can be.
struct Improvement {
  bool larger_is_better = false;
  double margin = 0;         ///< it must be better by more than this
  bool is_relative = false;  ///< the margin is a part of the best so far
};

class MetricWatch {
 public:
  explicit MetricWatch(const Improvement& rule = {}) : rule_(rule) {}

  /// Takes in a value; returns whether it is better than all before, and becomes the best.
  bool observe(double value);
  /// Observed values since the best one, or since forgive().
  [[nodiscard]] std::int64_t epochs_without() const { return epochs_without_; }
  void forgive() { epochs_without_ = 0; }

  [[nodiscard]] Json state() const;
  /// Goes on with a state(); null is the one at the beginning. Throws ValueError, and changes
  /// nothing, for what is none.
  void load_state(const Json& state);

 private:
  Improvement rule_;
  std::optional<double> best_;
  std::int64_t epochs_without_ = 0;
};

/// A member of a state(): null where there is no value.
Json json_of(const std::optional<double>& value);
std::optional<double> optional_at(const Json& state, const char* key);
/// Throws ValueError when it is negative.
std::int64_t count_at(const Json& state, const char* key);

}  // namespace gradus
