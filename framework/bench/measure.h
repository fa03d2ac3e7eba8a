// What a step costs: time, work, memory, allocations.
#pragma once

#include "framework/bench/workloads.h"
#include "framework/kernels/profile.h"

namespace gradus::bench {

struct MeasureOptions {
  int rounds = 7;
  double round_seconds = 0.15;  ///< a round is at least one step
  double warm_up_seconds = 0.2;
};

struct Measurement {
  std::string precision = "f32";  ///< of the step's products, as its config says
  double best_seconds = 0;        ///< of one step, in the best round
  double median_seconds = 0;      ///< of one step, in the middle round
  double cpu_seconds = 0;         ///< of one step, on all threads together, in the thriftiest round
  std::int64_t steps = 0;         ///< timed, in all rounds
  std::int64_t examples = 0;      ///< a step
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;     ///< of one step's products and convolutions
  std::int64_t kernels = 0;           ///< runs of product and convolution kernels in one step
  std::int64_t ops = 0;               ///< ops, gradients and updates in one step
  std::int64_t peak_memory = 0;       ///< resident bytes of the process since the step was made
  std::optional<double> allocations;  ///< operator new a step; nothing where it is not counted
  double system_allocations = 0;      ///< of the memory pool, a step
  std::vector<kernels::profile::Entry> profile;  ///< of one step
};

/// Makes the step, runs it until it is steady, and times it.
Measurement measure(const std::function<Step()>& make, const MeasureOptions& options);
}  // namespace gradus::bench
