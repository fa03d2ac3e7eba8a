// The roof: how fast this machine multiplies matrices at best, on the threads that Gradus may use.
#pragma once

#include <optional>

namespace gradus::bench {

/// Operations (two for a multiply-add) a second of oneDNN's matmul, one product a thread: the best
/// of several sizes and layouts.
struct Roof {
  double f32 = 0;
  std::optional<double> bf16;  ///< nothing where the CPU has no bf16 of its own
};

/// Takes `seconds` for each type.
Roof measure_roof(double seconds = 0.3);

}  // namespace gradus::bench
