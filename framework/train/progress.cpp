#include "framework/train/progress.h"
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace gradus {
namespace {

constexpr double kBarPause = 0.1;  // seconds between two drawings
constexpr double kLinePause = 10;
constexpr std::size_t kWidestBar = 24;
constexpr std::size_t kNarrowestBar = 4;
constexpr std::size_t kLineWidth = 79;  // a line that wraps could not be drawn over

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, args...);
  return buffer;
}

std::string duration(double seconds) {
  const auto total = std::lround(seconds);
  if (total >= 3600) return format("%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
  return format("%ld:%02ld", total / 60, total % 60);
}

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

Progress::Style Progress::automatic() {
  return ::isatty(STDOUT_FILENO) != 0 ? Style::Bar : Style::Lines;
}

Progress::Progress(std::ostream& out, Style style, std::int64_t epochs,
                   std::int64_t steps_per_epoch)
    : out_(out), style_(style), epochs_(epochs), steps_per_epoch_(steps_per_epoch) {}

double Progress::samples_per_second() const {
  return static_cast<double>(samples_) /
         std::max(1e-9, seconds_between(epoch_start_, Clock::now()));
}

void Progress::step(std::int64_t epoch, std::int64_t step, std::int64_t samples, double loss) {
  samples_ += samples;
  ++steps_;
  const auto now = Clock::now();
  const double since = seconds_between(drawn_, now);
  if (style_ == Style::Lines && since >= kLinePause) {
    message(format("epoch %ld/%ld  step %ld/%ld  loss %.4f  %.0f samples/s",
                   static_cast<long>(epoch), static_cast<long>(epochs_), static_cast<long>(step),
                   static_cast<long>(steps_per_epoch_), loss, samples_per_second()));
    drawn_ = now;
  }
  if (style_ == Style::Bar && (since >= kBarPause || step == steps_per_epoch_)) {
    draw(epoch, step, loss);
    drawn_ = now;
  }
}

void Progress::draw(std::int64_t epoch, std::int64_t step, double loss) {
  const std::int64_t left = (epochs_ - epoch) * steps_per_epoch_ + steps_per_epoch_ - step;
  const double per_step = seconds_between(start_, Clock::now()) / static_cast<double>(steps_);
  const std::string before =
      format("epoch %ld/%ld [", static_cast<long>(epoch), static_cast<long>(epochs_));
  const std::string behind =
      format("] %ld/%ld  loss %.4f  %.0f samples/s  %s left", static_cast<long>(step),
             static_cast<long>(steps_per_epoch_), loss, samples_per_second(),
             duration(per_step * static_cast<double>(left)).c_str());
  const std::size_t text = std::min(before.size() + behind.size(), kLineWidth);
  const std::size_t width = std::clamp(kLineWidth - text, kNarrowestBar, kWidestBar);
  const std::size_t filled =
      width * static_cast<std::size_t>(step) / static_cast<std::size_t>(steps_per_epoch_);
  out_ << "\r\033[K" << before << std::string(filled, '#') << std::string(width - filled, '.')
       << behind << std::flush;
  bar_shown_ = true;
}

void Progress::clear() {
  if (bar_shown_) out_ << "\r\033[K" << std::flush;
  bar_shown_ = false;
}

void Progress::epoch(std::int64_t epoch, double train_loss, double test_loss,
                     const std::string& metrics) {
  const double seconds = seconds_between(epoch_start_, Clock::now());
  std::string line =
      format("epoch %ld/%ld  train loss %.4f  test loss %.4f", static_cast<long>(epoch),
             static_cast<long>(epochs_), train_loss, test_loss);
  if (!metrics.empty()) line += "  " + metrics;
  line += format("  %.1f s  %.0f samples/s", seconds, samples_per_second());
  message(line);
  epoch_start_ = Clock::now();
  samples_ = 0;
}

void Progress::message(const std::string& text) {
  if (style_ == Style::Quiet) return;
  clear();
  out_ << text << std::endl;
}

void Progress::warning(const std::string& text) {
  clear();
  std::cerr << "warning: " << text << std::endl;
}

}  // namespace gradus
