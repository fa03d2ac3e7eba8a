// Mixed precision: in the scope of an AutocastGuard products, convolutions and attention run in
// bfloat16.
//
//   {
//     AutocastGuard autocast;
//     loss = cross_entropy((*net)(x), labels);
//   }
//   loss.backward();
//   optimizer.step();
//
// Weights, their gradients, optimizer state and statistics stay float32; matmul, linear, conv1d,
// conv2d, attention and what is made of them take and give bfloat16; batch norm gives what it
// takes, and computes in float32; losses, softmax and the norms of rows compute and give float32,
// as under torch.autocast; transposed convolutions do too. No loss scaling is needed: bfloat16 has
// float32's exponents.
#pragma once

#include "framework/autograd/grad_mode.h"

#include <cstdint>

namespace gradus {

/// Whether this CPU multiplies bfloat16 natively. Without that, bfloat16 is slower than float32.
/// ONEDNN_MAX_CPU_ISA in the environment caps it.
bool has_native_bfloat16();

/// What mixed precision is on a CPU without bfloat16 of its own.
enum class WithoutBfloat16 : std::uint8_t {
  Float32,  ///< everything stays in float32; it says so on stderr, once
  /// What a CPU that has it computes, but for the order of sums (and numbers below 1e-38); slower
  /// than float32: to see what a model will do elsewhere.
  Emulated,
};

/// Mixed precision for a scope. With `enabled` false it turns an outer scope off.
class AutocastGuard : public AutocastScope {
 public:
  explicit AutocastGuard(bool enabled = true, WithoutBfloat16 otherwise = WithoutBfloat16::Float32);
};

}  // namespace gradus
