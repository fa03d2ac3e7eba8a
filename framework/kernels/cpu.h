// What the CPU can do, as oneDNN sees it: ONEDNN_MAX_CPU_ISA in the environment caps it.
#pragma once

#include <string>

namespace gradus::kernels {

/// Whether bfloat16 products are faster than float32 ones.
bool has_native_bfloat16();

/// The instruction set that oneDNN's kernels use at most: "avx512_core_bf16".
std::string effective_isa();

/// oneDNN's version: "2.6.3".
std::string onednn_version();

}  // namespace gradus::kernels
