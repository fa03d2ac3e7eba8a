// Sums and maxima over a row in eight fixed lanes: the compiler vectorises them, and the order of
// the additions is the same everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace gradus::kernels {

inline constexpr std::int64_t kLanes = 8;

/// The sum of term(i) for i in [0, count), in double.
template <class Term>
double lane_sum(std::int64_t count, Term term) {
  double lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t l = 0; l < kLanes; ++l) lanes[l] += static_cast<double>(term(i + l));
  }
  for (std::int64_t l = 0; i < count; ++i, ++l) lanes[l] += static_cast<double>(term(i));
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/// The largest value(i) for i in [0, count), of type C; NaN is passed over, -inf where nothing is
/// left.
template <class C, class Value>
C lane_max(std::int64_t count, Value value) {
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
