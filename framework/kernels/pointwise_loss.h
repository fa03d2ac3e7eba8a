// Losses that compare two tensors element by element: one pass each way. Sums run in double, in
// chunks fixed by the sizes.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

enum class PointwiseLoss : std::uint8_t {
  Mse,           ///< (x - y)^2
  L1,            ///< |x - y|
  SmoothL1,      ///< d^2 / (2 parameter) where d = |x - y| < parameter, else d - parameter / 2
  Huber,         ///< parameter times SmoothL1
  Bce,           ///< -w (y max(log(x), -100) + (1 - y) max(log(1 - x), -100))
  BceWithLogits  ///< -w (p y log(sigmoid(x)) + (1 - y) log(1 - sigmoid(x)))
};

/// Dense operands of one shape and dtype. The weights, of the cross-entropies, may be without data.
struct LossOperands {
  View x;
  View y;
  View weight{};
  View pos_weight{};
  double parameter = 0;
};

/// Writes the losses to the dense `losses`; without data there, returns their sum.
double pointwise_loss(PointwiseLoss loss, const View& losses, const LossOperands& in);

/// gx, gy = factor * g * d loss / d x, y, where they have data; g is dense or 0-dim.
void pointwise_loss_grad(PointwiseLoss loss, const View& gx, const View& gy, const View& g,
                         double factor, const LossOperands& in);

}  // namespace gradus::kernels
