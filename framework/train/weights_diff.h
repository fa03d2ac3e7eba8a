// What differs between two sets of named tensors, such as two checkpoints.
//
//   for (const TensorDifference& each : differences(a->state_dict(), b->state_dict())) ...
#pragma once

#include "framework/nn/module.h"

namespace gradus {

/// A tensor of a name that is in one set or in both.
struct TensorDifference {
  enum class Kind { None, OnlyInFirst, OnlyInSecond, OtherForm, OtherValues };

  std::string name;
  Kind kind = Kind::None;
  std::string first{};   ///< dtype and shape in the first set; empty where it is not there
  std::string second{};  ///< likewise
  std::int64_t elements = 0;
  std::int64_t differing = 0;  ///< elements of other bits
  double largest = 0;          ///< |a - b| at most; NaN where one of the two is NaN
  double relative = 0;         ///< norm of a - b over the norm of a
};

/// Of every name, in the order of the first set, then those of the second alone. Equal are values
/// of the same bits: NaNs of the same bits are, 0 and -0 are not.
std::vector<TensorDifference> differences(const nn::StateDict& first, const nn::StateDict& second);

}  // namespace gradus
