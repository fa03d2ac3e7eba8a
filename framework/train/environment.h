// What the bits of a run depend on beside its config and its data: versions and instruction sets.
// Their numbers of threads are not among it.
#pragma once

#include "framework/nn/json.h"

namespace gradus {

/// {"gradus": "0.1.0", "onednn": "2.6.3", "isa": "avx512_core_bf16", "compiler": "12.2.0",
///  "target": "x86-64-v3", "libc": "2.36"}: of this program on this CPU, as far as
/// ONEDNN_MAX_CPU_ISA lets it use it. Gradus's own loops give the same bits on any CPU.
Json environment();

}  // namespace gradus
