// Sums and maxima over a row in eight fixed lanes: they are vectors everywhere, and the order of
// the additions is the same everywhere. All is inlined, so that it is compiled for the instruction
// set of its caller (native/level.h).
#pragma once

#include "framework/kernels/dtype.h"

#include <cstring>
#include <limits>

namespace gradus::kernels {

inline constexpr std::int64_t kLanes = 8;

namespace detail {

// Half of the lanes: no more than an AVX register of doubles.
inline constexpr std::int64_t kHalf = kLanes / 2;
template <class C>
struct HalfOf {
  using Type [[gnu::vector_size(kHalf * sizeof(C))]] = C;
};

// Terms pass through a buffer of this many: a loop of its own for them becomes vectors.
inline constexpr std::int64_t kLaneBlock = 64 * kLanes;

// use(buffer, length) for the values of term(i), i in [0, count), block by block.
template <class Term, class Use>
[[gnu::always_inline]] inline void in_blocks(std::int64_t count, Term term, Use use) {
  using C = Compute<decltype(term(count))>;
  C block[kLaneBlock];
  for (std::int64_t begin = 0; begin < count; begin += kLaneBlock) {
    const std::int64_t length = count - begin < kLaneBlock ? count - begin : kLaneBlock;
    for (std::int64_t i = 0; i < length; ++i) block[i] = static_cast<C>(term(begin + i));
    use(block, length);
  }
}

}  // namespace detail

/// The sum of term(i) for i in [0, count), in double.
template <class Term>
[[gnu::always_inline]] inline double lane_sum(std::int64_t count, Term term) {
  using C = Compute<decltype(term(count))>;
  using Values = typename detail::HalfOf<C>::Type;
  using Sums = detail::HalfOf<double>::Type;
  Sums low = {};
  Sums high = {};
  detail::in_blocks(count, term, [&](const C* block, std::int64_t length) {
    std::int64_t i = 0;
    for (; i + kLanes <= length; i += kLanes) {
      Values values[2];
      std::memcpy(values, block + i, sizeof values);
      low += __builtin_convertvector(values[0], Sums);
      high += __builtin_convertvector(values[1], Sums);
    }
    for (std::int64_t l = 0; i < length; ++i, ++l) {
      (l < detail::kHalf ? low : high)[l % detail::kHalf] += static_cast<double>(block[i]);
    }
  });
  const Sums sums = low + high;
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

/// The largest value(i) for i in [0, count), of type C; NaN is passed over, -inf where nothing is
/// left.
template <class C, class Value>
[[gnu::always_inline]] inline C lane_max(std::int64_t count, Value value) {
  using Values = typename detail::HalfOf<C>::Type;
  Values low = Values{} - std::numeric_limits<C>::infinity();
  Values high = low;
  detail::in_blocks(
      count, [value](std::int64_t i) -> C { return value(i); },
      [&](const C* block, std::int64_t length) {
        std::int64_t i = 0;
        for (; i + kLanes <= length; i += kLanes) {
          Values values[2];
          std::memcpy(values, block + i, sizeof values);
          low = values[0] > low ? values[0] : low;
          high = values[1] > high ? values[1] : high;
        }
        for (; i < length; ++i) low[0] = block[i] > low[0] ? block[i] : low[0];
      });
  low = high > low ? high : low;
  C top = low[0];
  for (std::int64_t l = 1; l < detail::kHalf; ++l) top = low[l] > top ? low[l] : top;
  return top;
}

}  // namespace gradus::kernels
