#include "framework/kernels/cpu.h"
#include <oneapi/dnnl/dnnl.hpp>
#include "framework/kernels/native/level.h"

namespace gradus::kernels {
namespace {

bool is_allowed(dnnl::cpu_isa isa) {
  const auto needed = static_cast<unsigned>(isa);  // a set of bits
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & needed) == needed;
}

}  // namespace

bool has_native_bfloat16() {
  static const bool kNative = is_allowed(dnnl::cpu_isa::avx512_core_bf16);
  return kNative;
}

}  // namespace gradus::kernels

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
  static const Level kLevel =
      has(Level::Avx512) && is_allowed(dnnl::cpu_isa::avx512_core) ? Level::Avx512 : Level::Base;
  return kLevel;
}

}  // namespace gradus::kernels::native
