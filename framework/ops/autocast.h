// Mixed precision: in the scope of an AutocastGuard matrix products run in bfloat16.
//
//   {
//     AutocastGuard autocast;
//     loss = cross_entropy((*net)(x), labels);
//   }
//   loss.backward();
//   optimizer.step();
//
// Weights, their gradients, optimizer state and statistics stay float32; matmul, linear and what is
// made of them take and give bfloat16; losses, softmax and normalisation compute in float32. As
// torch.autocast, but that convolutions and fused attention stay in the dtype of their inputs. No
// loss scaling is needed: bfloat16 has float32's exponents.
#pragma once

namespace gradus {

/// Whether this CPU multiplies bfloat16 natively. Without that, bfloat16 is slower than float32.
/// ONEDNN_MAX_CPU_ISA in the environment caps it.
bool has_native_bfloat16();

/// What this thread does. Off at first, and in backward passes, which keep to the forward's dtypes.
class Autocast {
 public:
  static bool is_enabled() { return enabled_; }
  static void set_enabled(bool enabled) { enabled_ = enabled; }

 private:
  static constinit thread_local bool enabled_;
};

/// Mixed precision for a scope. Where bfloat16 is not native it says so on stderr, once, and leaves
/// everything in float32. With `enabled` false it turns an outer scope off.
class AutocastGuard {
 public:
  explicit AutocastGuard(bool enabled = true);
  ~AutocastGuard() { Autocast::set_enabled(before_); }
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  bool before_;
};

}  // namespace gradus
