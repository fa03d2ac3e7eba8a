#include "datasets/split.h"
#include "framework/nn/options.h"
#include "framework/train/shuffle.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gradus::data {
namespace {

std::int64_t share_of(std::int64_t rows, double ratio) {
  return std::llround(ratio * static_cast<double>(rows));
}

// The first `count` of the shuffled rows are for testing.
void deal(const std::vector<std::int64_t>& rows, std::int64_t count, Parts& parts) {
  parts.test.insert(parts.test.end(), rows.begin(), rows.begin() + count);
  parts.train.insert(parts.train.end(), rows.begin() + count, rows.end());
}

Parts in_order(Parts parts) {
  std::sort(parts.train.begin(), parts.train.end());
  std::sort(parts.test.begin(), parts.test.end());
  return parts;
}

}  // namespace

Parts split_rows(std::int64_t rows, double test_ratio, std::uint64_t seed) {
  if (rows < 2) {
    throw ConfigError("/dataset", "there is " + std::to_string(rows) +
                                      " row to train and to test with; it takes at least two, or "
                                      "a test part of its own");
  }
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  shuffle(all, {seed, 0});
  Parts parts;
  deal(all, std::clamp(share_of(rows, test_ratio), std::int64_t{1}, rows - 1), parts);
  return in_order(std::move(parts));
}

Parts split_stratified(std::span<const std::int64_t> labels, const std::vector<std::string>& names,
                       double test_ratio, std::uint64_t seed) {
  std::vector<std::vector<std::int64_t>> by_class(names.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    by_class[static_cast<std::size_t>(labels[row])].push_back(static_cast<std::int64_t>(row));
  }
  Parts parts;
  std::int64_t seen = 0;
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    std::vector<std::int64_t>& rows = by_class[c];
    const auto size = static_cast<std::int64_t>(rows.size());
    if (size == 1) {
      throw ConfigError("/dataset/stratify", "class \"" + names[c] +
                                                 "\" has one row only, which cannot be in both "
                                                 "parts; take it out, or do not stratify");
    }
    shuffle(rows, {seed, c + 1});
    // What was rounded off in one class is made up for in the next.
    const std::int64_t count = share_of(seen + size, test_ratio) - share_of(seen, test_ratio);
    deal(rows, std::min(count, std::max<std::int64_t>(size - 1, 0)), parts);
    seen += size;
  }
  if (parts.train.empty() || parts.test.empty()) {
    throw ConfigError("/dataset/test_ratio", "leaves no rows for one of the parts");
  }
  return in_order(std::move(parts));
}

}  // namespace gradus::data
