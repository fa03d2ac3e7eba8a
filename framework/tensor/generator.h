// Generator: where random numbers come from. A draw depends on the seed and on how many draws came
// before it; never on threads.
#pragma once

#include "framework/kernels/random.h"

#include <atomic>

namespace gradus {

/// Thread rules: next() may be called from any thread; the order of such calls is the caller's.
class Generator {
 public:
  /// All that is needed to go on exactly from here.
  struct State {
    std::uint64_t seed = 0;
    std::uint64_t draws = 0;
  };

  explicit Generator(std::uint64_t seed = 0) : seed_(seed) {}

  void manual_seed(std::uint64_t seed) { set_state({seed, 0}); }
  /// The key of the next sequence.
  kernels::RandomKey next() { return {seed_, draws_++}; }

  [[nodiscard]] State state() const { return {seed_, draws_}; }
  void set_state(const State& state) {
    seed_ = state.seed;
    draws_ = state.draws;
  }

 private:
  std::atomic<std::uint64_t> seed_;
  std::atomic<std::uint64_t> draws_{0};
};

/// The generator that rand, randn, dropout and initialisers use unless given another.
Generator& default_generator();

/// Makes another generator this thread's default for a scope.
class DefaultGeneratorGuard {
 public:
  explicit DefaultGeneratorGuard(Generator& generator);
  ~DefaultGeneratorGuard();
  DefaultGeneratorGuard(const DefaultGeneratorGuard&) = delete;
  DefaultGeneratorGuard& operator=(const DefaultGeneratorGuard&) = delete;

 private:
  Generator* before_;
};

/// Seeds the default generator of all threads.
void manual_seed(std::uint64_t seed);

}  // namespace gradus
