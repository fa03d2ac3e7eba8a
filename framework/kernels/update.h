// The loop of optimizers: one pass over many arrays as if they were one.
#pragma once

#include "framework/kernels/parallel.h"

#include <cstddef>
#include <new>
#include <vector>

namespace gradus::kernels {

/// A loop over a range of elements, f(begin, end), held in place: made from lambdas that capture
/// pointers and numbers.
class ElementLoop {
 public:
  template <class F>
  requires(!std::is_same_v<F, ElementLoop>)
      ElementLoop(const F& f)  // implicit: made from lambdas in place
      : call_([](const std::byte* self, std::int64_t begin, std::int64_t end) {
          (*std::launder(reinterpret_cast<const F*>(self)))(begin, end);
        }) {
    static_assert(sizeof(F) <= kBytes && alignof(F) <= alignof(std::max_align_t));
    static_assert(std::is_trivially_copyable_v<F>);
    new (self_) F(f);
  }
  void operator()(std::int64_t begin, std::int64_t end) const { call_(self_, begin, end); }

 private:
  static constexpr std::size_t kBytes = 160;
  alignas(std::max_align_t) std::byte self_[kBytes];
  void (*call_)(const std::byte*, std::int64_t, std::int64_t);
};

/// Arrays in a row, of which loops take pieces. Kept from step to step, it allocates nothing.
/// Thread rules: one thread at a time; run() uses all.
class Concatenation {
 public:
  void clear() { ends_.clear(); }
  /// Appends an array; its number is the count of those before it.
  void add(std::int64_t numel) { ends_.push_back(numel_before(ends_.size()) + numel); }
  [[nodiscard]] Split split() const { return {numel_before(ends_.size()), kGrain}; }

  /// body(array, begin, end) for pieces that cover all arrays, at once: each chunk of split() runs
  /// through its pieces in order, as body(chunk, array, begin, end) if it takes that many.
  template <class Body>
  void run(const Body& body) const {
    const Split chunks = split();
    parallel_for(chunks.chunks, [&](std::int64_t chunk) {
      std::int64_t at = chunks.begin(chunk);
      const auto first = std::upper_bound(ends_.begin(), ends_.end(), at);
      for (auto array = static_cast<std::size_t>(first - ends_.begin()); at < chunks.end(chunk);
           ++array) {
        const std::int64_t start = numel_before(array);
        const std::int64_t end = std::min(ends_[array], chunks.end(chunk));
        if constexpr (std::is_invocable_v<Body, std::int64_t, std::size_t, std::int64_t,
                                          std::int64_t>) {
          body(chunk, array, at - start, end - start);
        } else {
          body(array, at - start, end - start);
        }
        at = end;
      }
    });
  }

 private:
  // In the arrays before the one with this number.
  [[nodiscard]] std::int64_t numel_before(std::size_t array) const {
    return array == 0 ? 0 : ends_[array - 1];
  }

  std::vector<std::int64_t> ends_;
};

}  // namespace gradus::kernels
