// Losses that compare element by element, forward and backward: serial loops over [begin, end).
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

/// Dense operands. `weight` and `pos_weight` may be null: all 1. `parameter` is that of the loss
/// (kernels/pointwise_loss.h).
template <class T>
struct LossPairs {
  const T* input;
  const T* target;
  const T* weight;
  const T* pos_weight;
  double parameter;
};

/// Where gradients go (null: not asked for): d loss / d operand * factor * g[i * g_step].
template <class T>
struct LossGradients {
  T* input;
  T* target;
  double factor;
  const T* g;
  std::int64_t g_step;
};

template <class T>
struct LossLoops {
  /// Writes the losses to `losses`; where that is null, returns their sum.
  double (*forward)(const LossPairs<T>&, T* losses, std::int64_t begin, std::int64_t end);
  void (*backward)(const LossPairs<T>&, const LossGradients<T>&, std::int64_t begin,
                   std::int64_t end);
};

template <class T>
struct PointwiseLossOf {
  LossLoops<T> mse;
  LossLoops<T> l1;
  LossLoops<T> smooth_l1;
  LossLoops<T> huber;
  LossLoops<T> bce;
  LossLoops<T> bce_with_logits;
};
using PointwiseLossLoops = PerFloating<PointwiseLossOf>;

const PointwiseLossLoops& pointwise_loss_loops(Level level = native::level());

}  // namespace gradus::kernels::native
