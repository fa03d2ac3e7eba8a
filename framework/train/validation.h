// Validation: examples of the training part that are held back, to choose by them what the test
// part must not decide: when to stop, which checkpoint is best.
//
//   "dataset": {"type": "mnist", "validation_ratio": 0.1},
//   "early_stopping": {"metric": "validation_loss"}
#pragma once

#include "framework/train/dataset.h"

namespace gradus::data {

struct HeldBack {
  DatasetPtr train;       ///< what is left
  DatasetPtr validation;  ///< what is held back
};

/// Holds back a share `ratio` in (0, 1) of the examples, drawn from the seed: rounded, but at least
/// one; both parts keep the order of `all`. Throws ConfigError for fewer than two examples.
HeldBack hold_back(const DatasetPtr& all, double ratio, std::uint64_t seed);

}  // namespace gradus::data
