#include "schedules/cosine.h"

#include <cmath>
#include <numbers>

namespace gradus::optim {
namespace {

double half_wave(double base, double eta_min, std::int64_t count, std::int64_t period) {
  const double angle = std::numbers::pi * static_cast<double>(count) / static_cast<double>(period);
  return eta_min + (base - eta_min) * (1 + std::cos(angle)) / 2;
}

}  // namespace

void CosineOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  describe_span(o, "t_max", t_max, unit, "until the rate is lowest");
  o("eta_min", eta_min, "the lowest rate", {.min = 0});
}

double CosineSchedule::rate_after(double base, std::int64_t count) const {
  return half_wave(base, options().eta_min, count, count_of(options().t_max));
}

void CosineRestartsOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  describe_span(o.required(), "t_0", t_0, unit, "until the first restart");
  o("t_mult", t_mult, "how many times longer each period is than the one before", {.min = 1});
  o("eta_min", eta_min, "the rate that each period ends at", {.min = 0});
}

double CosineRestartsSchedule::rate_after(double base, std::int64_t count) const {
  std::int64_t period = count_of(options().t_0);
  if (options().t_mult == 1) count %= period;
  while (count >= period) {
    count -= period;
    period *= options().t_mult;
  }
  return half_wave(base, options().eta_min, count, period);
}

namespace {

const bool kRegistered[] = {
    add_schedule<CosineSchedule>("cosine", "half a wave down to eta_min (CosineAnnealingLR)"),
    add_schedule<CosineRestartsSchedule>("cosine_restarts",
                                         "such half waves in a row (CosineAnnealingWarmRestarts)"),
};

}  // namespace
}  // namespace gradus::optim
