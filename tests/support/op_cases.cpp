#include "tests/support/op_cases.h"

#include "framework/autograd/engine.h"

#include <cctype>
#include <map>
#include <set>

namespace gradus::golden {
namespace {

// A test that runs a function.
class FunctionTest : public testing::Test {
 public:
  explicit FunctionTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

}  // namespace

Tensors inputs_of(const Json& json, DType dtype) {
  Tensors inputs;
  for (const Json& each : json["inputs"]) {
    inputs.push_back(tensor_of(each, dtype));
    if (inputs.back().is_floating_point()) inputs.back().requires_grad_();
  }
  return inputs;
}

void check_case(const Call& call, const Json& json, DType dtype) {
  const Tolerance& tolerance = dtype == kFloat64 ? kDoubleTolerance : kFloatTolerance;
  const Tensors inputs = inputs_of(json, dtype);
  const Tensor output = call(inputs, json["attrs"]);
  {
    SCOPED_TRACE("forward");
    expect_close(output, tensor_of(json["output"]), tolerance);
  }
  ASSERT_EQ(output.requires_grad(), !json["grad_output"].is_null());
  if (!output.requires_grad()) return;
  EXPECT_EQ(output.dtype(), dtype);
  const Tensor weights = tensor_of(json["grad_output"], dtype);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    SCOPED_TRACE("gradient of input " + std::to_string(i));
    const Json& expected = json["grads"][i];
    if (expected.is_null()) continue;
    const Tensor gradient = grad({output}, {inputs[i]}, {weights}, {.retain_graph = true})[0];
    EXPECT_EQ(gradient.dtype(), dtype);
    expect_close(gradient, tensor_of(expected), tolerance);
  }
}

void add_test(const std::string& suite, std::string name, std::function<void()> body) {
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [=]() -> testing::Test* { return new FunctionTest(body); });
}

const Json& cases_of(const std::string& family) {
  static std::map<std::string, Json> files;
  const auto [entry, is_new] = files.try_emplace(family);
  if (is_new) entry->second = load("ops/" + family + ".json").at("cases");
  return entry->second;
}

bool register_cases(const std::string& family, const Calls& calls) {
  const std::string suite = "Golden_" + family;
  std::set<std::string> ops;
  for (const Json& json : cases_of(family)) {
    const std::string op = json["op"];
    ops.insert(op);
    const auto call = calls.find(op);
    for (const DType dtype : {kFloat64, kFloat32}) {
      add_test(suite, json["name"].get<std::string>() + "_" + std::string(name_of(dtype)), [=] {
        ASSERT_NE(call, calls.end()) << "this test does not know how to call " << op;
        check_case(call->second, json, dtype);
      });
    }
  }
  std::set<std::string> called;
  for (const auto& [op, call] : calls) called.insert(op);
  add_test(suite, "every_call_has_cases", [=] { EXPECT_EQ(called, ops); });
  return true;
}

}  // namespace gradus::golden
