// The loop of optimizers: one pass over many arrays as if they were one.
#pragma once

#include "framework/kernels/dtype.h"
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

namespace detail {

// A stored number while a rule has it in hand.
template <class T>
class InHand {
 public:
  explicit InHand(T& home) : home_(home), value_(home) {}
  ~InHand() { home_ = static_cast<T>(value_); }
  InHand(const InHand&) = delete;
  InHand& operator=(const InHand&) = delete;
  Compute<T>& value() { return value_; }

 private:
  T& home_;
  Compute<T> value_;
};

template <class T, class Rule, class... States>
[[gnu::flatten]] void run_rule(const Rule& numbers, std::int64_t begin, std::int64_t end,
                               T* __restrict w, const T* __restrict g,
                               States* __restrict... states) {
  const Rule rule = numbers;
  for (std::int64_t i = begin; i < end; ++i) {
    w[i] =
        static_cast<T>(rule(Compute<T>{w[i]}, Compute<T>{g[i]}, InHand<T>(states[i]).value()...));
  }
}

}  // namespace detail

/// The loop that makes each w rule(w, g, states...): the rule may change the states, which are
/// arrays of T too. It works in the computing type; what is stored is rounded once. A sum of
/// products has to be written as mul_add() (vector_math.h), so that the bits do not depend on where
/// the pieces of the loop end.
template <class T, class Rule, class... States>
ElementLoop rule_loop(const Rule& rule, T* w, const T* g, States*... states) {
  static_assert((std::is_same_v<States, T> && ...));
  return [=](std::int64_t begin, std::int64_t end) {
    detail::run_rule(rule, begin, end, w, g, states...);
  };
}

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
