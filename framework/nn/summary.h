// Summary: the layers of a model as one call of it sees them: shapes, parameters, work and memory.
//
//   std::cout << nn::to_text(nn::summary(*net, zeros({1, 3, 32, 32})));
//
// Nothing is estimated: multiply-adds are those of the products, convolutions and attentions that
// ran (kernels/profile.h), memory is that of the tensors that came out.
#pragma once

#include "framework/nn/module.h"
#include "framework/nn/options.h"

namespace gradus::nn {

/// A module and its own share: what its children have stands with them, so that columns add up.
struct LayerSummary {
  std::string name;  ///< its path: "layer1.0.conv1"; empty for the model itself
  std::string type;
  int depth = 0;
  std::int64_t calls = 0;  ///< 0: it was not called by Module::call()
  Shape input{};           ///< of the last call
  Shape output{};
  std::int64_t parameters = 0;  ///< numbers; those that it shares with a module above count there
  std::int64_t trainable = 0;   ///< of these
  std::int64_t multiply_adds = 0;
  std::int64_t result_bytes = 0;  ///< of its outputs, without views of what another gave out
};

struct Summary {
  std::vector<LayerSummary> layers;  ///< the model, then its modules, depth first, each once
  std::int64_t parameters = 0;
  std::int64_t trainable = 0;
  std::int64_t parameter_bytes = 0;
  std::int64_t buffer_bytes = 0;
  std::int64_t multiply_adds = 0;
  std::int64_t result_bytes = 0;
  /// What a forward pass of a training step leaves in the memory pool until the backward pass: its
  /// output, and what gradients need. Layers are fused in it where they are in training.
  std::int64_t activation_bytes = 0;

  [[nodiscard]] std::int64_t frozen() const { return parameters - trainable; }
};

/// Calls the model with `input`, in its mode, three times, and leaves it as it was, buffers and the
/// default generator's state included. Errors of the model come through. It uses the profile and
/// ends a recording that is under way. One thread.
Summary summary(Module& model, const Tensor& input);

/// A table.
std::string to_text(const Summary& summary);
/// {"layers": [{"name", "type", "calls", "input", "output", "parameters", ...}], "parameters", ...}
Json to_json(const Summary& summary);

}  // namespace gradus::nn
