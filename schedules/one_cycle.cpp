#include "schedules/one_cycle.h"

#include <cmath>
#include <numbers>

namespace gradus::optim {
namespace {

// A stretch of the cycle: from where the one before it ends up to its last step.
struct Phase {
  double last_step;
  double from;
  double to;
};

std::vector<Phase> phases_of(const OneCycleOptions& o, double total) {
  const double low = o.max_lr / o.div_factor;
  const double lowest = low / o.final_div_factor;
  const double up = o.pct_start * total - 1;
  if (!o.three_phase) return {{up, low, o.max_lr}, {total - 1, o.max_lr, lowest}};
  const double down = 2 * o.pct_start * total - 2;
  return {{up, low, o.max_lr}, {down, o.max_lr, low}, {total - 1, low, lowest}};
}

double anneal(const std::string& strategy, double from, double to, double share) {
  if (strategy == "linear") return (to - from) * share + from;
  return to + (from - to) / 2 * (std::cos(std::numbers::pi * share) + 1);
}

}  // namespace

void OneCycleOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  o.required()("max_lr", max_lr, "the largest rate", {.above = 0});
  describe_span(o, "total_steps", total_steps, unit, "of the cycle");
  o("pct_start", pct_start, "the part of it in which the rate rises", {.min = 0, .max = 1});
  o("anneal_strategy", anneal_strategy, "the line from one rate to another", {"cos", "linear"});
  o("div_factor", div_factor, "the first rate is max_lr divided by this", {.above = 0});
  o("final_div_factor", final_div_factor, "the last rate is the first divided by this",
    {.above = 0});
  o("three_phase", three_phase, "whether the rate falls to the first one before it falls on");
}

double OneCycleSchedule::rate_after(double /*base*/, std::int64_t count) const {
  const std::int64_t total = count_of(options().total_steps);
  const auto step = static_cast<double>(std::min(count, total - 1));
  double begin = 0;
  double rate = 0;
  for (const auto& [last_step, from, to] : phases_of(options(), static_cast<double>(total))) {
    const double share = last_step == begin ? 1 : (step - begin) / (last_step - begin);
    rate = anneal(options().anneal_strategy, from, to, share);
    if (step <= last_step) break;
    begin = last_step;
  }
  return rate;
}

namespace {

const bool kRegistered = add_schedule<OneCycleSchedule>(
    "one_cycle", "up to max_lr and far down within the run (OneCycleLR)");

}  // namespace
}  // namespace gradus::optim
