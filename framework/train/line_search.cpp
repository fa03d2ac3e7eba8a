#include "framework/train/line_search.h"

#include <array>
#include <cmath>
#include <utility>

namespace gradus::optim {
namespace {

constexpr double kSufficientDecrease = 1e-4;
constexpr double kCurvature = 0.9;
constexpr double kLeastChange = 1e-9;
constexpr int kMostTrials = 25;

// The minimum between `low` and `high` of the cubic through both points; their middle where it has
// none.
double cubic_minimum(const LinePoint& a, const LinePoint& b, double low, double high) {
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double square = d1 * d1 - a.slope * b.slope;
  const LinePoint& left = a.step <= b.step ? a : b;
  const LinePoint& right = a.step <= b.step ? b : a;
  const double d2 = std::sqrt(square);  // NaN where there is no minimum
  const double at = right.step - (right.step - left.step) * ((right.slope + d2 - d1) /
                                                             (right.slope - left.slope + 2 * d2));
  return std::isnan(at) ? (low + high) / 2 : std::min(std::max(at, low), high);
}

class Search {
 public:
  Search(kernels::FunctionRef<LinePoint(double)> evaluate, const LinePoint& start, double longest)
      : evaluate_(evaluate), start_(start), longest_(longest) {}

  LinePoint run(double step) {
    if (!find_bracket(step)) zoom();
    return ends_[low_];
  }

 private:
  // The first evaluation is not counted among the trials.
  LinePoint next(double step) {
    ++trials_;
    return evaluate_(step);
  }
  [[nodiscard]] bool is_low_enough(const LinePoint& point) const {
    return point.value <= start_.value + kSufficientDecrease * point.step * start_.slope;
  }
  [[nodiscard]] bool is_flat_enough(const LinePoint& point) const {
    return std::abs(point.slope) <= -kCurvature * start_.slope;
  }
  void choose_low() { low_ = ends_[1].value < ends_[0].value ? 1 : 0; }

  // Goes on until a minimum must lie behind. True where nothing is left to be done.
  bool find_bracket(double step) {
    LinePoint before = start_;
    LinePoint point = evaluate_(step);
    while (trials_ < kMostTrials) {
      const bool too_high = !is_low_enough(point) || (trials_ > 1 && point.value >= before.value);
      if (!too_high && is_flat_enough(point)) {
        ends_ = {point, point};
        return true;
      }
      if (too_high || point.slope >= 0) {
        ends_ = {before, point};
        choose_low();
        return false;
      }
      const double farther = cubic_minimum(
          before, point, point.step + 0.01 * (point.step - before.step), point.step * 10);
      before = std::exchange(point, next(farther));
    }
    ends_ = {start_, point};
    choose_low();
    return true;
  }

  // A trial that is near to an end twice in a row, or on it, is moved towards the middle.
  double away_from_ends(double step, double left, double right) {
    const double margin = 0.1 * (right - left);
    const bool near = std::min(right - step, step - left) < margin;
    if (!near || !(was_near_ || step >= right || step <= left)) {
      was_near_ = near;
      return step;
    }
    was_near_ = false;
    return std::abs(step - right) < std::abs(step - left) ? right - margin : left + margin;
  }

  void zoom() {
    while (trials_ < kMostTrials) {
      LinePoint& low = ends_[low_];
      LinePoint& high = ends_[1 - low_];
      const double left = std::min(low.step, high.step);
      const double right = std::max(low.step, high.step);
      if ((right - left) * longest_ < kLeastChange) return;
      const double step = cubic_minimum(ends_[0], ends_[1], left, right);
      const LinePoint point = next(away_from_ends(step, left, right));
      if (!is_low_enough(point) || point.value >= low.value) {
        high = point;
        choose_low();
        continue;
      }
      const bool done = is_flat_enough(point);
      if (!done && point.slope * (high.step - low.step) >= 0) high = low;
      low = point;
      if (done) return;
    }
  }

  kernels::FunctionRef<LinePoint(double)> evaluate_;
  const LinePoint& start_;
  double longest_;
  std::array<LinePoint, 2> ends_;
  std::size_t low_ = 0;
  int trials_ = 0;
  bool was_near_ = false;
};

}  // namespace

LinePoint strong_wolfe(kernels::FunctionRef<LinePoint(double)> evaluate, const LinePoint& start,
                       double step, double longest) {
  return Search(evaluate, start, longest).run(step);
}

}  // namespace gradus::optim
