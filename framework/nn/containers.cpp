#include "framework/nn/containers.h"
#include "framework/nn/fusion.h"

namespace gradus::nn {
namespace {

// Runs body with the layers that it stands for in errors.
template <class Body>
Tensor run_layers(std::span<const NamedModule> layers, Body body) {
  try {
    return body();
  } catch (Error& error) {
    std::string names = layers.size() == 1 ? "layer" : "layers";
    for (const auto& [name, module] : layers) {
      names += (names.back() == ')' ? ", " : " ") + name + " (" + module->type_name() + ")";
    }
    error.prepend(names);
    throw;
  }
}

}  // namespace

Tensor SequentialImpl::forward(const Tensor& x) {
  Tensor y = x;
  std::span<const NamedModule> rest = children();
  while (!rest.empty()) {
    if (const Fusion* fusion = fusion_of(rest)) {
      y = run_layers(rest.first(fusion->layers), [&] { return fusion->run(rest, y); });
      rest = rest.subspan(fusion->layers);
    } else {
      y = run_layers(rest.first(1), [&] { return rest[0].second->forward(y); });
      rest = rest.subspan(1);
    }
  }
  return y;
}

}  // namespace gradus::nn
