// graph: layers and joins with named inputs, as the config lists them: branches, shared weights,
// several inputs and outputs. graph_config.h says how.
#include "framework/nn/graph_config.h"
#include "framework/nn/layers.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

const bool kRegistered = models().add<nn::GraphConfig>(
    "graph", "layers and joins with named inputs, as the config lists them",
    [](const nn::GraphConfig& config, const ModelInput& input) {
      return config.make(input.input_shape);
    });

}  // namespace
}  // namespace gradus
