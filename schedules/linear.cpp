#include "schedules/linear.h"

#include <cmath>

namespace gradus::optim {
namespace {

// How much of `total` is over, in [0, 1].
double share(std::int64_t count, std::int64_t total) {
  return static_cast<double>(std::min(count, total)) / static_cast<double>(total);
}

}  // namespace

void ConstantOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  o("factor", factor, "what the rate is multiplied by at first", {.min = 0, .max = 1});
  describe_span(o, "total_iters", total_iters, unit, "how long it is");
}

double ConstantSchedule::rate_after(double base, std::int64_t count) const {
  return count < count_of(options().total_iters) ? base * options().factor : base;
}

void LinearOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  o("start_factor", start_factor, "what the rate is multiplied by at first", {.min = 0, .max = 1});
  o("end_factor", end_factor, "and at the end", {.min = 0, .max = 1});
  describe_span(o, "total_iters", total_iters, unit, "until the end is reached");
}

double LinearSchedule::rate_after(double base, std::int64_t count) const {
  const auto& [unit, start_factor, end_factor, total_iters] = options();
  return base * (start_factor + (end_factor - start_factor) * share(count, count_of(total_iters)));
}

void PolynomialOptions::describe(OptionReader& o) {
  describe_unit(o, unit);
  describe_span(o, "total_iters", total_iters, unit, "until the rate is 0");
  o("power", power, "of what is left of total_iters", {.min = 0});
}

double PolynomialSchedule::rate_after(double base, std::int64_t count) const {
  return base * std::pow(1 - share(count, count_of(options().total_iters)), options().power);
}

namespace {

const bool kRegistered[] = {
    add_schedule<ConstantSchedule>("constant",
                                   "the optimizer's rate, or a part of it at first (ConstantLR)"),
    add_schedule<LinearSchedule>("linear", "from one factor to another (LinearLR)"),
    add_schedule<PolynomialSchedule>("polynomial", "to 0, by a power (PolynomialLR)"),
};

}  // namespace
}  // namespace gradus::optim
