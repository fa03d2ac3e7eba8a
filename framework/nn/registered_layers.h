// The layers by name, as configs list them: {"type": "linear", "in_features": 784, ...}.
//
// A layer of your own is added where it is written; configs and `gradus list` know it then:
//
//   const bool kRegistered = nn::register_layer<GateOptions>(
//       "gate", "what it does", [](const GateOptions& o) { return Gate(o.size); });
#pragma once

#include "framework/nn/module.h"
#include "framework/nn/registry.h"

namespace gradus::nn {

/// The registry of layers.
Registry<Module>& layers();

/// Adds a layer; make(options) gives its Handle. Returns true, for a namespace-scope constant.
template <class Options, class Make>
bool register_layer(const char* name, const char* doc, Make make) {
  return layers().add<Options>(name, doc, [=](const Options& options) -> std::shared_ptr<Module> {
    return make(options).ptr();
  });
}

/// Adds a layer that has no options, by its handle: register_plain_layer<ReLU>("relu", ...).
template <class Layer>
bool register_plain_layer(const char* name, const char* doc) {
  return register_layer<NoOptions>(name, doc, [](const NoOptions&) { return Layer(); });
}

/// The option "layers": a list of layers, each {"type": ..., its options}. They are checked with
/// the rest of the config.
class LayerList {
 public:
  void describe(OptionReader& o);
  /// Makes them.
  [[nodiscard]] std::vector<std::shared_ptr<Module>> make() const;

 private:
  std::vector<Registry<Module>::Build> builds_;
};

}  // namespace gradus::nn
