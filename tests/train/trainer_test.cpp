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

// As one large batch: their parts of it weigh by their sizes.
TEST(TrainerTest, TakesTheMeanOverSeveralBatches) {
  Generator generator(5);
  const data::Example whole = {rand({24, 12}, kFloat32, generator) * 10,
                               randint(0, 3, {24}, kInt64, generator)};
  std::vector<data::Example> parts;
  for (const auto& [begin, end] : {std::pair{0, 10}, {10, 20}, {20, 24}}) {
    parts.push_back({whole.input.slice(0, begin, end), whole.target.slice(0, begin, end)});
  }
  const Json sgd = {{"optimizer", {{"type", "sgd"}, {"lr", 0.1}}}, {"clip_grad_norm", 0.5}};
  Trainer at_once{Config(config(sgd))};
  Trainer in_parts{Config(config(sgd))};
  for (int step = 0; step < 3; ++step) {
    EXPECT_NEAR(in_parts.step(parts), at_once.step(whole), 1e-6);
  }
  const auto expected = at_once.model().parameters()[0].to_vector<float>();
  const auto found = in_parts.model().parameters()[0].to_vector<float>();
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
  EXPECT_THROW(at_once.step(std::span<const data::Example>()), ValueError);
}

TEST(TrainerTest, LeavesAllAsItWasWhenOneOfSeveralBatchesHasNoFiniteLoss) {
  Trainer trainer{Config(config(Json::object()))};
  const std::vector<Tensor> parameters = trainer.model().parameters();
  const std::vector<float> before = parameters[0].to_vector<float>();
  data::Example broken = batch();
  broken.input = broken.input * std::numeric_limits<float>::infinity();
  const data::Example batches[] = {batch(), broken};
  EXPECT_FALSE(std::isfinite(trainer.step(batches)));
  EXPECT_EQ(parameters[0].to_vector<float>(), before);
  for (const Tensor& each : parameters) EXPECT_FALSE(each.grad().defined());
}

// Five batches an epoch, the last of half the size: steps of two, two and one.
TEST(TrainerTest, AccumulatesWhatIsLeftInTheLastStepOfAnEpoch) {
  const test::TempDir folder;
  const Json json = config(
      {{"dataset", {{"type", "random"}, {"input_shape", {12}}, {"outputs", 3}, {"size", 72}}},
       {"accumulate_steps", 2},
       {"epochs", 2}});
  Trainer trainer{Config(json)};
  EXPECT_EQ(trainer.steps_per_epoch(), 3);
  EXPECT_EQ(trainer.train({.out = folder / "run"}).steps, 6);

  Trainer by_hand{Config(json)};
  data::DataLoader loader(by_hand.data().train, by_hand.loader_options());
  for (std::int64_t epoch = 1; epoch <= 2; ++epoch) {
    loader.start_epoch(epoch);
    for (const int count : {2, 2, 1}) {
      std::vector<data::Example> batches;
      for (int i = 0; i < count; ++i) batches.push_back(*loader.next());
      by_hand.step(batches);
    }
    EXPECT_FALSE(loader.next());
  }
  EXPECT_EQ(trainer.model().parameters()[0].to_vector<float>(),
            by_hand.model().parameters()[0].to_vector<float>());
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
