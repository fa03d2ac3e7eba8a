// "init" and "freeze" of configs: what they fill and freeze, training with frozen weights, and
// faults by their JSON paths.
#include "framework/train/model_setup.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

Json config(const Json& more) {
  Json json = test::parse_json(R"({
    "dataset": {"type": "random", "input_shape": [12], "outputs": 3, "size": 64},
    "model": {"type": "mlp", "hidden": [16]},
    "loss": {"type": "cross_entropy"},
    "optimizer": {"type": "adamw", "lr": 0.01, "weight_decay": 0.1},
    "batch_size": 16, "seed": 3})");
  json.update(more);
  return json;
}

data::Example batch() {
  Generator generator(4);
  return {rand({16, 12}, kFloat32, generator), randint(0, 3, {16}, kInt64, generator)};
}

std::map<std::string, Tensor> parameters_of(Trainer& trainer) {
  std::map<std::string, Tensor> result;
  for (const auto& [name, tensor] : trainer.model().named_parameters()) result[name] = tensor;
  return result;
}

std::string refusal(const Json& more) {
  return test::message_of<ConfigError>([&] { const Trainer trainer{Config(config(more))}; });
}

TEST(ModelSetupTest, TheFirstEntryThatMatchesFills) {
  const Json list = test::parse_json(R"([
    {"parameters": "1.weight", "type": "constant", "val": 2},
    {"parameters": "*.weight", "type": "orthogonal"},
    {"parameters": "1.*", "type": "ones"}])");
  Trainer trainer{Config(config({{"init", list}}))};
  auto parameters = parameters_of(trainer);
  EXPECT_EQ(parameters["1.weight"].to_vector<float>(), std::vector<float>(12 * 16, 2));
  EXPECT_EQ(parameters["1.bias"].to_vector<float>(), std::vector<float>(16, 1));
  const Tensor head = parameters["3.weight"].detach();
  EXPECT_LT((matmul(head, head.t()) - eye(3)).abs().max().item<double>(), 1e-6);
  const std::vector<float> kept = parameters["3.bias"].to_vector<float>();
  Trainer plain{Config(config(Json::object()))};
  EXPECT_EQ(kept, parameters_of(plain)["3.bias"].to_vector<float>());
  EXPECT_TRUE(parameters["1.weight"].requires_grad());
}

TEST(ModelSetupTest, InitialValuesDependOnTheSeedAlone) {
  const auto weights = [](int seed) {
    Trainer trainer{
        Config(config({{"seed", seed}, {"init", test::parse_json(R"([{"parameters": "*.weight",
                                     "type": "kaiming_normal"}])")}}))};
    return parameters_of(trainer)["1.weight"].to_vector<float>();
  };
  EXPECT_EQ(weights(1), weights(1));
  EXPECT_NE(weights(1), weights(2));
}

TEST(ModelSetupTest, ResolvesToEveryOptionAndReadsBackTheSame) {
  const Config read(config({{"init", test::parse_json(R"([{"parameters": "*.weight",
    "type": "xavier_normal"}])")},
                            {"freeze", {"1.*"}}}));
  EXPECT_EQ(
      (*read.resolved)["init"],
      test::parse_json(R"([{"parameters": "*.weight", "type": "xavier_normal", "gain": 1.0}])"));
  EXPECT_EQ((*read.resolved)["freeze"], test::parse_json(R"(["1.*"])"));
  EXPECT_EQ(*Config(*read.resolved).resolved, *read.resolved);
}

TEST(ModelSetupTest, FrozenWeightsKeepTheirBitsAndGetNoGradient) {
  Trainer trainer{
      Config(config({{"freeze", {"1.*"}}, {"clip_grad_norm", 0.5}, {"ema", {{"decay", 0.9}}}}))};
  auto parameters = parameters_of(trainer);
  const auto bits = [&](const char* name) { return parameters[name].to_vector<float>(); };
  const auto frozen = std::pair(bits("1.weight"), bits("1.bias"));
  const std::vector<float> head = bits("3.weight");
  for (int i = 0; i < 5; ++i) trainer.step(batch());
  trainer.evaluate();
  EXPECT_EQ(std::pair(bits("1.weight"), bits("1.bias")), frozen);
  EXPECT_NE(bits("3.weight"), head);
  cross_entropy(trainer.model()(batch().input), batch().target).backward();
  EXPECT_FALSE(parameters["1.weight"].grad().defined());
  EXPECT_FALSE(parameters["1.bias"].grad().defined());
  EXPECT_TRUE(parameters["3.weight"].grad().defined());
}

// What is trained takes the steps of an optimizer that has nothing else.
TEST(ModelSetupTest, TheOptimizerHasOnlyWhatIsTrained) {
  Trainer trainer{Config(config({{"freeze", {"1.*"}}}))};
  Trainer other{Config(config(Json::object()))};
  auto expected = parameters_of(other);
  optim::AdamW optimizer({{"3.weight", expected["3.weight"]}, {"3.bias", expected["3.bias"]}},
                         {.lr = 0.01, .weight_decay = 0.1});
  for (int i = 0; i < 3; ++i) {
    trainer.step(batch());
    other.model().zero_grad();
    cross_entropy(other.model()(batch().input), batch().target).backward();
    optimizer.step();
  }
  for (const auto& [name, parameter] : parameters_of(trainer)) {
    EXPECT_EQ(parameter.to_vector<float>(), expected[name].to_vector<float>()) << name;
  }
}

TEST(ModelSetupTest, ARunWithFrozenWeightsResumesToTheSameBits) {
  const test::TempDir folder;
  const auto train = [&](int epochs, const char* name, bool resume) {
    Trainer trainer{Config(config({{"freeze", {"1.*"}}, {"epochs", epochs}}))};
    const TrainResult result = trainer.train({.out = folder / name, .resume = resume});
    for (const auto& each : load_checkpoint(result.checkpoint).optimizer) {
      EXPECT_EQ(each.name.find("1."), std::string::npos) << each.name;
    }
    return parameters_of(trainer)["3.weight"].to_vector<float>();
  };
  const auto whole = train(3, "whole", false);
  train(1, "parts", false);
  EXPECT_EQ(train(3, "parts", true), whole);
}

TEST(ModelSetupTest, FaultsAreNamedByTheirPaths) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"init": [{"parameters": "*.wieght", "type": "zeros"}]})",
       "/init/0/parameters: \"*.wieght\" matches no parameter (the most similar: "
       "\"1.weight\", \"3.weight\", \"1.bias\")"},
      {R"({"init": [{"parameters": "*", "type": "zeros"}, {"parameters": "1.*",
         "type": "ones"}]})",
       "/init/1/parameters: all that \"1.*\" matches belongs to groups before it, such as "
       "\"1.weight\" to that of \"*\"; put it before them"},
      {R"({"init": [{"parameters": "*.bias", "type": "kaiming_normal"}]})",
       "/init/0: does not fit \"1.bias\": kaiming_normal_: a tensor of shape [16] has no fan-in "
       "and fan-out; it needs 2 dims at least"},
      {R"({"init": [{"parameters": "*.bias", "type": "zeroes"}]})",
       "/init/0/type: unknown initializer \"zeroes\" (did you mean \"zeros\"?)"},
      {R"({"init": [{"parameters": "*.bias", "type": "zeros", "gain": 2}]})",
       "/init/0/gain: unknown key (valid: type, parameters)"},
      {R"({"init": [{"type": "zeros"}]})",
       "/init/0/parameters: missing; a pattern of their names, such as \"*.weight\" (string)"},
      {R"({"init": {"*.bias": "zeros"}})",
       "/init: expected a list of objects such as {\"parameters\": \"*.weight\", \"type\": "
       "\"kaiming_normal\"}"},
      {R"({"freeze": ["1.*", "9.*"]})",
       "/freeze/1: \"9.*\" matches no parameter (the most similar: \"1.weight\", \"1.bias\", "
       "\"3.weight\")"},
      {R"({"freeze": ["*"]})", "/freeze: leaves no parameter to be trained"},
      {R"({"freeze": "1.*"})",
       "/freeze: expected a list of patterns of parameter names, such as [\"conv*\"]"},
      {R"({"freeze": [0]})", "/freeze/0: expected a pattern of parameter names, such as \"conv*\""},
  };
  for (const auto& [more, message] : cases) EXPECT_EQ(refusal(test::parse_json(more)), message);
}

TEST(ModelSetupTest, AStepWithFrozenWeightsCanBeDrawn) {
  Trainer trainer{Config(config({{"freeze", {"1.*"}}}))};
  const Graph seen = trainer.step_graph(2);
  int trained = 0;
  for (const auto& node : seen.nodes) trained += node.kind == Graph::Kind::Parameter ? 1 : 0;
  EXPECT_EQ(trained, 2);
}

}  // namespace
}  // namespace gradus
