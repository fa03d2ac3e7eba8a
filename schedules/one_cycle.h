// One cycle: up to a large rate and down to a tiny one (Smith and Topin, arXiv:1708.07120).
#pragma once

#include "framework/train/schedule.h"

namespace gradus::optim {

struct OneCycleOptions {
  Unit unit = Unit::Step;
  double max_lr = 0;
  Span total_steps = Span::run();
  double pct_start = 0.3;
  std::string anneal_strategy = "cos";
  double div_factor = 25;
  double final_div_factor = 1e4;
  bool three_phase = false;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.OneCycleLR with cycle_momentum=False: from max_lr / div_factor up to
/// max_lr, for pct_start of all steps, and down to max_lr / div_factor / final_div_factor at the
/// last one; with three_phase first as slowly down to max_lr / div_factor as it went up. The
/// optimizer's own rate counts for nothing. Behind the last step the rate stays, where PyTorch's
/// raises an error.
class OneCycleSchedule : public ScheduleOf<OneCycleOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

}  // namespace gradus::optim
