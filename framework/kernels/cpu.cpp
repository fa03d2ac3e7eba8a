#include "framework/kernels/cpu.h"
#include "framework/kernels/dnnl_compat.h"

namespace gradus::kernels {

bool has_native_bfloat16() {
  static const bool native = [] {
    const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
    return (isa & needed) == needed;
  }();
  return native;
}

}  // namespace gradus::kernels
