// How the tensors of a state dict fit those of a module: what load_state_dict() and the loading of
// files (train/weights.h) tell of it.
#pragma once

#include "framework/nn/module.h"

namespace gradus::nn {

struct StateDictMatch {
  struct Pair {
    std::string name;
    Tensor here;   ///< the module's own
    Tensor there;  ///< the value that it is given
  };
  std::vector<Pair> fitting;
  std::vector<Pair> misfits;  ///< of another shape, or floating on one side alone
  StateDict missing;          ///< tensors of the module without a value
  StateDict unexpected;       ///< values without a tensor in the module
};

/// Compares by name. A tensor that stands under several names, as tied weights do, is not missing
/// where one of them has a value: files without repeats hold the others no more. Floating dtypes
/// fit each other, and are converted when they are copied; others fit only themselves.
StateDictMatch match_state_dict(const StateDict& module, const StateDict& values);

/// A line for each fault, "\n  missing: fc.weight [10, 84] (did you mean \"fc3.weight\"?)", of each
/// kind the first ten and how many more there are; and a hint where names differ by a prefix alone,
/// as DataParallel's "module.". Empty where there is none.
std::string describe_faults(const StateDictMatch& match);

}  // namespace gradus::nn
