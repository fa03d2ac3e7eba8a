// Splitting one table or array into the part to train on and the part to test on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gradus::data {

/// The rows of the two parts, each in ascending order.
struct Parts {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// A share `test_ratio` in (0, 1) of `rows` rows, drawn from the seed, for the test part: rounded,
/// but at least one row for either part. Throws ConfigError for fewer than two rows.
Parts split_rows(std::int64_t rows, double test_ratio, std::uint64_t seed);

/// The same share of each class; `labels` are those of the rows, in [0, classes). The whole test
/// part is as large as that of split_rows, unless classes are so small that rounding is seen.
/// Throws ConfigError for a class of one row, which `names` names, and for a part without rows.
Parts split_stratified(std::span<const std::int64_t> labels, const std::vector<std::string>& names,
                       double test_ratio, std::uint64_t seed);

}  // namespace gradus::data
