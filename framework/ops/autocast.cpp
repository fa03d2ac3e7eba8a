#include "framework/ops/autocast.h"
#include "framework/kernels/cpu.h"

#include <iostream>

namespace gradus {
namespace {

bool can_autocast() {
  static const bool native = [] {
    if (kernels::has_native_bfloat16()) return true;
    std::cerr << "gradus: this CPU has no native bfloat16: mixed precision runs in float32\n";
    return false;
  }();
  return native;
}

}  // namespace

bool has_native_bfloat16() {
  return kernels::has_native_bfloat16();
}

AutocastGuard::AutocastGuard(bool enabled, WithoutBfloat16 otherwise)
    : AutocastScope(enabled && (otherwise == WithoutBfloat16::Emulated || can_autocast())) {}

}  // namespace gradus
