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

constinit thread_local bool Autocast::enabled_ = false;

bool has_native_bfloat16() {
  return kernels::has_native_bfloat16();
}

AutocastGuard::AutocastGuard(bool enabled) : before_(Autocast::is_enabled()) {
  Autocast::set_enabled(enabled && can_autocast());
}

}  // namespace gradus
