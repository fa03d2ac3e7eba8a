#include "schedules/steps.h"

#include <algorithm>
#include <cmath>

namespace gradus::optim {

void StepOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  describe_span(o.required(), "step_size", step_size, unit, "between two changes");
  o("gamma", gamma, "what the rate is multiplied by at each", {.min = 0});
}

double StepSchedule::rate_after(double base, std::int64_t count) const {
  return base * std::pow(options().gamma, count / count_of(options().step_size));
}

void MultiStepOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  describe_spans(o.required(), "milestones", milestones, unit, "when the rate changes");
  o("gamma", gamma, "what the rate is multiplied by at each", {.min = 0});
}

double MultiStepSchedule::rate_after(double base, std::int64_t count) const {
  const std::vector<Span>& all = options().milestones;
  const auto passed =
      std::count_if(all.begin(), all.end(), [&](const Span& m) { return count_of(m) <= count; });
  return base * std::pow(options().gamma, passed);
}

namespace {

const bool kRegistered[] = {
    add_schedule<StepSchedule>("step", "a factor every step_size (StepLR)"),
    add_schedule<MultiStepSchedule>("multistep", "a factor at each milestone (MultiStepLR)"),
};

}  // namespace
}  // namespace gradus::optim
