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

/// What a model is beside a module when it can make examples of its own, as a VAE does.
class Sampler {
 public:
  Sampler() = default;
  virtual ~Sampler() = default;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;
  /// `count` examples, [count, ...], drawn with the default generator; without gradients.
  virtual Tensor sample(std::int64_t count) = 0;
};

using ModelRegistry = Registry<nn::Module, ModelInput>;
ModelRegistry& models();

}  // namespace gradus
