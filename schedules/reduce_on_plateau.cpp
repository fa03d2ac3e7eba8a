#include "schedules/reduce_on_plateau.h"
#include "framework/train/metrics.h"

#include <nlohmann/json.hpp>

namespace gradus::optim {

void ReduceOnPlateauOptions::describe(OptionReader& o) {
  describe_metric(o, "metric", metric,
                  "what is to get better: train_loss, test_loss, validation_loss, or \"test_\" or "
                  "\"validation_\" and a metric's name");
  if (is_larger_better(metric)) mode = "max";
  o("mode", mode, "whether lower or higher is better; by default as the metric is", {"min", "max"});
  o("factor", factor, "what the rate is multiplied by", {.min = 0, .below = 1});
  o("patience", patience, "epochs that may pass without a better metric", {.min = 0});
  o("threshold", threshold, "by how much it must be better", {.min = 0});
  o("threshold_mode", threshold_mode, "a part of the best so far, or as it is", {"rel", "abs"});
  o("cooldown", cooldown, "epochs after a change that do not count", {.min = 0});
  o("min_lr", min_lr, "the lowest rate", {.min = 0});
  o("eps", eps, "changes that are no larger are left out", {.min = 0});
}

ReduceOnPlateauSchedule::ReduceOnPlateauSchedule(const Options& options, const RunShape& /*run*/)
    : options_(options),
      watch_({.larger_is_better = options.mode == "max",
              .margin = options.threshold,
              .is_relative = options.threshold_mode == "rel"}) {}

double ReduceOnPlateauSchedule::rate(double base, const Elapsed& /*elapsed*/) const {
  return rate_.value_or(base);
}

void ReduceOnPlateauSchedule::observe(double base, const Elapsed& /*elapsed*/,
                                      const MetricReader& metric) {
  watch_.observe(metric(options_.metric));
  if (cooldown_ > 0) {
    --cooldown_;
    watch_.forgive();
  }
  if (watch_.epochs_without() <= options_.patience) return;
  const double old = rate_.value_or(base);
  const double reduced = std::max(old * options_.factor, options_.min_lr);
  if (old - reduced > options_.eps) rate_ = reduced;
  cooldown_ = options_.cooldown;
  watch_.forgive();
}

Json ReduceOnPlateauSchedule::state() const {
  return {{"watch", watch_.state()}, {"rate", json_of(rate_)}, {"cooldown", cooldown_}};
}

void ReduceOnPlateauSchedule::load_state(const Json& state) {
  if (state.is_null()) {
    *this = ReduceOnPlateauSchedule(options_);
    return;
  }
  try {
    const std::optional<double> rate = optional_at(state, "rate");
    const std::int64_t cooldown = count_at(state, "cooldown");
    watch_.load_state(state.at("watch"));
    rate_ = rate;
    cooldown_ = cooldown;
  } catch (const nlohmann::json::exception& error) {
    throw ValueError(std::string("no state of reduce_on_plateau: ") + error.what());
  }
}

namespace {

const bool kRegistered = add_schedule<ReduceOnPlateauSchedule>(
    "reduce_on_plateau", "a factor when a metric gets no better (ReduceLROnPlateau)");

}  // namespace
}  // namespace gradus::optim
