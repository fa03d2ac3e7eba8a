#include "framework/train/shuffle.h"

#include <utility>

namespace gradus::data {

void shuffle(std::span<std::int64_t> values, const kernels::RandomKey& key) {
  for (std::size_t i = values.size(); i-- > 1;) {
    const auto j = static_cast<std::size_t>(kernels::random_below(key, i, i + 1));
    std::swap(values[i], values[j]);
  }
}

}  // namespace gradus::data
