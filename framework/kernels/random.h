// Counter-based random numbers (Philox 4x32-10, of Random123): a number is a function of
// (seed, stream, index), so any thread can make any part of a sequence.
#pragma once

#include "framework/kernels/view.h"

#include <array>

namespace gradus::kernels {

/// Names one sequence of random numbers.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
};

/// Four independent 32-bit numbers at position `block` of the sequence.
std::array<std::uint32_t, 4> random_block(const RandomKey& key, std::uint64_t block);

/// A uniform integer in [0, end), at position `index` of the sequence.
std::uint64_t random_below(const RandomKey& key, std::uint64_t index, std::uint64_t end);

/// Uniform in [0, 1), on 8 bits for bf16, 24 for f32, 53 for f64. `out` is contiguous and floating.
void random_uniform(const View& out, const RandomKey& key);

/// Standard normal (Box-Muller). `out` is contiguous and floating.
void random_normal(const View& out, const RandomKey& key);

/// Uniform integers in [low, high). `out` is contiguous i64.
void random_integers(const View& out, const RandomKey& key, std::int64_t low, std::int64_t high);

}  // namespace gradus::kernels
