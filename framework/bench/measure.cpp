#include "framework/bench/measure.h"
#include "framework/kernels/memory.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

namespace gradus::bench {
namespace {

constexpr std::int64_t kWarmUpSteps = 3;
constexpr std::int64_t kProfiledSteps = 5;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of all threads; a busy machine stretches this far less than the time on the clock.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Linux forgets the peak of a process that asks for it; where it does not, the peak is of the
// process's whole life.
void reset_peak_memory() {
  empty_cache();
#if defined(__GLIBC__)
  malloc_trim(0);  // what was freed before is not this step's
#endif
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    std::int64_t kilobytes = 0;
    if (key == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// Seconds of one step when all is warm.
double warm_up(const Step& step, double seconds) {
  for (std::int64_t i = 0; i < kWarmUpSteps; ++i) step.run();
  const Clock::time_point start = Clock::now();
  std::int64_t steps = 0;
  do {
    step.run();
    ++steps;
  } while (seconds_since(start) < seconds);
  return seconds_since(start) / static_cast<double>(steps);
}

void time_rounds(const Step& step, const MeasureOptions& options, Measurement& result) {
  const double one = warm_up(step, options.warm_up_seconds);
  const auto steps =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(options.round_seconds / one));
  std::vector<double> rounds;
  const auto counter = kernels::profile::allocation_counter();
  const std::int64_t new_before = counter != nullptr ? counter() : 0;
  const std::int64_t system_before = memory_stats().system_allocations;
  rounds.reserve(static_cast<std::size_t>(options.rounds));
  for (int round = 0; round < options.rounds; ++round) {
    const Clock::time_point start = Clock::now();
    const double cpu_start = cpu_seconds();
    for (std::int64_t i = 0; i < steps; ++i) step.run();
    rounds.push_back(seconds_since(start) / static_cast<double>(steps));
    const double cpu = (cpu_seconds() - cpu_start) / static_cast<double>(steps);
    result.cpu_seconds = round == 0 ? cpu : std::min(result.cpu_seconds, cpu);
  }
  result.steps = steps * options.rounds;
  const auto a_step = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(result.steps);
  };
  result.system_allocations = a_step(memory_stats().system_allocations - system_before);
  if (counter != nullptr) result.allocations = a_step(counter() - new_before);
  std::sort(rounds.begin(), rounds.end());
  result.best_seconds = rounds.front();
  result.median_seconds = rounds[rounds.size() / 2];
}

// A step's profile: the counts of one step, the times of the quickest of several.
void profile_step(const Step& step, Measurement& result) {
  for (std::int64_t i = 0; i < kProfiledSteps; ++i) {
    kernels::profile::start();
    step.run();
    std::vector<kernels::profile::Entry> found = kernels::profile::stop();
    const auto total = [](const std::vector<kernels::profile::Entry>& entries) {
      double seconds = 0;
      for (const auto& each : entries) seconds += each.seconds;
      return seconds;
    };
    if (i == 0 || total(found) < total(result.profile)) result.profile = std::move(found);
  }
  for (const kernels::profile::Entry& each : result.profile) {
    result.multiply_adds += each.multiply_adds;
    result.ops += each.calls;
    for (const auto& [name, runs] : each.kernels) result.kernels += runs;
  }
}

}  // namespace

Measurement measure(const std::function<Step()>& make, const MeasureOptions& options) {
  reset_peak_memory();
  const Step step = make();
  Measurement result;
  result.examples = step.examples;
  result.parameters = step.parameters;
  if (step.config.is_object()) result.precision = step.config.value("precision", "f32");
  time_rounds(step, options, result);
  profile_step(step, result);
  result.peak_memory = peak_memory();
  return result;
}

}  // namespace gradus::bench
