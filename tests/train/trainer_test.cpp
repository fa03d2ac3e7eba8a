// Trainer::step against the same step written by hand, bit for bit.
#include "framework/train/trainer.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

Json config(const Json& more) {
  Json json = test::parse_json(R"({
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

TEST(TrainerTest, StepsInTrainingModeWhateverWasBefore) {
  Trainer trainer{Config(config({{"model", {{"type", "mlp"}, {"dropout", 0.5}}}}))};
  trainer.step(batch());
  EXPECT_TRUE(trainer.model().is_training());
  trainer.evaluate();
  EXPECT_FALSE(trainer.model().is_training());
  trainer.step(batch());
  EXPECT_TRUE(trainer.model().is_training());
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
      {"fragile", {"class", R"({"type": "identity"})"}},  // of user_errors_test.cpp
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
    json["model"] = test::parse_json(R"({"type": "sequential", "layers": [
        {"type": "linear", "in_features": 12, "out_features": 3}]})");
    json["model"]["layers"].push_back(test::parse_json(how.last_layer));
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
    EXPECT_EQ(found.metric("accuracy").has_value(), std::string(how.target) != "value");
  }
}

// ---- Optimizers that evaluate the loss themselves, and state of all kinds ----------------------

Json with_optimizer(const char* optimizer) {
  return config({{"optimizer", test::parse_json(optimizer)}});
}

constexpr const char* kLbfgs =
    R"({"type": "lbfgs", "max_iter": 4, "line_search_fn": "strong_wolfe"})";

TEST(TrainerTest, ClosuresSeeOneBatchAndClippedGradients) {
  Json json = with_optimizer(kLbfgs);
  json["clip_grad_norm"] = 0.5;
  Trainer trainer{Config(json)};
  Trainer other{Config(json)};
  nn::Module& model = other.model();
  optim::LBFGS optimizer(model.named_parameters(),
                         {.max_iter = 4, .line_search_fn = "strong_wolfe"});
  for (int step = 0; step < 2; ++step) {
    const float loss = trainer.step(batch());
    int evaluations = 0;
    const Tensor expected = optimizer.step([&] {
      ++evaluations;
      optimizer.zero_grad();
      Tensor value = cross_entropy(model(batch().input), batch().target);
      value.backward();
      nn::utils::clip_grad_norm_(model.parameters(), 0.5);
      return value;
    });
    EXPECT_GT(evaluations, 4);
    EXPECT_EQ(loss, expected.item<float>());
  }
  EXPECT_EQ(trainer.model().parameters()[0].to_vector<float>(),
            model.parameters()[0].to_vector<float>());
  for (const Tensor& each : trainer.model().parameters()) EXPECT_FALSE(each.grad().defined());
}

// Each step begins with the random numbers of the first one. So all see one function, and its
// values never rise; with new masks within a step the line search would see several.
TEST(TrainerTest, ClosuresDropTheSame) {
  Json json =
      with_optimizer(R"({"type": "lbfgs", "max_iter": 1, "line_search_fn": "strong_wolfe"})");
  json["model"]["dropout"] = 0.5;
  Trainer trainer{Config(json)};
  trainer.model().train();
  const Generator::State before = default_generator().state();
  std::vector<float> losses;
  for (int i = 0; i < 20; ++i) {
    default_generator().set_state(before);
    losses.push_back(trainer.step(batch()));
  }
  const Generator::State after = default_generator().state();
  EXPECT_EQ(after.draws, before.draws + 1);
  for (std::size_t i = 1; i < losses.size(); ++i) EXPECT_LE(losses[i], losses[i - 1]);
  EXPECT_LT(losses.back(), losses.front() / 2);
}

TEST(TrainerTest, ALossThatIsNotFiniteChangesNothing) {
  Trainer trainer{Config(with_optimizer(kLbfgs))};
  const std::vector<float> before = trainer.model().parameters()[0].to_vector<float>();
  data::Example broken = batch();
  broken.input = broken.input * std::numeric_limits<float>::infinity();
  EXPECT_FALSE(std::isfinite(trainer.step(broken)));
  EXPECT_EQ(trainer.model().parameters()[0].to_vector<float>(), before);
}

std::vector<float> weights_after(const Json& json, const std::filesystem::path& out,
                                 std::optional<int> stop) {
  TrainOptions options;
  options.out = out;
  if (stop) {
    int steps = 0;
    options.stop_requested = [&] { return ++steps == *stop; };
    Trainer(Config(json)).train(options);
    options.stop_requested = [] { return false; };
    options.resume = true;
  }
  Trainer trainer{Config(json)};
  trainer.train(options);
  std::vector<float> result;
  for (const Tensor& each : trainer.model().parameters()) {
    for (const float value : each.to_vector<float>()) result.push_back(value);
  }
  return result;
}

TEST(TrainerTest, RunsGoOnExactlyWithEveryOptimizer) {
  const test::TempDir folder;
  for (const std::string& type : optim::optimizers().names()) {
    SCOPED_TRACE(type);
    Json json = config({{"optimizer", {{"type", type}}}, {"epochs", 2}});
    json["model"]["dropout"] = 0.2;
    const std::vector<float> straight = weights_after(json, folder / (type + "-whole"), {});
    EXPECT_EQ(weights_after(json, folder / (type + "-stopped"), 3), straight);
  }
}

TEST(TrainerTest, DrawsTheStepOfAnOptimizerWithAClosure) {
  Trainer trainer{Config(with_optimizer(kLbfgs))};
  const Graph seen = trainer.step_graph(4);
  ASSERT_TRUE(seen.update.has_value());
  EXPECT_EQ(seen.update->optimizer, "LBFGS");
}

TEST(TrainerTest, APatternWithoutParametersIsAFaultOfTheConfig) {
  const std::string message = test::message_of<ConfigError>([] {
    const Trainer trainer{
        Config(with_optimizer(R"({"type": "sgd", "groups": [{"match": "9.*"}]})"))};
  });
  EXPECT_EQ(message.find("/optimizer/groups/0/match: \"9.*\" matches no parameter (the most "
                         "similar: \""),
            0U)
      << message;
}

}  // namespace
}  // namespace gradus
