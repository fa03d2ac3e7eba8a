#include "framework/train/metric_watch.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace gradus {

Json json_of(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

std::optional<double> optional_at(const Json& state, const char* key) {
  const Json& value = state.at(key);
  if (value.is_null()) return {};
  return value.get<double>();
}

std::int64_t count_at(const Json& state, const char* key) {
  const auto count = state.at(key).get_ref<const Json::number_integer_t&>();
  if (count < 0) throw ValueError(std::string("a state with a negative ") + key);
  return count;
}

bool MetricWatch::observe(double value) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double best = best_.value_or(rule_.larger_is_better ? -infinity : infinity);
  const double change = rule_.larger_is_better ? rule_.margin : -rule_.margin;
  const double bound = rule_.is_relative ? best * (1 + change) : best + change;
  const bool is_better = rule_.larger_is_better ? value > bound : value < bound;
  if (is_better) best_ = value;
  epochs_without_ = is_better ? 0 : epochs_without_ + 1;
  return is_better;
}

Json MetricWatch::state() const {
  return {{"best", json_of(best_)}, {"epochs_without", epochs_without_}};
}

void MetricWatch::load_state(const Json& state) {
  if (state.is_null()) {
    best_ = {};
    epochs_without_ = 0;
    return;
  }
  try {
    const std::optional<double> best = optional_at(state, "best");
    epochs_without_ = count_at(state, "epochs_without");
    best_ = best;
  } catch (const nlohmann::json::exception& error) {
    throw ValueError(std::string("no state of a watched metric: ") + error.what());
  }
}

}  // namespace gradus
