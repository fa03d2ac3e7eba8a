#include "framework/nn/containers.h"
#include "framework/nn/fusion.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/arithmetic.h"

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
      y = run_layers(rest.first(1), [&] { return rest[0].second->call(y); });
      rest = rest.subspan(1);
    }
  }
  return y;
}

Tensor ResidualImpl::forward(const Tensor& x) {
  const Tensor y = SequentialImpl::forward(x);
  if (y.sizes() == x.sizes()) return x + y;
  throw ShapeError("Residual: the layers make " + to_string(y.sizes()) + " of " +
                   to_string(x.sizes()) + "; they must keep the shape");
}

const std::shared_ptr<Module>& ModuleListImpl::at(std::size_t index) const {
  if (index < modules_.size()) return modules_[index];
  throw ValueError("ModuleList: index " + std::to_string(index) + " is outside [0, " +
                   std::to_string(modules_.size()) + ")");
}

Tensor ModuleListImpl::forward(const Tensor& /*x*/) {
  throw StateError("ModuleList: call its modules; a Sequential calls them in a row");
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

const bool kRegistered[] = {
    register_layer<LayerList>("sequential", "layers in a row, as one",
                              [](const LayerList& o) { return Sequential(o.make()); }),
    register_layer<LayerList>("residual", "x + the layers in a row of x, of the same shape",
                              [](const LayerList& o) { return Residual(o.make()); }),
};

}  // namespace
}  // namespace gradus::nn
