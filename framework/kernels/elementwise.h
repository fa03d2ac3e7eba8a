// The element-wise loop: out[i] = f(in0[i], in1[i], ...) over strided views of any rank.
//
// Dims are sorted by the output's strides and merged, so a dense tensor in whatever layout becomes
// one flat loop, which the compiler vectorises. Outputs may alias an input exactly, not partly.
#pragma once

#include "framework/kernels/parallel.h"
#include "framework/kernels/view.h"

#include <array>
#include <tuple>

namespace gradus::kernels {

/// The merged dims of N operands that share their sizes. All that does not depend on element types
/// is here, compiled once and not for each loop.
template <std::size_t N>
class LoopNest {
 public:
  using Offsets = std::array<std::int64_t, N>;  ///< of each operand, in elements
  /// run(where each operand begins, count): elements along the innermost dim.
  using Run = FunctionRef<void(const Offsets& begin, std::int64_t count)>;

  LoopNest(const Shape& shape, const std::array<const Strides*, N>& of);

  [[nodiscard]] std::int64_t inner_stride(std::size_t operand) const {
    return strides_[operand][static_cast<std::size_t>(dims_ - 1)];
  }
  /// For all elements, by several threads at once where they are many.
  void for_each_run(Run run) const;

 private:
  void append(std::int64_t size, int dim, const std::array<const Strides*, N>& of);
  // A row is all of the innermost dim.
  void run_rows(std::int64_t begin, std::int64_t end, Run run) const;

  int dims_ = 0;  // the innermost comes last
  std::array<std::int64_t, kMaxDims> sizes_{};
  std::array<std::array<std::int64_t, kMaxDims>, N> strides_{};
};
extern template class LoopNest<1>;
extern template class LoopNest<2>;
extern template class LoopNest<3>;
extern template class LoopNest<4>;

namespace detail {

// f comes by value: what it captured is then in registers, not in memory that a loop must reread.
// All that f calls is inlined (flatten), however much: a loop with a call in it has no vectors.
// Not so under a sanitizer, whose checks would multiply. The loop is no part of its caller, whose
// variables would push its pointers out of the registers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRADUS_FLATTEN
#else
#define GRADUS_FLATTEN [[gnu::flatten]]
#endif
template <class Out, class... In, class F, std::size_t... I>
[[gnu::noinline]] GRADUS_FLATTEN void inner_loop(
    std::int64_t count, Out* out, std::int64_t out_step,
    const std::array<std::int64_t, sizeof...(In)>& steps, F f, std::index_sequence<I...>,
    const In*... in) {
  if (out_step == 1 && ((steps[I] == 1) && ...)) {
    if constexpr (requires { f.dense(count, out, in...); }) {
      f.dense(count, out, in...);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<Out>(f(in[i]...));
    return;
  }
  if constexpr (sizeof...(In) == 2) {
    const auto [a, b] = std::pair(in...);
    if (out_step == 1 && steps[0] == 1 && steps[1] == 0) {
      const auto fixed = *b;
      for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<Out>(f(a[i], fixed));
      return;
    }
    if (out_step == 1 && steps[0] == 0 && steps[1] == 1) {
      const auto fixed = *a;
      for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<Out>(f(fixed, b[i]));
      return;
    }
  }
  if constexpr (sizeof...(In) == 3) {  // a selection between a tensor and a number
    const auto [a, b, c] = std::tuple(in...);
    if (out_step == 1 && steps[0] == 1 && steps[1] == 1 && steps[2] == 0) {
      const auto fixed = *c;
      for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<Out>(f(a[i], b[i], fixed));
      return;
    }
    if (out_step == 1 && steps[0] == 1 && steps[1] == 0 && steps[2] == 1) {
      const auto fixed = *b;
      for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<Out>(f(a[i], fixed, c[i]));
      return;
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    out[i * out_step] = static_cast<Out>(f(in[i * steps[I]]...));
  }
}

}  // namespace detail

/// out = f(in...), element by element. All views have out's sizes (broadcast them first).
/// An f with f.dense(count, out, in...) does dense runs of elements by that.
template <class Out, class... In, class F, class... Views>
requires(sizeof...(In) == sizeof...(Views)) void map(F f, const View& out, const Views&... in) {
  constexpr std::size_t kOperands = sizeof...(In) + 1;
  const std::int64_t numel = out.sizes.numel();
  if (numel == 0) return;
  if (numel == 1) {
    *out.as<Out>() = static_cast<Out>(f(*in.template as<In>()...));
    return;
  }
  const LoopNest<kOperands> nest(out.sizes, {&out.strides, &in.strides...});
  const auto run_all = [&]<std::size_t... I>(std::index_sequence<I...> indices) {
    const std::array<std::int64_t, sizeof...(In)> steps = {nest.inner_stride(I + 1)...};
    nest.for_each_run([&](const std::array<std::int64_t, kOperands>& begin, std::int64_t count) {
      detail::inner_loop<Out, In...>(count, out.as<Out>() + begin[0], nest.inner_stride(0), steps,
                                     f, indices, (in.template as<In>() + begin[I + 1])...);
    });
  };
  run_all(std::make_index_sequence<sizeof...(In)>{});
}

/// Copies `in` to `out` (same sizes), converting the dtype: float to integer truncates (to u8 also
/// wraps), to bool tests for non-zero.
void copy(const View& out, const View& in);

/// Fills with one value, converted as copy() does.
void fill(const View& out, double value);
void fill(const View& out, std::int64_t value);
inline void fill(const View& out, int value) {
  fill(out, std::int64_t{value});
}

}  // namespace gradus::kernels
