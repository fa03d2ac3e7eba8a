// Schedules one after the other.
#pragma once

#include "framework/train/schedule.h"
#include "schedules/linear.h"

namespace gradus::optim {

/// As torch.optim.lr_scheduler.SequentialLR: each schedule begins, with a count of 0, at its
/// milestone, and counts from there; the first one at 0.
///
///   ChainedSchedule::of({3}, LinearSchedule({.total_iters = 3}), CosineSchedule({.t_max = 30}))
///
/// In a config "run" means, for the options of one of them, the time until the next begins.
class ChainedSchedule : public Schedule {
 public:
  struct Part {
    Elapsed begin;
    SchedulePtr schedule;
  };

  /// Throws ValueError unless the first begins at 0 and each later than the one before.
  explicit ChainedSchedule(std::vector<Part> parts);
  /// Where every step is an epoch. Throws ValueError unless the milestones ascend and are one fewer
  /// than the schedules.
  template <std::derived_from<Schedule>... S>
  static ChainedSchedule of(const std::vector<std::int64_t>& milestones, S... schedules) {
    return of(milestones, std::vector<SchedulePtr>{std::make_shared<S>(std::move(schedules))...});
  }
  static ChainedSchedule of(const std::vector<std::int64_t>& milestones,
                            std::vector<SchedulePtr> schedules);

  [[nodiscard]] double rate(double base, const Elapsed& elapsed) const override;
  [[nodiscard]] std::vector<std::string> metrics() const override;
  /// Only the schedule that has begun and not ended by then observes.
  void observe(double base, const Elapsed& elapsed, const MetricReader& metric) override;
  [[nodiscard]] Json state() const override;
  void load_state(const Json& state) override;

 private:
  [[nodiscard]] const Part& part_at(const Elapsed& elapsed) const;

  std::vector<Part> parts_;
};

}  // namespace gradus::optim
