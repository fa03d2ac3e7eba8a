// What an exported file says, read back: format, names, sizes, weights, facts; and refusals.
#include "framework/onnx/export.h"
#include <gtest/gtest.h>
#include "framework/nn/containers.h"
#include "framework/nn/joins.h"
#include "framework/nn/layers.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/joining.h"
#include "framework/ops/reduction.h"
#include "framework/ops/scan.h"

#include <onnx.pb.h>
#include <cstring>
#include <set>

#include "tests/onnx/cases.h"
#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

using onnx::pb::ModelProto;
using onnx::pb::TensorProto;

ModelProto read(const std::string& file) {
  ModelProto model;
  EXPECT_TRUE(model.ParseFromString(file));
  return model;
}

ModelProto exported(nn::Module& model, const Tensor& examples, const onnx::Facts& facts = {}) {
  return read(onnx::export_model(model, examples, facts));
}

// "N, 1, 28": the dims of the only input or output.
std::string dims_of(const onnx::pb::ValueInfoProto& value) {
  std::string text;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    if (!text.empty()) text += ", ";
    text += dim.has_dim_param() ? dim.dim_param() : std::to_string(dim.dim_value());
  }
  return text;
}

const TensorProto* find(const ModelProto& model, const std::string& name) {
  for (const TensorProto& each : model.graph().initializer()) {
    if (each.name() == name) return &each;
  }
  return nullptr;
}

std::vector<std::string> types_of(const ModelProto& model) {
  std::vector<std::string> types;
  for (const auto& node : model.graph().node()) types.push_back(node.op_type());
  return types;
}

using Types = std::vector<std::string>;

// A model of one function.
class Lambda : public nn::Module {
 public:
  explicit Lambda(std::function<Tensor(const Tensor&)> function) : function_(std::move(function)) {}
  Tensor forward(const Tensor& x) override { return function_(x); }
  [[nodiscard]] std::string type_name() const override { return "Lambda"; }

 private:
  std::function<Tensor(const Tensor&)> function_;
};

std::string refusal(std::function<Tensor(const Tensor&)> function,
                    const Tensor& examples = randn({10, 4})) {
  Lambda model(std::move(function));
  return test::message_of([&] { onnx::export_model(model, examples); });
}

TEST(OnnxExportTest, AFileSaysWhatItIs) {
  nn::Sequential net(nn::Linear(4, 3), nn::ReLU(), nn::Dropout(0.5), nn::Linear(3, 2));
  const ModelProto model =
      exported(*net, randn({10, 4}), {.name = "net", .doc = "doc", .metadata = {{"classes", "a"}}});
  EXPECT_EQ(model.ir_version(), 8);
  ASSERT_EQ(model.opset_import_size(), 1);
  EXPECT_EQ(model.opset_import(0).version(), 17);
  EXPECT_EQ(model.opset_import(0).domain(), "");
  EXPECT_EQ(model.producer_name(), "gradus");
  EXPECT_FALSE(model.producer_version().empty());
  EXPECT_EQ(model.doc_string(), "doc");
  EXPECT_EQ(model.graph().name(), "net");
  ASSERT_EQ(model.metadata_props_size(), 1);
  EXPECT_EQ(model.metadata_props(0).key(), "classes");
  EXPECT_EQ(model.metadata_props(0).value(), "a");
  ASSERT_EQ(model.graph().input_size(), 1);
  ASSERT_EQ(model.graph().output_size(), 1);
  EXPECT_EQ(model.graph().input(0).name(), "input");
  EXPECT_EQ(model.graph().output(0).name(), "output");
  EXPECT_EQ(dims_of(model.graph().input(0)), "N, 4");
  EXPECT_EQ(dims_of(model.graph().output(0)), "N, 2");
  EXPECT_EQ(types_of(model), (Types{"Gemm", "Relu", "Gemm"}));  // no dropout
  EXPECT_EQ(model.graph().node(0).name(), "0/Gemm");
}

TEST(OnnxExportTest, WeightsStandUnderTheirNamesAsTheyAre) {
  nn::Sequential net(nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::Flatten(), nn::Linear(8, 2));
  test::stir(*net);
  const ModelProto model = exported(*net, randn({10, 1, 4, 4}));
  EXPECT_EQ(types_of(model), (Types{"Conv", "BatchNormalization", "Reshape", "Gemm"}));
  std::set<std::string> names;
  for (const auto& [name, tensor] : net->state_dict()) {
    if (name == "1.num_batches_tracked") continue;
    const TensorProto* found = find(model, name);
    ASSERT_NE(found, nullptr) << name;
    names.insert(name);
    EXPECT_EQ(found->data_type(), 1) << "FLOAT";
    const Tensor dense = tensor.detach().contiguous();
    ASSERT_EQ(found->raw_data().size(), dense.nbytes()) << name;
    EXPECT_EQ(std::memcmp(found->raw_data().data(), dense.raw().data, dense.nbytes()), 0) << name;
  }
  EXPECT_EQ(names.size(), 8U);
  EXPECT_TRUE(net->is_training());  // as it was
}

TEST(OnnxExportTest, AnLstmIsOneNodeWithItsOwnWeights) {
  nn::Sequential net(nn::LSTM(3, 5, nn::RecurrentOptions{.batch_first = true}));
  const ModelProto model = exported(*net, randn({10, 4, 3}));
  const Types types = types_of(model);
  EXPECT_EQ(std::count(types.begin(), types.end(), "LSTM"), 1);
  EXPECT_EQ(std::count(types.begin(), types.end(), "MatMul"), 0);
  for (const char* name : {"0.weight_ih_l0", "0.weight_hh_l0", "0.bias_ih_l0", "0.bias_hh_l0"}) {
    EXPECT_NE(find(model, name), nullptr) << name;
  }
  EXPECT_EQ(dims_of(model.graph().output(0)), "N, 4, 5");
}

TEST(OnnxExportTest, NumbersThatDependOnTheBatchAreComputed) {
  Lambda net([](const Tensor& x) {
    const Tensor grown = cat({x, zeros({1, x.size(1)})});                  // [N + 1, 4]
    return grown / static_cast<double>(3 * x.size(0) + 1) + ones({1, 4});  // by a number of N
  });
  const ModelProto model = exported(net, randn({10, 4}));
  const Types types = types_of(model);
  EXPECT_EQ(std::count(types.begin(), types.end(), "Shape"), 1);
  EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim(1).dim_value(), 4);
  EXPECT_FALSE(model.graph().output(0).type().tensor_type().shape().dim(0).has_dim_value());
}

TEST(OnnxExportTest, AnOpWithoutARuleIsNamedWithItsLayer) {
  const std::string error = refusal([](const Tensor& x) { return cumprod(x, 1); });
  EXPECT_NE(error.find("the model (Lambda): op cumprod"), std::string::npos) << error;
  EXPECT_NE(error.find("cannot be exported to ONNX"), std::string::npos) << error;
  EXPECT_NE(error.find("export_test.cpp"), std::string::npos) << error;

  class Cumulative : public nn::Module {
   public:
    Tensor forward(const Tensor& x) override { return cumprod(x, 1); }
    [[nodiscard]] std::string type_name() const override { return "Cumulative"; }
  };
  nn::Sequential net;
  net->push_back(nn::Linear(4, 4));
  net->push_back(std::make_shared<Cumulative>());
  const std::string layer = test::message_of([&] { onnx::export_model(*net, randn({10, 4})); });
  EXPECT_NE(layer.find("layer \"1\" (Cumulative): op cumprod"), std::string::npos) << layer;
}

TEST(OnnxExportTest, WhatDependsOnTheElementsIsNoConstant) {
  const std::string by_value = refusal([](const Tensor& x) { return x * x.mean().item<double>(); });
  EXPECT_NE(by_value.find("op mul"), std::string::npos) << by_value;
  EXPECT_NE(by_value.find("differs from batch to batch"), std::string::npos) << by_value;

  const std::string by_random = refusal([](const Tensor& x) { return x + randn_like(x); });
  EXPECT_NE(by_random.find("random numbers"), std::string::npos) << by_random;
}

TEST(OnnxExportTest, WhatDependsOnTheBatchOtherwiseIsRefused) {
  const std::string branch =
      refusal([](const Tensor& x) { return x.size(0) == 3 ? x.exp() : x.sin(); });
  EXPECT_NE(branch.find("op sin"), std::string::npos) << branch;
  EXPECT_NE(branch.find("op exp"), std::string::npos) << branch;

  const std::string loop = refusal([](const Tensor& x) {
    Tensor y = x;
    for (std::int64_t i = 0; i < x.size(0); ++i) y = y.exp();
    return y;
  });
  EXPECT_NE(loop.find("for some batches only"), std::string::npos) << loop;

  const std::string size = refusal([](const Tensor& x) {
    return zeros({x.size(0) * x.size(0), 4}) + x.sum();
  });
  EXPECT_NE(size.find("no function a + b * N"), std::string::npos) << size;
}

TEST(OnnxExportTest, WritesInPlaceAreSeen) {
  Lambda fine([](const Tensor& x) {
    const Tensor y = x.exp();
    y.mul_(x);
    return y.sin();
  });
  EXPECT_EQ(types_of(exported(fine, randn({10, 4}))), (Types{"Exp", "Mul", "Sin"}));
  const std::string error = refusal([](const Tensor& x) {
    const Tensor y = x.exp();
    y.add_(x);
    return y.sin();
  });
  EXPECT_NE(error.find("changed in place by add_"), std::string::npos) << error;
}

TEST(OnnxExportTest, AnOutputThatIsAnInputOrAConstant) {
  Lambda same([](const Tensor& x) { return x; });
  EXPECT_EQ(types_of(exported(same, randn({10, 4}))), (Types{"Identity"}));
  EXPECT_NE(refusal([](const Tensor& x) { return zeros(x.sizes()); }).find("does not depend"),
            std::string::npos);
}

TEST(OnnxExportTest, OneExampleIsEnough) {
  nn::Sequential net(nn::Linear(4, 3));
  EXPECT_EQ(dims_of(exported(*net, randn({1, 4})).graph().input(0)), "N, 4");
  const std::string none = test::message_of([&] { onnx::export_model(*net, zeros({0, 4})); });
  EXPECT_NE(none.find("got shape [0, 4]"), std::string::npos) << none;
}

// ---- Coverage -----------------------------------------------------------------------------------

TEST(OnnxExportTest, EveryLayerAndJoinHasACaseForOnnxRuntime) {
  const Json cases = test::read_cases("layers.json");
  const Json refused = test::read_cases("refused.json").value("layers", Json::object());
  std::vector<std::string> names = nn::layers().names();
  const std::vector<std::string> joins = nn::joins().names();
  names.insert(names.end(), joins.begin(), joins.end());
  for (const std::string& name : names) {
    EXPECT_NE(cases.contains(name), refused.contains(name))
        << name << ": give it a case in tests/onnx/layers.json, or in refused.json the reason why "
        << "it cannot be exported";
  }
  for (const auto& [name, list] : cases.items()) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
    for (const Json& each : list) {
      EXPECT_NE(test::dump(each).find("\"type\":\"" + name + "\""), std::string::npos) << each;
    }
  }
}

TEST(OnnxExportTest, EveryCaseOfALayerIsExported) {
  const Json cases = test::read_cases("layers.json");
  for (const auto& [name, list] : cases.items()) {
    for (const Json& json : list) {
      const test::LayerCase made = test::make_layer_case(json, 10);
      const ModelProto model = exported(*made.model, made.inputs);
      EXPECT_EQ(dims_of(model.graph().input(0)).substr(0, 2), "N,") << name << json;
    }
  }
}

// refused.json tells exactly the ops that cannot be exported, and those of which some calls cannot.
TEST(OnnxExportTest, EveryOpIsExportedOrHasAReasonNotToBe) {
  const Json refused = test::read_cases("refused.json");
  std::set<std::string> seen;
  for (const auto& [op, entry] : ops::OpRegistry::instance().entries()) {
    const std::string name(op);
    const ops::Samples samples = entry.samples();
    int exported = 0;
    std::string reasons;
    for (const ops::Sample& sample : samples.good) {
      if (!test::CallModel::fits(sample)) continue;
      test::CallModel model(sample);
      const std::string reason =
          test::message_of([&] { onnx::export_model(model, model.examples()); });
      if (reason == "no error") {
        ++exported;
      } else {
        reasons += "\n" + reason;
      }
    }
    const bool none = exported == 0 && !reasons.empty();
    const bool some = exported > 0 && !reasons.empty();
    EXPECT_EQ(refused["ops"].contains(name), none) << name << reasons;
    EXPECT_EQ(refused["some_calls"].contains(name), some) << name << reasons;
    seen.insert(name);
  }
  for (const char* list : {"ops", "some_calls"}) {
    for (const auto& [name, reason] : refused[list].items()) EXPECT_TRUE(seen.contains(name));
  }
}

}  // namespace
}  // namespace gradus
