// What the CPU can do, as oneDNN sees it: ONEDNN_MAX_CPU_ISA in the environment caps it.
#pragma once

namespace gradus::kernels {

/// Whether bfloat16 products are faster than float32 ones.
bool has_native_bfloat16();

}  // namespace gradus::kernels
