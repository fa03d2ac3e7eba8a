// One head of attention, forward and backward: serial loops.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

/// A matrix of any strides.
template <class T>
struct Strided {
  T* data;
  std::int64_t row;
  std::int64_t column;
};

/// The columns that a row of weights is rounded up to a multiple of.
inline constexpr std::int64_t kAttentionPanel = 32;
/// The rows of weights that are computed at once.
inline constexpr std::int64_t kAttentionRows = 8;

constexpr std::int64_t in_panels(std::int64_t columns) {
  return (columns + kAttentionPanel - 1) / kAttentionPanel * kAttentionPanel;
}

template <class T>
struct AttentionHead {
  using C = Compute<T>;
  std::int64_t queries;
  std::int64_t keys;
  std::int64_t width;        // of queries and keys
  std::int64_t value_width;  // of values and outputs
  C scale;
  bool causal;
  Strided<const T> q;
  Strided<const T> k;
  Strided<const T> v;
  C* weights;  // rows of in_panels(keys); null in a forward pass that keeps none
};

template <class T>
struct AttentionGradients {
  Strided<const T> g;
  Strided<T> q;
  Strided<T> k;
  Strided<T> v;
};

template <class T>
struct AttentionOf {
  /// The elements of `scratch` that a head needs.
  static std::int64_t forward_scratch(const AttentionHead<T>& h) {
    return in_panels(h.keys) * (h.width + kAttentionRows) + in_panels(h.width) * h.queries +
           in_panels(h.value_width) * (h.keys + kAttentionRows);
  }
  static std::int64_t backward_scratch(const AttentionHead<T>& h) {
    return in_panels(h.keys) * (h.value_width + h.queries) +
           in_panels(h.width) * (h.queries + h.keys + kAttentionRows) +
           in_panels(h.value_width) * (h.queries + kAttentionRows);
  }
  void (*forward)(const AttentionHead<T>&, const Strided<T>& out, Compute<T>* scratch);
  void (*backward)(const AttentionHead<T>&, const AttentionGradients<T>&, Compute<T>* scratch);
};
using AttentionLoops = PerFloating<AttentionOf>;

const AttentionLoops& attention_loops(Level level = native::level());

}  // namespace gradus::kernels::native
