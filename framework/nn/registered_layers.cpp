#include "framework/nn/registered_layers.h"

#include <nlohmann/json.hpp>

namespace gradus::nn {

Registry<Module>& layers() {
  static Registry<Module> registry("layer");
  return registry;
}

void LayerList::describe(OptionReader& o) {
  Json list = Json::array();
  o.required()("layers", list, "the layers in a row, each {\"type\": ..., its options}",
               JsonKind::components("layer"));
  if (!list.is_array()) throw ConfigError(o.path() + "/layers", "expected a list of layers");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = o.path() + "/layers/" + std::to_string(i);
    builds_.push_back(layers().prepare(list[i], path, &list[i]));
  }
  o.resolve("layers", list);
}

std::vector<std::shared_ptr<Module>> LayerList::make() const {
  std::vector<std::shared_ptr<Module>> result;
  for (const auto& build : builds_) result.push_back(build());
  return result;
}

}  // namespace gradus::nn
