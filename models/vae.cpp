// vae: the variational autoencoder of Kingma and Welling (https://arxiv.org/abs/1312.6114). An
// example becomes the mean and the log of the variance of a normal distribution of `latent`
// numbers; in training a number is drawn from it, z = mean + exp(log_variance / 2) * noise, in
// evaluation it is the mean; a decoder makes the example of z. For data with "reconstruct":
// "input".
//
// In training it adds beta / (numbers in an example) * the mean over the batch of
//   KL(N(mean, variance) || N(0, 1)) = (mean^2 + variance - 1 - log_variance) / 2, summed over z,
// to a loss that is a mean over all numbers: with binary_cross_entropy and beta 1 that is the
// negative evidence lower bound by pixel.
#include "framework/autograd/grad_mode.h"
#include "framework/autograd/recompute.h"
#include "framework/nn/layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/conversion.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"
#include "framework/tensor/sampling.h"
#include "framework/train/model.h"
#include "models/fully_connected.h"

namespace gradus {
namespace {

struct VaeOptions {
  std::vector<std::int64_t> hidden = {400};
  std::int64_t latent = 20;
  std::string activation = "relu";
  std::string output = "sigmoid";
  double beta = 1;

  void describe(OptionReader& o) {
    o("hidden", hidden, "sizes of the hidden layers, from the example inwards", {.min = 1});
    o("latent", latent, "how many numbers an example becomes", {.min = 1});
    o("activation", activation, "after each hidden layer", {"relu", "sigmoid", "tanh"});
    o("output", output, "sigmoid: outputs are in (0, 1), as pixels; none: they are any numbers",
      {"sigmoid", "none"});
    o("beta", beta, "weight of the divergence from the prior; 1: that of the lower bound",
      {.min = 0});
    if (hidden.empty()) throw ConfigError(o.path() + "/hidden", "needs at least one layer");
  }
};

// What autocast has made bfloat16, as float32.
Tensor widened(const Tensor& x) {
  return x.dtype() == kBFloat16 ? x.to(kFloat32) : x;
}

class Vae : public nn::Module, public Sampler {
 public:
  Vae(const VaeOptions& o, const Shape& example)
      : encoder_(register_module(
            "encoder", fully_connected(sizes_of_encoder(o, example), o.activation, true))),
        mean_(register_module("mean", nn::Linear(o.hidden.back(), o.latent))),
        log_variance_(register_module("log_variance", nn::Linear(o.hidden.back(), o.latent))),
        decoder_(register_module(
            "decoder", fully_connected(sizes_between(o.latent, o.hidden, example.numel(), true),
                                       o.activation, false))),
        example_(example),
        latent_(o.latent),
        has_sigmoid_(o.output == "sigmoid"),
        beta_(o.beta) {}

  Tensor forward(const Tensor& x) override {
    const Tensor h = encoder_(x.flatten(1));
    const Tensor mean = widened(mean_(h));
    if (!is_training()) {
      divergence_ = {};
      return decode(mean);
    }
    const Tensor log_variance = widened(log_variance_(h));
    const Tensor divergence = sum(mean * mean + log_variance.exp() - 1 - log_variance) *
                              (beta_ / 2 / static_cast<double>(x.size(0) * example_.numel()));
    if (!is_recomputing()) divergence_ = divergence;
    return decode(mean + (log_variance / 2).exp() * randn_like(mean));
  }
  [[nodiscard]] Tensor added_loss() const override { return divergence_; }

  Tensor sample(std::int64_t count) override {
    const NoGradGuard no_grad;
    return decode(randn({count, latent_}, mean_->weight.dtype()));
  }
  [[nodiscard]] std::string type_name() const override { return "VAE"; }

 private:
  static std::vector<std::int64_t> sizes_of_encoder(const VaeOptions& o, const Shape& example) {
    std::vector<std::int64_t> sizes = {example.numel()};
    sizes.insert(sizes.end(), o.hidden.begin(), o.hidden.end());
    return sizes;
  }

  Tensor decode(const Tensor& z) {
    const Tensor y = decoder_(z);
    Shape sizes = example_;
    sizes.insert(0, z.size(0));
    return (has_sigmoid_ ? sigmoid(y) : y).reshape(sizes);
  }

  nn::Sequential encoder_;
  nn::Linear mean_;
  nn::Linear log_variance_;
  nn::Sequential decoder_;
  Shape example_;
  std::int64_t latent_;
  bool has_sigmoid_;
  double beta_;
  Tensor divergence_;  // of the last forward pass in training, times its weight
};

std::shared_ptr<nn::Module> make(const VaeOptions& options, const ModelInput& input) {
  return std::make_shared<Vae>(options, input.input_shape);
}

const bool kRegistered = models().add<VaeOptions>(
    "vae", "a variational autoencoder, which makes examples too; for \"reconstruct\": \"input\"",
    make);

}  // namespace
}  // namespace gradus
