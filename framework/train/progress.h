// What a person sees of a run: a bar on a terminal, plain lines in a pipe, nothing when quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace gradus {

class Progress {
 public:
  enum class Style { Quiet, Lines, Bar };
  /// Bar when standard output is a terminal, else Lines.
  static Style automatic();

  Progress(std::ostream& out, Style style, std::int64_t epochs, std::int64_t steps_per_epoch);
  /// Takes the bar away, so that what is printed next has the line for itself.
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One more step of `samples` examples. `step` counts from 1 within the epoch.
  void step(std::int64_t epoch, std::int64_t step, std::int64_t samples, double loss);
  /// The result of an epoch; `metrics` is text such as "accuracy 91.25 %", or empty.
  void epoch(std::int64_t epoch, double train_loss, double test_loss, const std::string& metrics);
  /// A line of its own, shown in every style but Quiet.
  void message(const std::string& text);
  /// "warning: " and the text on standard error, in every style.
  void warning(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  void draw(std::int64_t epoch, std::int64_t step, double loss);
  void clear();
  [[nodiscard]] double samples_per_second() const;

  std::ostream& out_;
  Style style_;
  std::int64_t epochs_;
  std::int64_t steps_per_epoch_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = Clock::now();
  Clock::time_point epoch_start_ = Clock::now();
  std::int64_t samples_ = 0;
  std::int64_t steps_ = 0;
  bool bar_shown_ = false;
};

}  // namespace gradus
