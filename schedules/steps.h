// Rates that change by leaps: by a factor every so often, or at given times.
#pragma once

#include "framework/train/schedule.h"

namespace gradus::optim {

struct StepOptions {
  Unit unit = Unit::Epoch;
  Span step_size;
  double gamma = 0.1;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.StepLR:  base * gamma^floor(n / step_size)
class StepSchedule : public ScheduleOf<StepOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

struct MultiStepOptions {
  Unit unit = Unit::Epoch;
  std::vector<Span> milestones;
  double gamma = 0.1;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.MultiStepLR:  base * gamma^(how many milestones are <= n)
class MultiStepSchedule : public ScheduleOf<MultiStepOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

}  // namespace gradus::optim
