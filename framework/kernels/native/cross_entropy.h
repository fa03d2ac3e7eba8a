// The rows of cross-entropy, forward and backward: serial loops over [begin, end).
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

/// Rows of scores, and the label of each. A row with the label `ignored` counts for nothing.
template <class T>
struct ScoreRows {
  const T* scores;
  std::int64_t stride;  // from row to row
  std::int64_t classes;
  const std::int64_t* labels;
  std::int64_t ignored;
  const T* weight;         // of each class; null: all 1
  double weight_sum;       // over the classes
  double label_smoothing;  // the share of a label that all classes get alike
};

/// What a gradient needs of a row: its top and 1 / sum(exp(score - top)).
template <class T>
struct RowScale {
  Compute<T> top;
  Compute<T> scale;
};

/// Sums over rows: of their losses, and of their labels' weights.
struct LossSums {
  double loss = 0;
  double weight = 0;
};

template <class T>
struct CrossEntropyOf {
  /// Fills `scales` and, unless null, `losses`.
  LossSums (*forward)(const ScoreRows<T>&, RowScale<T>* scales, T* losses, std::int64_t begin,
                      std::int64_t end);
  /// gradient (dense rows) = d loss / d scores * factor * g, with g[r * g_step] for a row.
  void (*backward)(const ScoreRows<T>&, const RowScale<T>* scales, T* gradient, double factor,
                   const T* g, std::int64_t g_step, std::int64_t begin, std::int64_t end);
};
using CrossEntropyLoops = PerFloating<CrossEntropyOf>;

const CrossEntropyLoops& cross_entropy_loops(Level level = native::level());

}  // namespace gradus::kernels::native
