// Orders drawn from a seed.
#pragma once

#include "framework/kernels/random.h"

#include <span>

namespace gradus::data {

/// Fisher and Yates, with random numbers that depend on the key and the position alone. Every order
/// of `values` is as likely as any other.
void shuffle(std::span<std::int64_t> values, const kernels::RandomKey& key);

}  // namespace gradus::data
