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
