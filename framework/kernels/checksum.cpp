#define XXH_INLINE_ALL
#include "framework/kernels/checksum.h"
#include <xxhash.h>

namespace gradus::kernels {

std::uint64_t checksum(const void* data, std::size_t bytes) {
  return XXH3_64bits(data, bytes);
}

}  // namespace gradus::kernels
