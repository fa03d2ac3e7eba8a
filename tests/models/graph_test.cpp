// graph: equal to the same net written in C++, names, shared weights, parts of examples, several
// outputs; and what configs it refuses, with their paths.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "framework/train/model.h"
#include "tests/support/errors.h"
#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

// Two halves of a table's 12 columns, with a join of each kind and shared weights.
const char* const kBranches = R"({
  "type": "graph",
  "inputs": {"left": {"length": 6}, "right": {"start": 6}},
  "nodes": [
    {"name": "a", "type": "linear", "in_features": 6, "out_features": 8, "inputs": ["left"]},
    {"name": "b", "shares": "a", "inputs": ["right"]},
    {"name": "sum", "type": "add", "inputs": ["a", "b"]},
    {"name": "gate", "type": "sigmoid", "inputs": ["sum"]},
    {"name": "c", "type": "linear", "in_features": 6, "out_features": 8, "inputs": ["right"]},
    {"name": "product", "type": "multiply", "inputs": ["c", "gate"]},
    {"name": "both", "type": "concat", "inputs": ["product", "a", "left"]},
    {"name": "head", "type": "linear", "in_features": 22, "out_features": 3, "inputs": ["both"]}],
  "outputs": ["head"]})";

struct Branches : nn::Module {
  nn::Linear a = register_module("a", nn::Linear(6, 8));
  nn::Linear c = register_module("c", nn::Linear(6, 8));
  nn::Linear head = register_module("head", nn::Linear(22, 3));
  Tensor forward(const Tensor& x) override {
    const Tensor left = x.slice(1, 0, 6);
    const Tensor right = x.slice(1, 6, 12);
    const Tensor first = a(left);
    const Tensor gate = (first + a(right)).sigmoid();
    return head(cat({c(right) * gate, first, left}, 1));
  }
};

Json config_of(const Json& model) {
  Json json = test::parse_json(R"({
    "dataset": {"type": "random", "input_shape": [12], "outputs": 3, "size": 64},
    "loss": {"type": "cross_entropy"},
    "optimizer": {"type": "adam", "lr": 0.01},
    "batch_size": 16, "seed": 3})");
  json["model"] = model;
  return json;
}

std::string refusal(const Json& model) {
  return test::message_of<ConfigError>([&] { const Trainer trainer{Config(config_of(model))}; });
}

// kBranches with the value at a JSON pointer replaced, or taken away where it is null.
Json changed(const std::string& pointer, const std::string& value) {
  Json json = test::parse_json(kBranches);
  const Json::json_pointer at(pointer);
  if (value.empty()) {
    json.at(at.parent_pointer()).erase(at.back());
  } else {
    json[at] = test::parse_json(value);
  }
  return json;
}

TEST(GraphTest, EqualsTheSameNetInCpp) {
  Trainer trainer{Config(config_of(test::parse_json(kBranches)))};
  manual_seed(3);
  Branches net;
  const auto mine = trainer.model().named_parameters();
  const auto theirs = net.named_parameters();
  ASSERT_EQ(mine.size(), theirs.size());
  optim::Adam optimizer(net.named_parameters(), {.lr = 0.01});
  for (int step = 0; step < 3; ++step) {
    Generator generator(static_cast<std::uint64_t>(step));
    const data::Example batch = {rand({16, 12}, kFloat32, generator),
                                 randint(0, 3, {16}, kInt64, generator)};
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(net(batch.input), batch.target);
    loss.backward();
    optimizer.step();
    EXPECT_EQ(trainer.step(batch), loss.item<float>());
  }
  for (std::size_t i = 0; i < mine.size(); ++i) {
    EXPECT_EQ(mine[i].name, theirs[i].name);
    EXPECT_EQ(mine[i].tensor.to_vector<float>(), theirs[i].tensor.to_vector<float>())
        << mine[i].name;
  }
}

TEST(GraphTest, WeightsBearTheNamesOfNodesAndMoveByThem) {
  const auto graph = models().make(test::parse_json(kBranches), {{12}, 3});
  std::vector<std::string> names;
  for (const auto& each : graph->state_dict()) names.push_back(each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.weight", "a.bias", "c.weight", "c.bias",
                                             "head.weight", "head.bias"}));
  Branches net;
  net.load_state_dict(graph->state_dict());
  const Tensor x = rand({5, 12});
  EXPECT_TRUE(equal((*graph)(x), net(x)));
}

TEST(GraphTest, SeveralOutputsHaveNamesAndGoOutSideBySide) {
  nn::GraphModule net;
  net->add_input("left", {.length = 2});
  net->add_input("all");
  nn::Linear half(2, 3);
  net->add("a", half, "left");
  net->add("b", nn::Linear(5, 4), "all");
  net->add("again", half, "left");
  net->add_join("twice", nn::add_join(), {"a", "again", "a"});
  net->set_outputs({"b", "twice"});
  const Tensor x = rand({6, 5});
  const Tensor left = half(x.slice(1, 0, 2));
  const nn::StateDict outputs = net->named_outputs(x);
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].name, "b");
  EXPECT_EQ(outputs[1].name, "twice");
  EXPECT_TRUE(equal(outputs[1].tensor, left + left + left));
  EXPECT_TRUE(equal(net(x), cat({outputs[0].tensor, outputs[1].tensor}, 1)));
  EXPECT_EQ(net->named_parameters().size(), 4U);
}

TEST(GraphTest, PartsOfImagesAreChannelsOrRows) {
  nn::GraphModule net;
  net->add_input("red", {.dim = 0, .start = 0, .length = 1});
  net->add_input("lower", {.dim = 1, .start = 2});
  net->add("r", nn::Flatten(), "red");
  net->add("l", nn::Flatten(), "lower");
  net->set_outputs({"r", "l"});
  const Tensor x = rand({2, 3, 4, 5});
  EXPECT_TRUE(equal(net(x), cat({x.slice(1, 0, 1).flatten(1), x.slice(2, 2, 4).flatten(1)}, 1)));
}

TEST(GraphTest, RefusesInCppWhatMakesNoGraph) {
  using test::message_of;
  const auto expect = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  nn::GraphModule net;
  net->add_input("x");
  net->add("fc", nn::Linear(4, 3), "x");
  expect(message_of([&] { net->add("fc", nn::ReLU(), "x"); }), "the name \"fc\" is taken");
  expect(message_of([&] { net->add("x", nn::ReLU(), "fc"); }), "the name \"x\" is taken");
  expect(message_of([&] { net->add("a.b", nn::ReLU(), "fc"); }), "\"a.b\" is no name");
  expect(message_of([&] { net->add("r", nn::ReLU(), "fd"); }),
         "\"r\" names \"fd\", which was not added before (did you mean \"fc\"?)");
  expect(message_of([&] { net->add_join("j", nn::add_join(), {}); }), "has no inputs");
  expect(message_of([&] { net->add_input("y"); }), "inputs are added before nodes");
  expect(message_of([&] { net->set_outputs({}); }), "there is no output");
  expect(message_of([&] { net(zeros({2, 4})); }), "call set_outputs() first");
  net->add_join("j", nn::add_join(), {"x", "fc"});
  net->set_outputs({"j", "fc"});
  expect(message_of([&] { net(zeros({2, 5})); }), "node \"fc\" (Linear): linear: input of shape");
  expect(message_of([&] { net(zeros({2, 4})); }), "node \"j\" (add): ");
}

TEST(GraphTest, TheShippedConfigTrains) {
  Json json = load_config(test::source_path("models/graph.json"));
  json["dataset"] = test::parse_json(
      R"({"type": "random", "input_shape": [1, 28, 28], "outputs": 10, "size": 64})");
  json["optimizer"]["lr"] = 0.01;
  Trainer trainer{Config(json)};
  Generator generator(3);
  const data::Example batch = {rand({32, 1, 28, 28}, kFloat32, generator),
                               randint(0, 10, {32}, kInt64, generator)};
  const float first = trainer.step(batch);
  float last = first;
  for (int step = 0; step < 40; ++step) last = trainer.step(batch);
  EXPECT_LT(last, first / 4);
}

TEST(GraphTest, ResolvesToEveryOptionAndReadsBackTheSame) {
  const Config config(config_of(test::parse_json(kBranches)));
  const Json& model = (*config.resolved)["model"];
  EXPECT_EQ(model["inputs"]["left"], test::parse_json(R"({"dim": 0, "start": 0, "length": 6})"));
  EXPECT_EQ(model["nodes"][6], test::parse_json(R"({"name": "both", "type": "concat", "dim": 1,
                            "inputs": ["product", "a", "left"]})"));
  EXPECT_EQ(*Config(*config.resolved).resolved, *config.resolved);
}

TEST(GraphTest, FaultsAreNamedByTheirPaths) {
  struct Fault {
    const char* pointer;
    const char* value;
    const char* message;
  };
  const Fault faults[] = {
      {"/nodes/2/inputs/1", R"("bb")",
       "/model/nodes/2/inputs/1: there is no input or node \"bb\" before it (did you mean "
       "\"b\"?)"},
      {"/nodes/2/inputs/1", R"("rigth")",
       "/model/nodes/2/inputs/1: there is no input or node \"rigth\" before it (did you mean "
       "\"right\"?)"},
      {"/nodes/2/inputs/1", R"("head")",
       "/model/nodes/2/inputs/1: a cycle: sum -> gate -> product -> both -> head -> sum"},
      {"/nodes/2/inputs/1", R"("sum")", "/model/nodes/2/inputs/1: a cycle: sum -> sum"},
      {"/nodes/2/inputs/1", R"("c")",
       "/model/nodes/2/inputs/1: \"c\" comes later, as /model/nodes/4; nodes stand in the order "
       "in which they compute"},
      {"/nodes/4/name", R"("a")", "/model/nodes/4/name: \"a\" is the name of /model/nodes/0 too"},
      {"/nodes/4/name", R"("left")", "/model/nodes/4/name: \"left\" is the name of an input"},
      {"/nodes/4/name", R"("c.1")",
       "/model/nodes/4/name: \"c.1\" is no name: it is empty, or has a dot or a slash"},
      {"/nodes/4/name", "", "/model/nodes/4/name: expected the name of the node"},
      {"/nodes/5/inputs/0", R"("a")",
       "/model/nodes/4: nothing uses \"c\"; name it in \"outputs\", or leave it out"},
      {"/inputs/middle", "{}", "/model/inputs/middle: no node uses it; leave it out"},
      {"/inputs/left/lenght", "3",
       "/model/inputs/left/lenght: unknown key (did you mean \"length\"?)"},
      {"/inputs/right/start", "12",
       "/model/inputs/right: is no part of an example, of shape [12]: dim 0 from 12"},
      {"/inputs/left/length", "13",
       "/model/inputs/left: is no part of an example, of shape [12]: dim 0 from 0 to 12"},
      {"/inputs/left/dim", "1",
       "/model/inputs/left: is no part of an example, of shape [12]: dim 1 from 0 to 5"},
      {"/inputs", "[]",
       "/model/inputs: expected an object such as {\"left\": {\"start\": 0, \"length\": 7}}"},
      {"/nodes/3/type", R"("sigmoit")",
       "/model/nodes/3/type: unknown layer or join \"sigmoit\" (did you mean \"sigmoid\"?)"},
      {"/nodes/2/type", R"("ad")",
       "/model/nodes/2/type: unknown layer or join \"ad\" (did you mean \"add\"?)"},
      {"/nodes/3/inputs", R"(["sum", "a"])",
       "/model/nodes/3/inputs: \"sigmoid\" takes one input, got [\"sum\",\"a\"]; a node of type "
       "add, multiply or concat joins them"},
      {"/nodes/2/inputs", R"(["a"])",
       "/model/nodes/2/inputs: \"add\" joins two inputs or more, got [\"a\"]"},
      {"/nodes/2/inputs", R"("a")",
       "/model/nodes/2/inputs: expected a list of names of inputs or nodes, such as [\"a\"]"},
      {"/nodes/2/inputs", "", "/model/nodes/2/inputs: missing; the names of what goes in"},
      {"/nodes/0/in_feature", "6",
       "/model/nodes/0/in_feature: unknown key (did you mean \"in_features\"?)"},
      {"/nodes/6/dim", R"("one")", "/model/nodes/6/dim: expected an integer, got string \"one\""},
      {"/nodes/1/shares", R"("sum")",
       "/model/nodes/1/shares: \"sum\" is no layer before it (valid: a)"},
      {"/nodes/1/type", R"("linear")",
       "/model/nodes/1/type: a node has a type or shares another's weights, not both"},
      {"/nodes/1/bias", "true",
       "/model/nodes/1/bias: unknown key; a node that shares weights has no options"},
      {"/outputs/0", R"("haed")",
       "/model/outputs/0: there is no node \"haed\" (did you mean \"head\"?)"},
      {"/outputs", R"(["head", "head"])", "/model/outputs/1: \"head\" stands twice"},
      {"/outputs", "[]", "/model/outputs: expected a list of names of nodes, such as [\"a\"]"},
      {"/outputs", "", "/model/outputs: missing; names of nodes (names)"},
      {"/nodes/7/in_features", "21",
       "/model: does not fit the data, of shape [12]: /model/nodes/7, node \"head\" (Linear): "
       "linear: input of shape [1, 22] has 22 features, weight [3, 21] takes 21"},
  };
  for (const auto& [pointer, value, message] : faults) {
    const std::string text = refusal(changed(pointer, value));
    EXPECT_EQ(text.substr(0, text.find(" (at ")), message) << pointer << " = " << value;
  }
}

// Every value of the config replaced by every one of these, and every key taken away: what comes of
// it is a model that trains, or a ConfigError.
TEST(GraphTest, MutantsTrainOrAreRefused) {
  const Json whole = test::parse_json(kBranches);
  const Json values =
      test::parse_json(R"(["", null, "a", "head", "left", -1, 0, 7, 1e300, true, [], {},
    [null], {"name": "a"}, ["a", "a"], "linear", "concat"])");
  int refused = 0;
  int trained = 0;
  const Json flat = whole.flatten();
  for (const auto& [pointer, old] : flat.items()) {
    for (std::size_t i = 0; i <= values.size(); ++i) {
      Json mutant = whole;
      const Json::json_pointer at(pointer);
      if (i < values.size()) {
        mutant[at] = values[i];
      } else if (mutant.at(at.parent_pointer()).is_array()) {
        mutant.at(at.parent_pointer()).erase(static_cast<std::size_t>(std::stoul(at.back())));
      } else {
        mutant.at(at.parent_pointer()).erase(at.back());
      }
      try {
        Trainer trainer{Config(config_of(mutant))};
        trainer.step({rand({4, 12}), randint(0, 3, {4})});
        ++trained;
      } catch (const ConfigError&) {
        ++refused;
      }  // anything else fails the test
    }
  }
  EXPECT_GT(refused, 300);
  EXPECT_GT(trained, 5);
}

}  // namespace
}  // namespace gradus
