// A rate that falls when a metric no longer gets better.
#pragma once

#include "framework/train/metric_watch.h"
#include "framework/train/schedule.h"

namespace gradus::optim {

struct ReduceOnPlateauOptions {
  std::string metric = "test_loss";
  std::string mode = "min";  ///< in a config as is_larger_better(metric), by default
  double factor = 0.1;
  std::int64_t patience = 10;
  double threshold = 1e-4;
  std::string threshold_mode = "rel";
  std::int64_t cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;
  void describe(OptionReader& o);
};

/// As torch.optim.lr_scheduler.ReduceLROnPlateau. A metric is better than the best one so far by
/// more than `threshold`, of the best ("rel") or as it is ("abs"). When more than `patience` epochs
/// in a row are not better, the rate becomes max(rate * factor, min_lr), if that is lower by more
/// than `eps`, and the next `cooldown` epochs do not count. It is observed at the end of epochs, so
/// it has no unit.
class ReduceOnPlateauSchedule : public Schedule {
 public:
  using Options = ReduceOnPlateauOptions;
  explicit ReduceOnPlateauSchedule(const Options& options, const RunShape& run = {});

  [[nodiscard]] double rate(double base, const Elapsed& elapsed) const override;
  [[nodiscard]] std::vector<std::string> metrics() const override { return {options_.metric}; }
  void observe(double base, const Elapsed& elapsed, const MetricReader& metric) override;
  [[nodiscard]] Json state() const override;
  void load_state(const Json& state) override;

 private:
  Options options_;
  MetricWatch watch_;
  std::optional<double> rate_;  // nothing: the optimizer's own
  std::int64_t cooldown_ = 0;   // epochs of it that are left
};

}  // namespace gradus::optim
