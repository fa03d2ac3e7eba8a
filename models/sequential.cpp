// sequential: the layers that the config lists, in a row.
#include "framework/nn/layers.h"
#include "framework/nn/registered_layers.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

struct SequentialOptions {
  Json layers = Json::array();
  std::vector<Registry<nn::Module>::Build> builds;

  // The layers are checked here, with the rest of the config.
  void describe(OptionReader& o) {
    o.required()("layers", layers, "the layers in a row, each {\"type\": ..., its options}");
    if (!layers.is_array()) {
      throw ConfigError(o.path() + "/layers", "expected a list of layers");
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string path = o.path() + "/layers/" + std::to_string(i);
      builds.push_back(nn::layers().prepare(layers[i], path, &layers[i]));
    }
    o.resolve("layers", layers);
  }
};

const bool kRegistered = models().add<SequentialOptions>(
    "sequential", "the layers that the config lists",
    [](const SequentialOptions& options, const ModelInput& /*input*/) {
      nn::Sequential net;
      for (const auto& build : options.builds) net->push_back(build());
      return net.ptr();
    });

}  // namespace
}  // namespace gradus
