// Models by name. A model is one file in models/ that registers itself; its config stands beside
// it.
#pragma once

#include "framework/nn/module.h"
#include "framework/nn/registry.h"

namespace gradus {

/// What a model is told of the data.
struct ModelInput {
  Shape input_shape;         ///< of one example: [1, 28, 28]
  std::int64_t outputs = 0;  ///< classes, or values to predict
};

using ModelRegistry = Registry<nn::Module, ModelInput>;
ModelRegistry& models();

}  // namespace gradus
