// autoencoder: fully connected layers from an example down to a few numbers, and back up to its
// shape. For data with "reconstruct": "input". With noise on its inputs in training it is a
// denoising autoencoder (Vincent et al., 2008).
#include "framework/nn/layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/shape.h"
#include "framework/tensor/sampling.h"
#include "framework/train/model.h"
#include "models/fully_connected.h"

namespace gradus {
namespace {

struct AutoencoderOptions {
  std::vector<std::int64_t> hidden = {256, 128};
  std::int64_t latent = 32;
  std::string activation = "relu";
  std::string output = "sigmoid";
  double noise = 0;

  void describe(OptionReader& o) {
    o("hidden", hidden, "sizes of the hidden layers, from the example inwards", {.min = 1});
    o("latent", latent, "how many numbers an example becomes", {.min = 1});
    o("activation", activation, "between the layers", {"relu", "sigmoid", "tanh"});
    o("output", output, "sigmoid: outputs are in (0, 1), as pixels; none: they are any numbers",
      {"sigmoid", "none"});
    o("noise", noise, "standard deviation of normal noise on the inputs in training", {.min = 0});
  }
};

class Autoencoder : public nn::Module {
 public:
  Autoencoder(const AutoencoderOptions& o, const Shape& example)
      : encoder_(register_module("encoder",
                                 fully_connected(sizes_between(example.numel(), o.hidden, o.latent),
                                                 o.activation, false))),
        decoder_(register_module(
            "decoder", fully_connected(sizes_between(o.latent, o.hidden, example.numel(), true),
                                       o.activation, false))),
        example_(example),
        has_sigmoid_(o.output == "sigmoid"),
        noise_(o.noise) {}

  Tensor forward(const Tensor& x) override {
    const bool is_noisy = is_training() && noise_ > 0;
    const Tensor seen = is_noisy ? x + randn_like(x) * noise_ : x;
    const Tensor y = decoder_(encoder_(seen.flatten(1)));
    Shape sizes = example_;
    sizes.insert(0, x.size(0));
    return (has_sigmoid_ ? sigmoid(y) : y).reshape(sizes);
  }
  [[nodiscard]] std::string type_name() const override { return "Autoencoder"; }

 private:
  nn::Sequential encoder_;
  nn::Sequential decoder_;
  Shape example_;
  bool has_sigmoid_;
  double noise_;
};

std::shared_ptr<nn::Module> make(const AutoencoderOptions& options, const ModelInput& input) {
  return std::make_shared<Autoencoder>(options, input.input_shape);
}

const bool kRegistered = models().add<AutoencoderOptions>(
    "autoencoder",
    "few numbers of an example, and the example of them; for \"reconstruct\": \"input\"", make);

}  // namespace
}  // namespace gradus
