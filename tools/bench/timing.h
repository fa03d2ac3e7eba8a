// Medians of repeated runs.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace bench {

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Seconds of one step().
struct Times {
  double best = 0;
  double median = 0;
};

/// As `gradus bench` times: until it is warm, then rounds of the given length.
template <class Step>
Times time_rounds(const Step& step, int rounds, double round_seconds) {
  using Clock = std::chrono::steady_clock;
  const auto run = [&](auto enough) {
    const auto start = Clock::now();
    long steps = 0;
    std::chrono::duration<double> time{};
    do {
      step();
      ++steps;
      time = Clock::now() - start;
    } while (!enough(steps, time.count()));
    return time.count() / static_cast<double>(steps);
  };
  for (int i = 0; i < 3; ++i) step();
  const double one = run([](long, double time) { return time >= 0.2; });
  const long count = std::max(1L, static_cast<long>(round_seconds / one));
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    times.push_back(run([&](long steps, double) { return steps >= count; }));
  }
  return {*std::min_element(times.begin(), times.end()), median(times)};
}

/// Microseconds of one body(), over 15 rounds of `count`, after one to warm up.
template <class Body>
double median_us(int count, Body body) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rounds;
  for (int round = 0; round < 16; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) body();
    const std::chrono::duration<double, std::micro> time = Clock::now() - start;
    if (round > 0) rounds.push_back(time.count() / count);
  }
  return median(rounds);
}

/// Microseconds of run(make()), without make(), over 15 rounds after one to warm up.
template <class Make, class Run>
double median_us_of(Make make, Run run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rounds;
  for (int round = 0; round < 16; ++round) {
    auto made = make();
    const auto start = Clock::now();
    run(made);
    const std::chrono::duration<double, std::micro> time = Clock::now() - start;
    if (round > 0) rounds.push_back(time.count());
  }
  return median(rounds);
}

}  // namespace bench
