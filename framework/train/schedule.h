// Schedules: the learning rate as a function of how far a run is.
//
//   optim::SGD optimizer(net->named_parameters(), {.lr = 0.1});
//   optim::LRScheduler scheduler(optimizer, optim::CosineSchedule({.t_max = 30}));
//   for (int epoch = 0; epoch < 30; ++epoch) {
//     train_epoch();       // steps of the optimizer
//     scheduler.step();    // or, for reduce_on_plateau, scheduler.step(test_loss)
//   }
//
// Each is a class in schedules/ that derives from ScheduleOf<Options>, gives the rate after a count
// (rate_after), and registers itself. Formulas and defaults are those of PyTorch 1.13, in their
// closed form: the rate depends on the count alone and not on the way there, so that a run which
// goes on from a checkpoint has the same bits. What a schedule remembers beside (reduce_on_plateau)
// is its state().
//
// In a config a schedule counts epochs or steps, as its "unit" says, and changes the rate after
// each. Its spans are counts of that unit, or texts: "2 epochs", "500 steps", and "run", which is
// all that is left of the run when the schedule begins.
//   {"type": "warmup", "total_iters": "0.5 epochs", "then": {"type": "cosine", "unit": "step"}}
// Thread rules: one thread at a time.
#pragma once

#include "framework/train/optimizer.h"

#include <concepts>
#include <functional>

namespace gradus::optim {

enum class Unit { Epoch, Step };

/// How long a schedule has run: steps of the optimizer, and whole epochs.
struct Elapsed {
  std::int64_t steps = 0;
  std::int64_t epochs = 0;

  friend Elapsed operator-(const Elapsed& a, const Elapsed& b) {
    return {a.steps - b.steps, a.epochs - b.epochs};
  }
  friend bool operator==(const Elapsed&, const Elapsed&) = default;
};

/// What a schedule may know of its run. Without a trainer a step is an epoch, and there is no end.
struct RunShape {
  std::int64_t steps_per_epoch = 1;
  std::optional<Elapsed> length{};  ///< from where the schedule begins to where it ends

  /// The time of so many steps or, as the unit says, epochs.
  [[nodiscard]] Elapsed after(std::int64_t count, Unit unit) const;
};

/// A length of time among the options of a schedule.
class Span {
 public:
  Span() = default;                             ///< not set
  Span(std::int64_t count);                     ///< of the schedule's unit; ValueError below 1
  static Span run() { return {Kind::Run, 1}; }  ///< all that is left of the run

  /// Reads 3, "3 epochs", "0.5 epochs", "3 steps" or "run". Throws ConfigError for anything else,
  /// and for what a schedule that counts epochs cannot count.
  static Span parse(const Json& json, Unit unit, const std::string& path);
  [[nodiscard]] Json json() const;

  /// At least 1. Throws ValueError when it is not set, or there is no run that it could mean.
  [[nodiscard]] std::int64_t in(Unit unit, const RunShape& run) const;

 private:
  enum class Kind { None, Own, Epochs, Steps, Run };
  Span(Kind kind, double count) : kind_(kind), count_(count) {}

  Kind kind_ = Kind::None;
  double count_ = 0;
};

/// Describe options of these kinds; the unit comes before the spans that it is for.
void describe_unit(OptionReader& o, Unit& unit);
void describe_span(OptionReader& o, const char* name, Span& span, Unit unit, const char* doc);
void describe_spans(OptionReader& o, const char* name, std::vector<Span>& spans, Unit unit,
                    const char* doc);

/// The value of a metric by its name, as EpochMetrics has it.
using MetricReader = std::function<double(const std::string& name)>;

class Schedule {
 public:
  virtual ~Schedule() = default;

  /// The learning rate of what comes `elapsed` after the beginning, where the optimizer's own rate
  /// is `base`. The same arguments and state() give the same bits.
  [[nodiscard]] virtual double rate(double base, const Elapsed& elapsed) const = 0;

  /// The metrics that it looks at.
  [[nodiscard]] virtual std::vector<std::string> metrics() const { return {}; }
  /// Takes in what an epoch found, `elapsed` after the beginning. `base` is as in rate().
  virtual void observe(double base, const Elapsed& elapsed, const MetricReader& metric);

  /// What it remembers; null when that is nothing.
  [[nodiscard]] virtual Json state() const;
  /// Goes on with a state(); null is the state at the beginning. Throws ValueError, and changes
  /// nothing, for what is no state of this schedule.
  virtual void load_state(const Json& state);
};

using SchedulePtr = std::shared_ptr<Schedule>;

/// The registry of schedules; they are made for a run.
using ScheduleRegistry = gradus::Registry<Schedule, RunShape>;
ScheduleRegistry& schedules();

/// The base of schedules with an options struct. `Options` has a member `unit`.
template <class OptionsType>
class ScheduleOf : public Schedule {
 public:
  using Options = OptionsType;
  explicit ScheduleOf(const Options& options, const RunShape& run = {})
      : options_(options), run_(run) {}

  [[nodiscard]] double rate(double base, const Elapsed& elapsed) const override {
    return rate_after(base, options_.unit == Unit::Epoch ? elapsed.epochs : elapsed.steps);
  }

 protected:
  /// `count` is in the schedule's unit, and not negative.
  [[nodiscard]] virtual double rate_after(double base, std::int64_t count) const = 0;

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::int64_t count_of(const Span& span) const {
    return span.in(options_.unit, run_);
  }

 private:
  Options options_;
  RunShape run_;
};

/// Registers a class that derives from ScheduleOf.
template <class S>
bool add_schedule(const char* name, const char* doc) {
  using Options = typename S::Options;
  return schedules().add<Options>(name, doc, [](const Options& options, const RunShape& run) {
    return std::make_shared<S>(options, run);
  });
}

/// Moves the learning rate of an optimizer along a schedule, one step() at a time; what a step is,
/// an epoch or a batch, is the caller's choice. The optimizer must outlive it. The rate is that of
/// Optimizer::learning_rate(); the other groups keep their proportions to it.
class LRScheduler {
 public:
  /// Sets the first rate.
  LRScheduler(Optimizer& optimizer, SchedulePtr schedule);
  template <std::derived_from<Schedule> S>
  LRScheduler(Optimizer& optimizer, S schedule)
      : LRScheduler(optimizer, std::make_shared<S>(std::move(schedule))) {}

  /// Throws ValueError when the schedule looks at a metric.
  void step();
  /// `metric` is whatever the schedule looks at.
  void step(double metric);
  [[nodiscard]] double last_lr() const { return optimizer_.learning_rate(); }

  /// All that it takes to go on, beside the schedule's options.
  [[nodiscard]] Json state() const;
  /// Goes on with a state(), and sets its rate. Throws ValueError, and changes nothing, for what is
  /// none.
  void load_state(const Json& state);

 private:
  [[nodiscard]] Elapsed elapsed() const { return {count_, count_}; }
  void set_rate();

  Optimizer& optimizer_;
  SchedulePtr schedule_;
  double base_;
  std::int64_t count_ = 0;
};

}  // namespace gradus::optim
