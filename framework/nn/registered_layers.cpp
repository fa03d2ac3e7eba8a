#include "framework/nn/registered_layers.h"

namespace gradus::nn {

Registry<Module>& layers() {
  static Registry<Module> registry("layer");
  return registry;
}

void LayerList::describe(OptionReader& o) {
  o.required()("layers", layers_, "the layers in a row, each {\"type\": ..., its options}");
  if (!layers_.is_array()) throw ConfigError(o.path() + "/layers", "expected a list of layers");
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string path = o.path() + "/layers/" + std::to_string(i);
    builds_.push_back(layers().prepare(layers_[i], path, &layers_[i]));
  }
  o.resolve("layers", layers_);
}

std::vector<std::shared_ptr<Module>> LayerList::make() const {
  std::vector<std::shared_ptr<Module>> result;
  for (const auto& build : builds_) result.push_back(build());
  return result;
}

}  // namespace gradus::nn
