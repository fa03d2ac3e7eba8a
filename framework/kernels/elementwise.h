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

/// The merged dims of N operands that share their sizes; the innermost dim comes last.
template <std::size_t N>
struct LoopNest {
  int dims = 0;
  std::array<std::int64_t, kMaxDims> sizes{};
  std::array<std::array<std::int64_t, kMaxDims>, N> strides{};  // of each operand, in elements

  LoopNest(const Shape& shape, const std::array<const Strides*, N>& of) {
    std::array<int, kMaxDims> order{};  // insertion sort: std::stable_sort would allocate
    for (int d = 0; d < shape.size(); ++d) {
      int at = d;
      for (; at > 0; --at) {
        const int before = order[static_cast<std::size_t>(at - 1)];
        if ((*of[0])[before] >= (*of[0])[d]) break;
        order[static_cast<std::size_t>(at)] = before;
      }
      order[static_cast<std::size_t>(at)] = d;
    }
    for (int k = 0; k < shape.size(); ++k) {
      const int dim = order[static_cast<std::size_t>(k)];
      if (shape[dim] != 1) append(shape[dim], dim, of);
    }
    if (dims == 0) {
      dims = 1;
      sizes[0] = 1;
    }
  }

  [[nodiscard]] std::int64_t inner() const { return sizes[static_cast<std::size_t>(dims - 1)]; }
  [[nodiscard]] std::int64_t inner_stride(std::size_t operand) const {
    return strides[operand][static_cast<std::size_t>(dims - 1)];
  }
  /// Where the row with number `row` (all dims but the innermost) begins in each operand.
  [[nodiscard]] std::array<std::int64_t, N> offsets(std::int64_t row) const {
    std::array<std::int64_t, N> result{};
    for (int d = dims - 2; d >= 0; --d) {
      const auto i = static_cast<std::size_t>(d);
      const std::int64_t index = row % sizes[i];
      row /= sizes[i];
      for (std::size_t n = 0; n < N; ++n) result[n] += index * strides[n][i];
    }
    return result;
  }

 private:
  void append(std::int64_t size, int dim, const std::array<const Strides*, N>& of) {
    bool mergeable = dims > 0;
    const auto last = static_cast<std::size_t>(dims - 1);
    for (std::size_t n = 0; n < N && mergeable; ++n) {
      mergeable = strides[n][last] == (*of[n])[dim] * size;
    }
    if (mergeable) {
      sizes[last] *= size;
    } else {
      sizes[static_cast<std::size_t>(dims++)] = size;
    }
    for (std::size_t n = 0; n < N; ++n) {
      strides[n][static_cast<std::size_t>(dims - 1)] = (*of[n])[dim];
    }
  }
};

namespace detail {

// f comes by value: what it captured is then in registers, not in memory that a loop must reread.
// All that f calls is inlined (flatten), however much: a loop with a call in it has no vectors.
// Not so under a sanitizer, whose checks would multiply.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRADUS_FLATTEN
#else
#define GRADUS_FLATTEN [[gnu::flatten]]
#endif
template <class Out, class... In, class F, std::size_t... I>
GRADUS_FLATTEN void inner_loop(std::int64_t count, Out* out, std::int64_t out_step,
                               const std::array<std::int64_t, sizeof...(In)>& steps, F f,
                               std::index_sequence<I...>, const In*... in) {
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
  const auto run = [&]<std::size_t... I>(std::int64_t row, std::int64_t begin, std::int64_t end,
                                         std::index_sequence<I...> indices) {
    const auto base = nest.offsets(row);
    const std::array<std::int64_t, sizeof...(In)> steps = {nest.inner_stride(I + 1)...};
    detail::inner_loop<Out, In...>(
        end - begin, out.as<Out>() + base[0] + begin * nest.inner_stride(0), nest.inner_stride(0),
        steps, f, indices, (in.template as<In>() + base[I + 1] + begin * steps[I])...);
  };
  const std::int64_t inner = nest.inner();
  const std::int64_t rows = numel / inner;
  const auto indices = std::make_index_sequence<sizeof...(In)>{};
  if (numel <= kGrain) {
    for (std::int64_t row = 0; row < rows; ++row) run(row, 0, inner, indices);
  } else if (rows == 1) {
    parallel_for(Split(inner, kGrain), [&](auto begin, auto end) { run(0, begin, end, indices); });
  } else {
    parallel_for(Split(rows, kGrain / inner + 1), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) run(row, 0, inner, indices);
    });
  }
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
