// Every registered layer against PyTorch's module of the same options: names and shapes of the
// state, forward, all gradients, running statistics, evaluation.
#include <gradus/gradus.h>

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

const Json& cases() {
  static const Json all = golden::load("layers.json").at("cases");
  return all;
}

nn::StateDict state_of(const Json& json, DType dtype) {
  nn::StateDict state;
  for (const auto& [name, value] : json.items()) {
    state.push_back({name, golden::tensor_of(value, dtype)});
  }
  return state;
}

void expect_named(const nn::StateDict& actual, const Json& expected,
                  const golden::Tolerance& tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, tensor] : actual) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(expected.contains(name));
    golden::expect_close(tensor, golden::tensor_of(expected[name]), tolerance);
  }
}

void check_layer(const Json& json, DType dtype) {
  const auto& tolerance = dtype == kFloat64 ? golden::kDoubleTolerance : golden::kFloatTolerance;
  const auto layer = nn::layers().make(json["config"]);
  layer->to(dtype);
  layer->load_state_dict(state_of(json["state"], dtype));
  const Tensor x = golden::tensor_of(json["input"], dtype);
  if (x.is_floating_point()) x.requires_grad_();
  const Tensor y = (*layer)(x);
  golden::expect_close(y, golden::tensor_of(json["output"]), tolerance);
  EXPECT_EQ(y.dtype(), dtype);
  y.backward(golden::tensor_of(json["grad_output"], dtype));
  if (x.requires_grad()) {
    SCOPED_TRACE("gradient of the input");
    golden::expect_close(x.grad(), golden::tensor_of(json["input_grad"]), tolerance);
  }
  nn::StateDict gradients;
  for (const auto& [name, parameter] : layer->named_parameters()) {
    gradients.push_back({name, parameter.grad()});
  }
  expect_named(gradients, json["grads"], tolerance);
  expect_named(layer->named_buffers(), json["buffers"], tolerance);
  layer->eval();
  const Json& evaluated = json.contains("evaluated") ? json["evaluated"] : json["output"];
  golden::expect_close((*layer)(x), golden::tensor_of(evaluated), tolerance);
}

bool register_tests() {
  int number = 0;
  for (const Json& json : cases()) {
    const std::string name =
        json["config"]["type"].get<std::string>() + "_" + std::to_string(number++) + "_";
    for (const DType dtype : {kFloat64, kFloat32}) {
      golden::add_test("LayersGoldenTest", name + std::string(name_of(dtype)),
                       [&json, dtype] { check_layer(json, dtype); });
    }
  }
  return true;
}
const bool kRegistered = register_tests();

TEST(LayersGoldenTest, HasEveryRegisteredLayer) {
  std::set<std::string> checked = {"dropout", "dropout2d"};  // random: layers_test.cpp has them
  for (const Json& json : cases()) checked.insert(json["config"]["type"]);
  const std::vector<std::string> names = nn::layers().names();
  EXPECT_EQ(std::vector<std::string>(checked.begin(), checked.end()), names);
  EXPECT_EQ(names.size(), 51U);
}

}  // namespace
}  // namespace gradus
