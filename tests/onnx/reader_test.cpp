// Reading ONNX files: one by the reference library (make_foreign.py), one of ours, and broken ones.
#include "framework/onnx/reader.h"
#include <gtest/gtest.h>
#include <onnx.pb.h>
#include "framework/nn/containers.h"
#include "framework/nn/layers.h"
#include "framework/onnx/export.h"
#include "framework/tensor/creation.h"

#include "tests/support/errors.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace gradus::onnx {
namespace {

std::string foreign() {
  return test::read_text(test::source_path("tests/onnx/foreign.onnx"));
}

// "batch, ?, 3"
std::string dims_of(const ValueInfo& value) {
  std::string text;
  for (const ValueInfo::Dim& dim : value.dims) {
    if (!text.empty()) text += ", ";
    text += dim.size ? std::to_string(*dim.size) : dim.name.empty() ? "?" : dim.name;
  }
  return text;
}

const Tensor& weight(const Content& model, const std::string& name) {
  for (const nn::NamedTensor& each : model.weights) {
    if (each.name == name) return each.tensor;
  }
  throw std::out_of_range(name);
}

TEST(OnnxReader, TellsWhatAnotherProgramWrote) {
  const Content model = parse_model(foreign(), "foreign.onnx");
  EXPECT_EQ(model.ir_version, 7);
  EXPECT_EQ(model.opsets, (std::map<std::string, std::int64_t>{{"", 15}, {"com.example", 1}}));
  EXPECT_EQ(model.producer, "a script");
  EXPECT_EQ(model.graph, "foreign");
  EXPECT_EQ(model.metadata, (std::map<std::string, std::string>{{"author", "nobody"}}));
  EXPECT_EQ(model.nodes, (std::map<std::string, std::int64_t>{
                             {"Add", 2}, {"Cast", 1}, {"com.example.Gelu", 1}}));
  ASSERT_EQ(model.inputs.size(), 3U) << "the bias has a default";
  EXPECT_EQ(model.inputs[0].name, "x");
  EXPECT_EQ(model.inputs[0].dtype, "float32");
  EXPECT_EQ(dims_of(model.inputs[0]), "batch, ?, 3");
  EXPECT_EQ(model.inputs[1].dtype, "string");
  EXPECT_EQ(dims_of(model.inputs[1]), "");
  EXPECT_EQ(model.inputs[2].dtype, "") << "a sequence";
  ASSERT_EQ(model.outputs.size(), 1U);
  EXPECT_EQ(model.outputs[0].dtype, "float16");
}

TEST(OnnxReader, ReadsElementsOfEveryTypeFromRawDataAndFromLists) {
  const Content model = parse_model(foreign(), "foreign.onnx");
  EXPECT_EQ(model.weights.size(), 25U);
  const struct {
    std::string dtype;
    DType read_as;
    std::vector<double> values;
  } cases[] = {{"float32", kFloat32, {1.5, -2, 1e30F}}, {"float64", kFloat64, {1.5, -2, 1e300}},
               {"float16", kFloat32, {1.5, -2, 65504}}, {"bfloat16", kBFloat16, {1.5, -2}},
               {"int8", kInt64, {1, -2, 127}},          {"uint8", kUInt8, {1, 2, 255}},
               {"int16", kInt64, {1, -2, 32767}},       {"uint16", kInt64, {1, 2, 65535}},
               {"int32", kInt64, {1, -2, 2147483647}},  {"uint32", kInt64, {1, 2, 4294967295}},
               {"int64", kInt64, {1, -2, 0x1p62}},      {"bool", kBool, {1, 0, 1}}};
  for (const auto& each : cases) {
    for (const char* form : {"raw_", "list_"}) {
      const std::string name = form + each.dtype;
      const Tensor& read = weight(model, name);
      EXPECT_EQ(read.dtype(), each.read_as) << name;
      EXPECT_EQ(read.to(kFloat64).to_vector<double>(), each.values) << name;
      const auto stored = model.stored_as.find(name);
      const std::string dtype(name_of(each.read_as));
      EXPECT_EQ(stored == model.stored_as.end() ? dtype : stored->second, each.dtype) << name;
    }
  }
  EXPECT_EQ(weight(model, "list_int8").sizes(), (Shape{3, 1}));
  EXPECT_EQ(weight(model, "none").sizes(), (Shape{0, 4}));
}

TEST(OnnxReader, ReadsWhatWasExported) {
  nn::Sequential net(nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 2));
  const std::string file =
      export_model(*net, ones({4, 3}), {.name = "net", .doc = "", .metadata = {{"a", "b"}}});
  const Content model = parse_model(file, "net.onnx");
  EXPECT_EQ(model.ir_version, 8);
  EXPECT_EQ(model.opsets.at(""), 17);
  EXPECT_TRUE(model.producer.starts_with("gradus ")) << model.producer;
  EXPECT_EQ(model.metadata.at("a"), "b");
  EXPECT_EQ(dims_of(model.inputs.at(0)), "N, 3");
  EXPECT_EQ(dims_of(model.outputs.at(0)), "N, 2");
  EXPECT_EQ(model.nodes.at("Relu"), 1);
  for (const auto& [name, tensor] : net->state_dict()) {
    EXPECT_EQ(weight(model, name).to_vector<float>(), tensor.to_vector<float>()) << name;
  }
}

TEST(OnnxReader, RefusesWhatIsNoneAndEveryTruncation) {
  const std::string whole = foreign();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string part = whole.substr(0, length);
    // The file ends with its opsets and metadata, which may be cut off between two of them.
    try {
      parse_model(part, "part.onnx");
    } catch (const FileError& error) {
      EXPECT_TRUE(error.message().starts_with("part.onnx: no sound ONNX file: "));
      continue;
    }
    EXPECT_GT(length, whole.size() * 9 / 10);
  }
  for (const std::string bytes : {"", "{}", "PK\3\4", "\x08\x08"}) {
    EXPECT_EQ(test::message_of([&] { parse_model(bytes, "x.onnx"); }),
              "x.onnx: no sound ONNX file: it is none, or only a part of one");
  }
}

// The foreign file, changed.
std::string with(const std::function<void(pb::TensorProto&)>& change) {
  pb::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(foreign()));
  change(*model.mutable_graph()->mutable_initializer(0));
  return model.SerializeAsString();
}

TEST(OnnxReader, NamesTheWeightThatItCannotRead) {
  const struct {
    std::function<void(pb::TensorProto&)> change;
    std::string why;
  } cases[] = {{[](auto& w) { w.set_data_type(8); }, "elements of string cannot be read"},
               {[](auto& w) { w.set_data_type(13); }, "elements of uint64 cannot be read"},
               {[](auto& w) { w.set_data_type(99); }, "elements of type 99 cannot be read"},
               {[](auto& w) { w.set_data_location(pb::TensorProto::EXTERNAL); },
                "its elements are in another file, where they are not looked for"},
               {[](auto& w) { w.set_dims(0, 4); }, "shape [4] does not fill 12 bytes"},
               {[](auto& w) { w.set_dims(0, -3); }, "shape [-3] does not fill 12 bytes"},
               {[](auto& w) { w.set_dims(0, INT64_MAX); },
                "shape [9223372036854775807] does not fill 12 bytes"},
               {[](auto& w) {
                  for (int i = 0; i < 8; ++i) w.add_dims(1);
                },
                "9 sizes are more than 8"},
               {[](auto& w) { w.clear_raw_data(); }, "shape [3] does not fill 0 bytes"},
               {[](auto& w) {  // the list of another type
                  w.clear_raw_data();
                  for (int i = 0; i < 3; ++i) w.add_int32_data(i);
                },
                "shape [3] does not fill 0 bytes"},
               {[](auto& w) {
                  w.set_data_type(9);
                  w.set_raw_data("\1\2\1");
                },
                "a BOOL is neither 0 nor 1"},
               {[](auto& w) { w.set_name("list_float32"); }, "it is there twice"}};
  for (const auto& each : cases) {
    const std::string said = test::message_of([&] { parse_model(with(each.change), "f.onnx"); });
    EXPECT_TRUE(said.starts_with("f.onnx: no sound ONNX file: weight \"")) << said;
    EXPECT_TRUE(said.ends_with("\": " + each.why)) << said;
  }
}

}  // namespace
}  // namespace gradus::onnx
