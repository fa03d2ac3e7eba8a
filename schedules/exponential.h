// Exponential decay.
#pragma once

#include "framework/train/schedule.h"

namespace gradus::optim {

struct ExponentialOptions {
  Unit unit = Unit::Epoch;
  double gamma = 1;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.ExponentialLR:  base * gamma^n
class ExponentialSchedule : public ScheduleOf<ExponentialOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

}  // namespace gradus::optim
