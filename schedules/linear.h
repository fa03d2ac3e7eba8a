// Rates that reach their end on a straight line, or in one leap, and stay there.
#pragma once

#include "framework/train/schedule.h"

namespace gradus::optim {

struct ConstantOptions {
  Unit unit = Unit::Epoch;
  double factor = 1;  ///< PyTorch's default is 1/3; here no options mean a constant rate
  Span total_iters = 5;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.ConstantLR:  base * factor before total_iters, then base
class ConstantSchedule : public ScheduleOf<ConstantOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

struct LinearOptions {
  Unit unit = Unit::Epoch;
  double start_factor = 1.0 / 3;
  double end_factor = 1;
  Span total_iters = 5;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.LinearLR:
///   base * (start_factor + (end_factor - start_factor) * min(n / total_iters, 1))
class LinearSchedule : public ScheduleOf<LinearOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

struct PolynomialOptions {
  Unit unit = Unit::Epoch;
  Span total_iters = 5;
  double power = 1;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.PolynomialLR:  base * (1 - min(n / total_iters, 1))^power
class PolynomialSchedule : public ScheduleOf<PolynomialOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

}  // namespace gradus::optim
