#include "framework/train/environment.h"
#include <gnu/libc-version.h>
#include <nlohmann/json.hpp>
#include "framework/kernels/cpu.h"

namespace gradus {

Json environment() {
  return {{"gradus", GRADUS_VERSION},        {"onednn", kernels::onednn_version()},
          {"isa", kernels::effective_isa()}, {"compiler", __VERSION__},
          {"target", GRADUS_TARGET},         {"libc", gnu_get_libc_version()}};
}

}  // namespace gradus
