#include "schedules/exponential.h"

#include <cmath>

namespace gradus::optim {

void ExponentialOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  o.required()("gamma", gamma, "what the rate is multiplied by each time", {.min = 0});
}

double ExponentialSchedule::rate_after(double base, std::int64_t count) const {
  return base * std::pow(options().gamma, count);
}

namespace {

const bool kRegistered =
    add_schedule<ExponentialSchedule>("exponential", "a factor each time (ExponentialLR)");

}  // namespace
}  // namespace gradus::optim
