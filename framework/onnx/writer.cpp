#include "framework/onnx/writer.h"
#include "framework/onnx/element_types.h"
#include "framework/tensor/creation.h"

#include <onnx.pb.h>
#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <unordered_set>

namespace gradus::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr int kIrVersion = 8;
constexpr int kOpset = 17;
constexpr std::int64_t kFewBytes = 65536;  // of constants that are looked for before they are added
constexpr const char* kInput = "input";
constexpr const char* kOutput = "output";
constexpr const char* kBatch = "N";

void fill(pb::ValueInfoProto& info, const std::string& name, const Sizes& sizes, DType dtype) {
  info.set_name(name);
  pb::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(number_of(dtype));
  type.mutable_shape();
  for (const Size& each : sizes) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (each.is_fixed()) dim.set_dim_value(each.fixed);
    if (each == Size{0, 1}) dim.set_dim_param(kBatch);
  }
}

void fill(pb::AttributeProto& attribute, const char* name, const NodeAttribute& value) {
  attribute.set_name(name);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    attribute.set_type(pb::AttributeProto::INT);
    attribute.set_i(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    attribute.set_type(pb::AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(*real));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    attribute.set_type(pb::AttributeProto::STRING);
    attribute.set_s(*text);
  } else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    attribute.set_type(pb::AttributeProto::INTS);
    for (const std::int64_t each : *list) attribute.add_ints(each);
  } else {
    attribute.set_type(pb::AttributeProto::STRINGS);
    for (const auto& each : std::get<std::vector<std::string>>(value)) attribute.add_strings(each);
  }
}

void fill(pb::TensorProto& tensor, const std::string& name, const Tensor& elements) {
  const Tensor dense = elements.detach().contiguous();
  tensor.set_name(name);
  tensor.set_data_type(number_of(dense.dtype()));
  for (const std::int64_t size : dense.sizes()) tensor.add_dims(size);
  tensor.set_raw_data(dense.raw().data, dense.nbytes());
}

}  // namespace

struct Writer::State {
  pb::ModelProto model;
  std::unordered_set<std::string> names = {kInput, kOutput};
  std::set<std::string> parameters;
  std::map<std::string, std::string> constants;  // by dtype, sizes and bytes
  std::map<std::vector<std::string>, std::string> casts;
  std::string batch;

  pb::GraphProto& graph() { return *model.mutable_graph(); }
};

Writer::Writer(const Sizes& input, DType dtype) : state_(std::make_unique<State>()) {
  fill(*state_->graph().add_input(), kInput, input, dtype);
}

Writer::~Writer() = default;

std::string Writer::new_name(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !state_->names.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

std::string Writer::node(const std::string& type, const std::vector<std::string>& inputs,
                         const NodeAttributes& attributes) {
  pb::NodeProto& made = *state_->graph().add_node();
  const std::string name = new_name((prefix_.empty() ? "" : prefix_ + "/") + type);
  made.set_name(name);
  made.set_op_type(type);
  for (const std::string& each : inputs) made.add_input(each);
  while (made.input_size() > 0 && made.input(made.input_size() - 1).empty()) {
    made.mutable_input()->RemoveLast();
  }
  made.add_output(name);
  for (const auto& [key, value] : attributes) fill(*made.add_attribute(), key, value);
  return name;
}

std::string Writer::parameter(const std::string& name, const Tensor& elements) {
  if (!state_->parameters.insert(name).second) return name;
  if (!state_->names.insert(name).second) {
    throw ValueError("a parameter of the name \"" + name +
                     "\" cannot be exported: the graph needs that name itself");
  }
  fill(*state_->graph().add_initializer(), name, elements);
  return name;
}

std::string Writer::constant(const Tensor& elements) {
  pb::TensorProto made;
  fill(made, "", elements);
  const bool is_small = static_cast<std::int64_t>(made.raw_data().size()) <= kFewBytes;
  const std::string key = is_small ? made.SerializeAsString() : "";
  const auto known = is_small ? state_->constants.find(key) : state_->constants.end();
  if (known != state_->constants.end()) return known->second;
  made.set_name(new_name("constant"));
  if (is_small) state_->constants.emplace(key, made.name());
  *state_->graph().add_initializer() = made;
  return made.name();
}

std::string Writer::number(double value, DType dtype) {
  return constant(full({}, value, dtype));
}

std::string Writer::ints(const std::vector<std::int64_t>& values) {
  return constant(values.empty() ? Tensor(Shape{0}, kInt64) : tensor(values));
}

// [1]: the size of the input's first dim.
std::string Writer::batch() {
  if (state_->batch.empty()) {
    const std::string before = std::exchange(prefix_, "");
    state_->batch = node("Gather", {node("Shape", {kInput}), ints({0})}, {{"axis", 0}});
    prefix_ = before;
  }
  return state_->batch;
}

std::string Writer::sizes(const Sizes& values) {
  std::vector<std::string> parts;
  std::vector<std::int64_t> row;
  const auto end_row = [&] {
    if (!row.empty()) parts.push_back(ints(std::exchange(row, {})));
  };
  for (const Size& each : values) {
    if (each.is_fixed()) {
      row.push_back(each.fixed);
      continue;
    }
    end_row();
    std::string part = batch();
    if (each.per_example != 1) part = node("Mul", {part, ints({each.per_example})});
    if (each.fixed != 0) part = node("Add", {part, ints({each.fixed})});
    parts.push_back(part);
  }
  end_row();
  if (parts.empty()) return ints({});
  return parts.size() == 1 ? parts[0] : node("Concat", parts, {{"axis", 0}});
}

std::string Writer::size(const Size& value, DType dtype) {
  if (value.is_fixed()) return number(static_cast<double>(value.fixed), dtype);
  return cast(node("Squeeze", {sizes({value}), ints({0})}), dtype);
}

std::string Writer::cast(const std::string& value, DType dtype) {
  return node("Cast", {value}, {{"to", std::int64_t{number_of(dtype)}}});
}

void Writer::describe(const std::string& value, const Sizes& sizes, DType dtype) {
  fill(*state_->graph().add_value_info(), value, sizes, dtype);
}

void Writer::drop_unused() {
  pb::GraphProto& graph = state_->graph();
  std::unordered_set<std::string> used = {kOutput};
  pb::GraphProto kept;
  std::vector<pb::NodeProto*> nodes;
  for (int i = graph.node_size(); i-- > 0;) {
    pb::NodeProto& node = *graph.mutable_node(i);
    if (!used.contains(node.output(0))) continue;
    used.insert(node.input().begin(), node.input().end());
    nodes.push_back(&node);
  }
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) kept.add_node()->Swap(*node);
  for (pb::TensorProto& each : *graph.mutable_initializer()) {
    if (used.contains(each.name())) kept.add_initializer()->Swap(&each);
  }
  std::unordered_set<std::string> described = {kInput, kOutput};
  for (const pb::TensorProto& each : kept.initializer()) described.insert(each.name());
  for (pb::ValueInfoProto& each : *graph.mutable_value_info()) {
    const bool is_new = described.insert(each.name()).second;
    if (is_new && used.contains(each.name())) kept.add_value_info()->Swap(&each);
  }
  graph.mutable_node()->Swap(kept.mutable_node());
  graph.mutable_initializer()->Swap(kept.mutable_initializer());
  graph.mutable_value_info()->Swap(kept.mutable_value_info());
}

std::string Writer::finish(const std::string& value, const Sizes& sizes, DType dtype,
                           const Facts& facts) {
  pb::ModelProto& model = state_->model;
  pb::GraphProto& graph = state_->graph();
  bool is_result = false;
  for (pb::NodeProto& node : *graph.mutable_node()) {
    if (node.output(0) != value) continue;
    is_result = true;
    node.set_output(0, kOutput);
  }
  for (pb::NodeProto& node : *graph.mutable_node()) {
    for (std::string& each : *node.mutable_input()) {
      if (is_result && each == value) each = kOutput;
    }
  }
  if (!is_result) {  // an input or a weight, as it is
    prefix_.clear();
    pb::NodeProto& same = *graph.add_node();
    same.set_name(new_name("Identity"));
    same.set_op_type("Identity");
    same.add_input(value);
    same.add_output(kOutput);
  }
  drop_unused();
  fill(*graph.add_output(), kOutput, sizes, dtype);
  graph.set_name(facts.name);
  model.set_ir_version(kIrVersion);
  model.set_producer_name("gradus");
  model.set_producer_version(GRADUS_VERSION);
  model.set_doc_string(facts.doc);
  model.add_opset_import()->set_version(kOpset);
  model.mutable_opset_import(0)->set_domain("");
  for (const auto& [key, text] : facts.metadata) {
    pb::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(text);
  }
  std::string bytes;
  if (!model.SerializeToString(&bytes)) {
    throw MemoryError("an ONNX file has at most 2 GB; the model is larger");
  }
  return bytes;
}

}  // namespace gradus::onnx
