// Anomaly mode: stop at the first NaN or infinity, and say where it came from.
//
//   const AnomalyModeGuard stop_at_nan;
//   Tensor loss = model(x);
//   // AnomalyError: log: the result has -inf at [0, 3]; input 0: float32 [64, 10], from 0 to 0.93
//   // (at train.cpp:12)
//
// Every op checks its result, and the backward pass every gradient, which costs a pass over each.
// Infinities that come in (a mask of -inf) may go out again; one that appears, or a NaN, may not.
#pragma once

#include "framework/autograd/node.h"

namespace gradus {

/// A NaN or an infinity found in anomaly mode.
class AnomalyError : public Error {
  using Error::Error;
};

/// Off at first, for every thread on its own; a backward pass takes the mode of its caller.
class AnomalyMode {
 public:
  static bool is_enabled() { return enabled_; }
  static void set_enabled(bool enabled) { enabled_ = enabled; }

 private:
  static constinit thread_local bool enabled_;
};

/// Sets the mode for a scope.
class AnomalyModeGuard {
 public:
  explicit AnomalyModeGuard(bool enabled = true) : before_(AnomalyMode::is_enabled()) {
    AnomalyMode::set_enabled(enabled);
  }
  ~AnomalyModeGuard() { AnomalyMode::set_enabled(before_); }
  AnomalyModeGuard(const AnomalyModeGuard&) = delete;
  AnomalyModeGuard& operator=(const AnomalyModeGuard&) = delete;

 private:
  bool before_;
};

namespace autograd {

/// Throws AnomalyError for a NaN or an infinity in an op's result that its inputs do not have.
void check_finite_result(const Tensor& result, std::span<const Tensor> inputs);

/// The same for the gradients that a node computed from `gradient`.
void check_finite_gradients(const Node& node, const Gradients& gradients, const Tensor& gradient);

}  // namespace autograd
}  // namespace gradus
