#include "framework/train/validation.h"
#include "framework/train/shuffle.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gradus::data {

HeldBack hold_back(const DatasetPtr& all, double ratio, std::uint64_t seed) {
  const std::int64_t size = all->size();
  if (size < 2) {
    throw ConfigError("/dataset/validation_ratio",
                      "a training part of " + std::to_string(size) +
                          " examples has none to hold back; 0 holds none back");
  }
  const std::int64_t wanted = std::llround(ratio * static_cast<double>(size));
  const std::int64_t count = std::clamp<std::int64_t>(wanted, 1, size - 1);
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  shuffle(order, {seed, 0});
  const auto middle = order.begin() + count;
  std::sort(order.begin(), middle);
  std::sort(middle, order.end());
  return {std::make_shared<Subset>(all, std::vector<std::int64_t>(middle, order.end())),
          std::make_shared<Subset>(all, std::vector<std::int64_t>(order.begin(), middle))};
}

}  // namespace gradus::data
