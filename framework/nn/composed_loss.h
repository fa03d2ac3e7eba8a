// What the losses that are composed of ops share. Included by loss families only.
#pragma once

#include "framework/autograd/grad_mode.h"
#include "framework/nn/loss.h"
#include "framework/ops/conversion.h"
#include "framework/ops/reduction.h"

namespace gradus::ops {

/// x as a loss computes with it: integers, and under autocast bfloat16, as float32.
inline Tensor for_loss(const Tensor& x) {
  const bool widened = Autocast::is_enabled() && x.dtype() == kBFloat16;
  return x.is_floating_point() && !widened ? x : x.to(kFloat32);
}

inline Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::Mean:
      return mean(losses);
    case Reduction::Sum:
      return sum(losses);
    case Reduction::None:
      break;
  }
  return losses;
}

/// Throws unless both have one shape.
inline void check_same_shape(const char* a_name, const Tensor& a, const char* b_name,
                             const Tensor& b) {
  if (a.sizes() == b.sizes()) return;
  throw ShapeError(std::string(a_name) + " and " + b_name +
                   " differ in shape: " + to_string(a.sizes()) + " and " + to_string(b.sizes()));
}

}  // namespace gradus::ops
