// sequential: the layers that the config lists, in a row.
#include "framework/nn/layers.h"
#include "framework/nn/registered_layers.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

const bool kRegistered =
    models().add<nn::LayerList>("sequential", "the layers that the config lists",
                                [](const nn::LayerList& layers, const ModelInput& /*input*/) {
                                  return nn::Sequential(layers.make()).ptr();
                                });

}  // namespace
}  // namespace gradus
