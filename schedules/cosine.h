// Cosine annealing, with and without restarts (Loshchilov and Hutter, arXiv:1608.03983).
#pragma once

#include "framework/train/schedule.h"

namespace gradus::optim {

struct CosineOptions {
  Unit unit = Unit::Epoch;
  Span t_max = Span::run();  ///< PyTorch's T_max
  double eta_min = 0;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.CosineAnnealingLR:
///   eta_min + (base - eta_min) * (1 + cos(pi * n / t_max)) / 2
/// Behind t_max the rate rises again, as PyTorch's does.
class CosineSchedule : public ScheduleOf<CosineOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

struct CosineRestartsOptions {
  Unit unit = Unit::Epoch;
  Span t_0;  ///< PyTorch's T_0
  std::int64_t t_mult = 1;
  double eta_min = 0;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.CosineAnnealingWarmRestarts: periods of t_0, t_0 * t_mult,
/// t_0 * t_mult^2, ...; after n of a period of t it is
///   eta_min + (base - eta_min) * (1 + cos(pi * n / t)) / 2
class CosineRestartsSchedule : public ScheduleOf<CosineRestartsOptions> {
 public:
  using ScheduleOf::ScheduleOf;

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override;
};

}  // namespace gradus::optim
