// A 64-bit checksum of memory, to tell whether two computations gave the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus::kernels {

/// Any change of a single bit changes it; two different blocks agree by chance one time in 2^64.
std::uint64_t checksum(const void* data, std::size_t bytes);

}  // namespace gradus::kernels
