#include "schedules/reduce_on_plateau.h"
#include "framework/train/metrics.h"

namespace gradus::optim {
namespace {

std::optional<double> number_at(const Json& state, const char* key) {
  const Json& value = state.at(key);
  if (value.is_null()) return {};
  return value.get<double>();
}

std::int64_t count_at(const Json& state, const char* key) {
  const auto count = state.at(key).get<std::int64_t>();
  if (count < 0) throw ValueError(std::string("reduce_on_plateau: a negative ") + key);
  return count;
}

Json json_of(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

void ReduceOnPlateauOptions::describe(OptionReader& o) {
  o("metric", metric, "what is to get better", kMetricNames);
  if (is_larger_better(metric)) mode = "max";
  o("mode", mode, "whether lower or higher is better; an accuracy has max by default",
    {"min", "max"});
  o("factor", factor, "what the rate is multiplied by", {.min = 0, .below = 1});
  o("patience", patience, "epochs that may pass without a better metric", {.min = 0});
  o("threshold", threshold, "by how much it must be better", {.min = 0});
  o("threshold_mode", threshold_mode, "a part of the best so far, or as it is", {"rel", "abs"});
  o("cooldown", cooldown, "epochs after a change that do not count", {.min = 0});
  o("min_lr", min_lr, "the lowest rate", {.min = 0});
  o("eps", eps, "changes that are no larger are left out", {.min = 0});
}

ReduceOnPlateauSchedule::ReduceOnPlateauSchedule(const Options& options, const RunShape& /*run*/)
    : options_(options) {}

double ReduceOnPlateauSchedule::rate(double base, const Elapsed& /*elapsed*/) const {
  return state_.rate.value_or(base);
}

bool ReduceOnPlateauSchedule::is_better(double value) const {
  const bool is_min = options_.mode == "min";
  const double infinity = std::numeric_limits<double>::infinity();
  const double best = state_.best.value_or(is_min ? infinity : -infinity);
  const double change = is_min ? -options_.threshold : options_.threshold;
  const double bound = options_.threshold_mode == "rel" ? best * (1 + change) : best + change;
  return is_min ? value < bound : value > bound;
}

void ReduceOnPlateauSchedule::observe(double base, const Elapsed& /*elapsed*/,
                                      const MetricReader& metric) {
  const double value = metric(options_.metric);
  if (is_better(value)) {
    state_.best = value;
    state_.bad_epochs = 0;
  } else {
    ++state_.bad_epochs;
  }
  if (state_.cooldown > 0) {
    --state_.cooldown;
    state_.bad_epochs = 0;
  }
  if (state_.bad_epochs <= options_.patience) return;
  const double old = state_.rate.value_or(base);
  const double reduced = std::max(old * options_.factor, options_.min_lr);
  if (old - reduced > options_.eps) state_.rate = reduced;
  state_.cooldown = options_.cooldown;
  state_.bad_epochs = 0;
}

Json ReduceOnPlateauSchedule::state() const {
  return {{"best", json_of(state_.best)},
          {"rate", json_of(state_.rate)},
          {"bad_epochs", state_.bad_epochs},
          {"cooldown", state_.cooldown}};
}

void ReduceOnPlateauSchedule::load_state(const Json& state) {
  if (state.is_null()) {
    state_ = {};
    return;
  }
  try {
    state_ = {.best = number_at(state, "best"),
              .rate = number_at(state, "rate"),
              .bad_epochs = count_at(state, "bad_epochs"),
              .cooldown = count_at(state, "cooldown")};
  } catch (const nlohmann::json::exception& error) {
    throw ValueError(std::string("no state of reduce_on_plateau: ") + error.what());
  }
}

namespace {

const bool kRegistered = add_schedule<ReduceOnPlateauSchedule>(
    "reduce_on_plateau", "a factor when a metric gets no better (ReduceLROnPlateau)");

}  // namespace
}  // namespace gradus::optim
