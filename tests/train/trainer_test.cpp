// Trainer::step against the same step written by hand, bit for bit.
#include "framework/train/trainer.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>
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

// Each with targets of its kind, and a model whose last layer gives what it takes.
TEST(TrainerTest, TrainsByEveryLossThatConfigsHave) {
  struct Kind {
    const char* target;
    const char* last_layer;
    Json options = Json::object();
  };
  const std::map<std::string, Kind> kinds = {
      {"binary_cross_entropy", {"binary", R"({"type": "sigmoid"})"}},
      {"binary_cross_entropy_with_logits", {"binary", R"({"type": "identity"})"}},
      {"cross_entropy",
       {"class", R"({"type": "identity"})", {{"weight", {1, 2, 0.5}}, {"label_smoothing", 0.1}}}},
      {"huber", {"value", R"({"type": "identity"})"}},
      {"kl_div", {"value", R"({"type": "log_softmax", "dim": 1})", {{"log_target", true}}}},
      {"l1", {"value", R"({"type": "identity"})"}},
      {"mse", {"value", R"({"type": "identity"})"}},
      {"multi_margin", {"class", R"({"type": "identity"})", {{"p", 2}}}},
      {"nll", {"class", R"({"type": "log_softmax", "dim": 1})", {{"weight", {1, 2, 0.5}}}}},
      {"poisson_nll", {"binary", R"({"type": "identity"})", {{"full", true}}}},
      {"smooth_l1", {"value", R"({"type": "identity"})"}},
  };
  for (const std::string& name : nn::losses().names()) {
    SCOPED_TRACE(name);
    const auto kind = kinds.find(name);
    ASSERT_NE(kind, kinds.end()) << "say here how it is trained";
    const Kind& how = kind->second;
    Json loss = {{"type", name}};
    loss.update(how.options);
    Json json = config({{"loss", loss}});
    json["dataset"]["target"] = how.target;
    json["model"] = Json::parse(R"({"type": "sequential", "layers": [
        {"type": "linear", "in_features": 12, "out_features": 3}]})");
    json["model"]["layers"].push_back(Json::parse(how.last_layer));
    Trainer trainer{Config(json)};
    data::DataLoader loader(trainer.data().train, {.batch_size = 64});
    loader.start_epoch(1);
    const data::Example examples = *loader.next();
    const float first = trainer.step(examples);
    float last = first;
    for (int step = 0; step < 30; ++step) last = trainer.step(examples);
    EXPECT_LT(last, first);
    const Evaluation found = trainer.evaluate();
    EXPECT_TRUE(std::isfinite(found.loss));
    EXPECT_EQ(found.accuracy.has_value(), std::string(how.target) == "class");
  }
}

}  // namespace
}  // namespace gradus
