// The layers by name, as configs list them: {"type": "linear", "in_features": 784, ...}.
#pragma once

#include "framework/nn/module.h"
#include "framework/nn/registry.h"

namespace gradus::nn {

/// The registry of layers. A layer of your own is added like those in registered_layers.cpp.
Registry<Module>& layers();

}  // namespace gradus::nn
