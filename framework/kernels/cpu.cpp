#include <oneapi/dnnl/dnnl.hpp>
#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

bool has(Level level) {
  if (level == Level::Base) return true;
#if defined(GRADUS_HAS_AVX512)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
#else
  return false;
#endif
}

Level level() {
  static const Level kLevel = [] {
    constexpr auto kNeeded = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);  // a set of bits
    const auto allowed = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    return has(Level::Avx512) && (allowed & kNeeded) == kNeeded ? Level::Avx512 : Level::Base;
  }();
  return kLevel;
}

}  // namespace gradus::kernels::native
