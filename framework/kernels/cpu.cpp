#include "framework/kernels/cpu.h"
#include <oneapi/dnnl/dnnl.hpp>
#include "framework/kernels/native/level.h"

#include <utility>

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

std::string effective_isa() {
  using dnnl::cpu_isa;
  const std::pair<cpu_isa, const char*> names[] = {{cpu_isa::avx512_core_amx, "avx512_core_amx"},
                                                   {cpu_isa::avx512_core_bf16, "avx512_core_bf16"},
                                                   {cpu_isa::avx512_core_vnni, "avx512_core_vnni"},
                                                   {cpu_isa::avx512_core, "avx512_core"},
                                                   {cpu_isa::avx2_vnni, "avx2_vnni"},
                                                   {cpu_isa::avx2, "avx2"},
                                                   {cpu_isa::avx, "avx"},
                                                   {cpu_isa::sse41, "sse41"}};
  for (const auto& [isa, name] : names) {
    if (is_allowed(isa)) return name;
  }
  return "none";
}

std::string onednn_version() {
  const dnnl::version_t& version = *dnnl::version();
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch);
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
