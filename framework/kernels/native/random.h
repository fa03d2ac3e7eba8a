// Uniform floats of Philox 4x32-10: a serial loop.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

struct RandomLoops {
  /// Blocks [begin, end) of a sequence, two uniforms each, on 24 bits: the first number of a block
  /// to out[2 * block], the third to out[2 * block + 1].
  void (*uniform)(float* out, std::uint64_t seed, std::uint64_t stream, std::int64_t begin,
                  std::int64_t end);
};

const RandomLoops& random_loops(Level level = native::level());

}  // namespace gradus::kernels::native
