// Trainer::step against the same step written by hand, bit for bit.
#include "framework/train/trainer.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

Json config(const Json& more) {
  Json json = Json::parse(R"({
    "dataset": {"type": "random", "input_shape": [12], "outputs": 3, "size": 64},
    "model": {"type": "mlp", "hidden": [16]},
    "loss": {"type": "cross_entropy"},
    "optimizer": {"type": "adam", "lr": 0.01},
    "batch_size": 16, "seed": 3})");
  json.update(more);
  return json;
}

data::Example batch() {
  Generator generator(4);
  return {rand({16, 12}, kFloat32, generator) * 50, randint(0, 3, {16}, kInt64, generator)};
}

// The weights after two steps, with `clip` between the backward pass and the update.
template <class Clip>
std::vector<float> by_hand(Clip clip) {
  Trainer trainer{Config(config(Json::object()))};
  nn::Module& model = trainer.model();
  optim::Adam optimizer(model.named_parameters(), {.lr = 0.01});
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    const data::Example examples = batch();
    cross_entropy(model(examples.input), examples.target).backward();
    clip(model.parameters());
    optimizer.step();
  }
  return model.parameters()[0].to_vector<float>();
}

std::vector<float> by_trainer(const Json& more) {
  Trainer trainer{Config(config(more))};
  trainer.step(batch());
  trainer.step(batch());
  for (const Tensor& each : trainer.model().parameters()) EXPECT_FALSE(each.grad().defined());
  return trainer.model().parameters()[0].to_vector<float>();
}

TEST(TrainerTest, StepsAsByHandAndLeavesNoGradients) {
  EXPECT_EQ(by_trainer(Json::object()), by_hand([](const std::vector<Tensor>&) {}));
}

TEST(TrainerTest, ClipsByNormAndByValue) {
  const std::vector<float> plain = by_trainer(Json::object());
  const std::vector<float> by_norm = by_trainer({{"clip_grad_norm", 0.5}});
  EXPECT_NE(by_norm, plain);
  EXPECT_EQ(by_norm, by_hand([](const std::vector<Tensor>& parameters) {
              EXPECT_GT(nn::utils::clip_grad_norm_(parameters, 0.5), 0.5);
            }));
  const std::vector<float> by_value = by_trainer({{"clip_grad_value", 0.01}});
  EXPECT_NE(by_value, plain);
  EXPECT_EQ(by_value, by_hand([](const std::vector<Tensor>& parameters) {
              nn::utils::clip_grad_value_(parameters, 0.01);
            }));
  EXPECT_EQ(by_trainer({{"clip_grad_norm", 0.05}, {"clip_grad_value", 0.01}}),
            by_hand([](const std::vector<Tensor>& parameters) {
              nn::utils::clip_grad_value_(parameters, 0.01);
              nn::utils::clip_grad_norm_(parameters, 0.05);
            }));
}

// A gradient may be infinite where the loss is not.
TEST(TrainerTest, RefusesANormThatIsNotFiniteAndKeepsTheWeights) {
  Trainer trainer{Config(config({{"clip_grad_norm", 1}}))};
  const Tensor weight = trainer.model().parameters()[0];
  const std::vector<float> before = weight.to_vector<float>();
  weight.register_hook([](const Tensor& g) { return g * std::numeric_limits<float>::infinity(); });
  const std::string message = test::message_of<ValueError>([&] { trainer.step(batch()); });
  EXPECT_NE(message.find("clip_grad_norm_: the norm of the gradients is "), std::string::npos)
      << message;
  EXPECT_EQ(weight.to_vector<float>(), before);
}

}  // namespace
}  // namespace gradus
