// mlp: fully connected layers with an activation between them.
#include "framework/nn/layers.h"
#include "framework/nn/registered_layers.h"
#include "framework/train/model.h"

#include <nlohmann/json.hpp>

namespace gradus {
namespace {

struct MlpOptions {
  std::vector<std::int64_t> hidden = {256, 128};
  std::string activation = "relu";
  double dropout = 0;

  void describe(OptionReader& o) {
    o("hidden", hidden, "sizes of the hidden layers", {.min = 1});
    o("activation", activation, "between the layers", {"relu", "sigmoid", "tanh"});
    o("dropout", dropout, "probability, after each activation", {.min = 0, .below = 1});
  }
};

std::shared_ptr<nn::Module> make_mlp(const MlpOptions& options, const ModelInput& input) {
  nn::Sequential net;
  net->push_back(nn::Flatten());
  std::int64_t size = input.input_shape.numel();
  for (const std::int64_t width : options.hidden) {
    net->push_back(nn::Linear(size, width));
    net->push_back(nn::layers().make({{"type", options.activation}}));
    if (options.dropout > 0) net->push_back(nn::Dropout(options.dropout));
    size = width;
  }
  net->push_back(nn::Linear(size, input.outputs));
  return net.ptr();
}

const bool kRegistered = models().add<MlpOptions>("mlp", "fully connected layers", make_mlp);

}  // namespace
}  // namespace gradus
