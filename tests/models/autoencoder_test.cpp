// autoencoder and vae: what they compute, against their formulas; what the vae adds to the loss,
// and when; what it makes by itself.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/train/model.h"
#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

const Shape kExample = {2, 3, 4};
constexpr std::int64_t kNumbers = 24;

std::shared_ptr<nn::Module> make(const std::string& type, const Json& more = Json::object()) {
  Json config = {{"type", type}, {"hidden", {10, 6}}, {"latent", 4}};
  config.update(more);
  manual_seed(5);
  return models().make(config, {kExample, kNumbers});
}

Tensor weight(const nn::Module& model, const std::string& name) {
  for (const auto& [each, tensor] : model.state_dict()) {
    if (each == name) return tensor;
  }
  throw ValueError("no weight " + name);
}

std::vector<std::string> names_of(const nn::Module& model) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model.named_parameters()) names.push_back(name);
  return names;
}

// Linear layers `part`.0, .2, ... with relu between them, and after the last where told.
Tensor by_hand(const nn::Module& model, const std::string& part, Tensor x, int layers,
               bool activates_last) {
  for (int i = 0; i < layers; ++i) {
    const std::string name = part + "." + std::to_string(2 * i);
    x = x.matmul(weight(model, name + ".weight").t()) + weight(model, name + ".bias");
    if (i + 1 < layers || activates_last) x = relu(x);
  }
  return x;
}

void expect_close(const Tensor& actual, const Tensor& expected, double tolerance = 1e-5) {
  ASSERT_EQ(actual.sizes(), expected.sizes());
  EXPECT_LT((actual - expected).abs().max().item<double>(), tolerance);
}

TEST(AutoencoderTest, IsAMirrorOfLayers) {
  const auto model = make("autoencoder");
  EXPECT_EQ(names_of(*model),
            (std::vector<std::string>{"encoder.0.weight", "encoder.0.bias", "encoder.2.weight",
                                      "encoder.2.bias", "encoder.4.weight", "encoder.4.bias",
                                      "decoder.0.weight", "decoder.0.bias", "decoder.2.weight",
                                      "decoder.2.bias", "decoder.4.weight", "decoder.4.bias"}));
  const Tensor x = rand({5, 2, 3, 4});
  const Tensor code = by_hand(*model, "encoder", x.flatten(1), 3, false);
  EXPECT_EQ(code.sizes(), (Shape{5, 4}));
  const Tensor y = by_hand(*model, "decoder", code, 3, false).reshape({5, 2, 3, 4});
  expect_close((*model)(x), sigmoid(y));
  expect_close((*make("autoencoder", {{"output", "none"}}))(x), y);
}

TEST(AutoencoderTest, TakesNoiseInTrainingAlone) {
  const auto model = make("autoencoder", {{"noise", 0.5}});
  const auto plain = make("autoencoder");
  const Tensor x = rand({5, 2, 3, 4});
  EXPECT_NE((*model)(x).to_vector<float>(), (*plain)(x).to_vector<float>());
  model->eval();
  EXPECT_EQ((*model)(x).to_vector<float>(), (*plain)(x).to_vector<float>());
}

TEST(VaeTest, ReparameterisesInTrainingAndTakesTheMeanInEvaluation) {
  const auto model = make("vae");
  EXPECT_EQ(names_of(*model),
            (std::vector<std::string>{"encoder.0.weight", "encoder.0.bias", "encoder.2.weight",
                                      "encoder.2.bias", "mean.weight", "mean.bias",
                                      "log_variance.weight", "log_variance.bias",
                                      "decoder.0.weight", "decoder.0.bias", "decoder.2.weight",
                                      "decoder.2.bias", "decoder.4.weight", "decoder.4.bias"}));
  const Tensor x = rand({5, 2, 3, 4});
  const Tensor h = by_hand(*model, "encoder", x.flatten(1), 2, true);
  const Tensor mu = h.matmul(weight(*model, "mean.weight").t()) + weight(*model, "mean.bias");
  const Tensor log_variance =
      h.matmul(weight(*model, "log_variance.weight").t()) + weight(*model, "log_variance.bias");
  manual_seed(9);
  const Tensor noise = randn({5, 4});
  const auto decoded = [&](const Tensor& z) {
    return sigmoid(by_hand(*model, "decoder", z, 3, false)).reshape({5, 2, 3, 4});
  };
  manual_seed(9);
  expect_close((*model)(x), decoded(mu + (log_variance * 0.5).exp() * noise));
  model->eval();
  expect_close((*model)(x), decoded(mu));
}

// Of normal distributions with these means and logs of variances, the same for every example.
double added(const Json& options, std::int64_t batch) {
  const auto model = make("vae", options);
  const NoGradGuard no_grad;
  for (const char* head : {"mean", "log_variance"}) {
    weight(*model, std::string(head) + ".weight").fill_(0);
  }
  weight(*model, "mean.bias").copy_(tensor({0.5, -1.0, 2.0, 0.0}));
  weight(*model, "log_variance.bias").copy_(tensor({0.0, -0.75, 1.25, -4.0}));
  (void)(*model)(rand({batch, 2, 3, 4}));
  EXPECT_EQ(model->added_loss().dim(), 0);
  return model->added_losses().item<double>();
}

TEST(VaeTest, AddsTheDivergenceOfTheFormula) {
  // torch.distributions: kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0, 1)).sum()
  constexpr double kDivergence = 4.865512574545795;
  EXPECT_NEAR(added(Json::object(), 1), kDivergence / kNumbers, 1e-6);
  EXPECT_NEAR(added(Json::object(), 7), kDivergence / kNumbers, 1e-6);
  EXPECT_NEAR(added({{"beta", 24}}, 3), kDivergence, 1e-5);
  EXPECT_EQ(added({{"beta", 0}}, 3), 0);
}

TEST(VaeTest, AddsNothingInEvaluation) {
  const auto model = make("vae");
  const Tensor x = rand({5, 2, 3, 4});
  EXPECT_FALSE(model->added_losses().defined());
  (void)(*model)(x);
  EXPECT_TRUE(model->added_losses().defined());
  EXPECT_TRUE(model->added_losses().requires_grad());
  model->eval();
  (void)(*model)(x);
  EXPECT_FALSE(model->added_losses().defined());
}

// The whole training loss, with the same random numbers each time.
Tensor training_loss(nn::Module& model, const Tensor& x) {
  manual_seed(11);
  const Tensor y = model(x);
  return mse_loss(y, x) + model.added_losses();
}

TEST(VaeTest, GradientsAgreeWithFiniteDifferences) {
  const auto model = make("vae", {{"beta", 3}, {"activation", "tanh"}});
  model->to(kFloat64);
  const Tensor x = rand({3, 2, 3, 4}, kFloat64);
  training_loss(*model, x).backward();
  constexpr double kStep = 1e-5;
  for (const auto& [name, parameter] : model->named_parameters()) {
    const Tensor flat = parameter.detach().reshape({-1});
    const auto gradient = parameter.grad().to_vector<double>();
    for (std::int64_t i = 0; i < flat.numel(); i += 1 + flat.numel() / 4) {
      const NoGradGuard no_grad;
      const Tensor element = flat.slice(0, i, i + 1);
      const auto loss_at = [&](double change) {
        element.add_(change);
        const double loss = training_loss(*model, x).item<double>();
        element.add_(-change);
        return loss;
      };
      const double slope = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
      EXPECT_NEAR(gradient[static_cast<std::size_t>(i)], slope, 1e-8) << name << " " << i;
    }
  }
}

TEST(VaeTest, MayBeComputedAgain) {
  const Tensor x = rand({3, 2, 3, 4});
  const auto gradients = [&](bool again) {
    const auto model = make("vae");
    manual_seed(2);
    const auto call = [&](const Tensor& in) { return (*model)(in); };
    const Tensor y = again ? checkpoint(call, x) : call(x);
    const Tensor divergence = model->added_loss();
    (mse_loss(y, x) + divergence).backward();
    EXPECT_TRUE(model->added_loss().is_same(divergence));
    std::vector<std::vector<float>> all;
    for (const Tensor& each : model->parameters()) all.push_back(each.grad().to_vector<float>());
    return all;
  };
  EXPECT_EQ(gradients(true), gradients(false));
}

TEST(VaeTest, MakesExamplesOfItsOwn) {
  const auto model = make("vae");
  auto* sampler = dynamic_cast<Sampler*>(model.get());
  ASSERT_NE(sampler, nullptr);
  manual_seed(3);
  const Tensor made = sampler->sample(6);
  EXPECT_FALSE(made.requires_grad());
  manual_seed(3);
  const Tensor z = randn({6, 4});
  expect_close(made, sigmoid(by_hand(*model, "decoder", z, 3, false)).reshape({6, 2, 3, 4}));
  EXPECT_EQ(dynamic_cast<Sampler*>(make("autoencoder").get()), nullptr);
}

TEST(VaeTest, NeedsAHiddenLayer) {
  EXPECT_EQ(test::message_of([] {
              (void)make("vae", {{"hidden", Json::array()}});
            }),
            "/hidden: needs at least one layer");
  const Tensor x = rand({3, 2, 3, 4});
  EXPECT_EQ((*make("autoencoder", {{"hidden", Json::array()}}))(x).sizes(), x.sizes());
}

}  // namespace
}  // namespace gradus
