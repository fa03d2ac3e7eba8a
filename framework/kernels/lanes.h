// Sums and maxima over a row in eight fixed lanes: the compiler vectorises them, and the order of
// the additions is the same everywhere. All is inlined, so that it is compiled for the instruction
// set of its caller (native/level.h).
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace gradus::kernels {

inline constexpr std::int64_t kLanes = 8;

/// A sum of doubles that is made piece by piece.
struct LaneSum {
  double lanes[kLanes] = {};

  /// Adds term(i) for i in [0, count). Of all pieces but the last, `count` is a multiple of kLanes.
  template <class Term>
  [[gnu::always_inline]] void add(std::int64_t count, Term term) {
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      for (std::int64_t l = 0; l < kLanes; ++l) lanes[l] += static_cast<double>(term(i + l));
    }
    for (std::int64_t l = 0; i < count; ++i, ++l) lanes[l] += static_cast<double>(term(i));
  }
  [[nodiscard, gnu::always_inline]] double total() const {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  }
};

/// The sum of term(i) for i in [0, count), in double.
template <class Term>
[[gnu::always_inline]] inline double lane_sum(std::int64_t count, Term term) {
  LaneSum sum;
  sum.add(count, term);
  return sum.total();
}

/// The largest value(i) for i in [0, count), of type C; NaN is passed over, -inf where nothing is
/// left.
template <class C, class Value>
[[gnu::always_inline]] inline C lane_max(std::int64_t count, Value value) {
  std::array<C, kLanes> lanes;
  lanes.fill(-std::numeric_limits<C>::infinity());
  std::int64_t i = 0;
  const auto take = [&](std::size_t lane, std::int64_t at) {
    const C v = value(at);
    lanes[lane] = v > lanes[lane] ? v : lanes[lane];
  };
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t l = 0; l < kLanes; ++l) take(static_cast<std::size_t>(l), i + l);
  }
  for (; i < count; ++i) take(0, i);
  C top = lanes[0];
  for (const C lane : lanes) top = lane > top ? lane : top;
  return top;
}

}  // namespace gradus::kernels
