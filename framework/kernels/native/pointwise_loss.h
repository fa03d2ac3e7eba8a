// Losses that compare element by element, forward and backward: serial loops over [begin, end).
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

/// Dense operands. `weight` and `pos_weight` may be null: all 1.
template <class T>
struct LossPairs {
  const T* input;
  const T* target;
  const T* weight;
  const T* pos_weight;
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
struct PointwiseLossOf {
  /// Writes the losses to `losses`; where that is null, returns their sum.
  using Forward = double (*)(const LossPairs<T>&, T* losses, std::int64_t begin, std::int64_t end);
  using Backward = void (*)(const LossPairs<T>&, const LossGradients<T>&, std::int64_t begin,
                            std::int64_t end);
  Forward mse;
  Backward mse_grad;
  Forward bce_with_logits;
  Backward bce_with_logits_grad;
};
using PointwiseLossLoops = PerFloating<PointwiseLossOf>;

const PointwiseLossLoops& pointwise_loss_loops(Level level = native::level());

}  // namespace gradus::kernels::native
