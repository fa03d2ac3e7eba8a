#include "framework/onnx/reader.h"
#include "framework/onnx/element_types.h"
#include "framework/tensor/stored_dtype.h"

#include <onnx.pb.h>
#include <climits>
#include <set>

namespace gradus::onnx {
namespace {

template <class To, class Values>
std::string bytes_as(const Values& values) {
  std::string bytes;
  for (const auto each : values) {
    const auto element = static_cast<To>(each);
    bytes.append(reinterpret_cast<const char*>(&element), sizeof element);
  }
  return bytes;
}

// The elements of a tensor that are not in raw_data, from the list that its type has; the small
// types share that of int32, where a float16 is its bits.
std::string listed(const pb::TensorProto& proto, const StoredDtype& type) {
  if (type.name == "F32") return bytes_as<float>(proto.float_data());
  if (type.name == "F64") return bytes_as<double>(proto.double_data());
  if (type.name == "I64") return bytes_as<std::int64_t>(proto.int64_data());
  if (type.name == "U32") return bytes_as<std::uint32_t>(proto.uint64_data());
  if (type.size == 1) return bytes_as<std::uint8_t>(proto.int32_data());
  if (type.size == 2) return bytes_as<std::uint16_t>(proto.int32_data());
  return bytes_as<std::int32_t>(proto.int32_data());
}

std::string dtype_name(int number) {
  const ElementType* type = element_type(number);
  return type != nullptr ? std::string(type->name) : "type " + std::to_string(number);
}

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  Content read(std::string_view bytes) {
    pb::ModelProto model;
    const bool is_model = bytes.size() <= INT_MAX &&
                          model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (!is_model || !model.has_graph() || model.opset_import().empty()) {
      refuse("it is none, or only a part of one");
    }
    read_facts(model);
    const pb::GraphProto& graph = model.graph();
    for (const pb::TensorProto& each : graph.initializer()) read_weight(each);
    for (const pb::ValueInfoProto& each : graph.input()) {
      if (!weights_.contains(each.name())) content_.inputs.push_back(value(each));
    }
    for (const pb::ValueInfoProto& each : graph.output()) content_.outputs.push_back(value(each));
    for (const pb::NodeProto& each : graph.node()) {
      ++content_.nodes[(each.domain().empty() ? "" : each.domain() + ".") + each.op_type()];
    }
    return std::move(content_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw FileError(name_ + ": no sound ONNX file: " + why);
  }

  void read_facts(const pb::ModelProto& model) {
    content_.ir_version = model.ir_version();
    for (const auto& each : model.opset_import()) content_.opsets[each.domain()] = each.version();
    content_.producer = model.producer_name();
    if (!model.producer_version().empty()) content_.producer += " " + model.producer_version();
    content_.graph = model.graph().name();
    content_.doc = model.doc_string();
    for (const auto& each : model.metadata_props()) content_.metadata[each.key()] = each.value();
  }

  static ValueInfo value(const pb::ValueInfoProto& info) {
    ValueInfo value = {.name = info.name(), .dtype = ""};
    if (!info.type().has_tensor_type()) return value;
    const pb::TypeProto::Tensor& tensor = info.type().tensor_type();
    value.dtype = dtype_name(tensor.elem_type());
    for (const auto& dim : tensor.shape().dim()) {
      if (dim.has_dim_value()) {
        value.dims.push_back({.size = dim.dim_value()});
      } else {
        value.dims.push_back({.name = dim.dim_param()});
      }
    }
    return value;
  }

  void read_weight(const pb::TensorProto& proto) {
    const auto refuse_weight = [&](const std::string& why) {
      refuse("weight \"" + proto.name() + "\": " + why);
    };
    if (!weights_.insert(proto.name()).second) refuse_weight("it is there twice");
    if (proto.data_location() == pb::TensorProto::EXTERNAL) {
      refuse_weight("its elements are in another file, where they are not looked for");
    }
    const ElementType* element = element_type(proto.data_type());
    const auto type = stored_dtype(element != nullptr ? element->stored : "");
    if (!type) refuse_weight("elements of " + dtype_name(proto.data_type()) + " cannot be read");
    try {
      const std::span sizes(proto.dims().data(), static_cast<std::size_t>(proto.dims_size()));
      const Tensor elements = proto.has_raw_data()
                                  ? read_stored(*type, sizes, proto.raw_data())
                                  : read_stored(*type, sizes, listed(proto, *type));
      content_.weights.push_back({proto.name(), elements});
    } catch (const ValueError& error) {
      refuse_weight(error.message());
    }
    if (type->is_wider) content_.stored_as[proto.name()] = element->name;
  }

  std::string name_;
  Content content_;
  std::set<std::string> weights_;
};

}  // namespace

Content parse_model(std::string_view bytes, const std::string& name) {
  return Reader(name).read(bytes);
}

}  // namespace gradus::onnx
