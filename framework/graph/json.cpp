#include "framework/graph/picture.h"
#include "framework/graph/scene.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

using Json = nlohmann::ordered_json;

// Not more digits than the dtype has: 0.1, not 0.10000000149011612.
Json number(double value, DType dtype) {
  if (!std::isfinite(value)) return text::number(value);
  if (!is_floating(dtype)) return static_cast<std::int64_t>(value);
  if (dtype == kFloat64) return value;
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value)).ptr;
  double result = value;
  std::from_chars(buffer, end, result);
  return result;
}

Json shape(const Shape& sizes) {
  Json result = Json::array();
  for (const std::int64_t size : sizes) result.push_back(size);
  return result;
}

Json values(const Tensor& tensor) {
  if (!tensor.defined()) return nullptr;
  const text::Summary found = text::summary(tensor);
  const DType dtype = tensor.dtype();
  Json first = Json::array();
  for (const double value : found.first) first.push_back(number(value, dtype));
  Json result = {{"text", text::brief(tensor)}, {"numel", tensor.numel()}, {"first", first}};
  if (tensor.numel() > 1) {
    result["min"] = number(found.min, dtype);
    result["max"] = number(found.max, dtype);
    result["mean"] = number(found.mean, kFloat64);
    result["norm"] = number(found.norm, kFloat64);
    result["not_finite"] = found.nonfinite;
  }
  return result;
}

Json node_json(const Graph::Node& node, const text::Writer& writer) {
  return {{"id", node.id},
          {"kind", scene::kind_name(node.kind)},
          {"op", node.op},
          {"name", node.name},
          {"is_named", node.is_named},
          {"is_output", node.is_output},
          {"is_number", node.is_number},
          {"group", node.group},
          {"source", node.source},
          {"shape", shape(node.sizes)},
          {"dtype", name_of(node.dtype)},
          {"formula", writer.formula(node)},
          {"value", values(node.value)},
          {"gradient", values(node.gradient)},
          {"new_value", values(node.new_value)},
          {"derivative", writer.derivative(node)},
          {"forward_step", node.forward_step},
          {"backward_step", node.backward_step}};
}

Json edge_json(const Graph::Edge& edge, const text::Writer& writer) {
  Json local = nullptr;
  if (edge.local) local = number(*edge.local, kFloat64);
  return {{"from", edge.from},
          {"to", edge.to},
          {"input", edge.input},
          {"local", local},
          {"contribution", values(edge.contribution)},
          {"rule", writer.rule(edge)}};
}

std::string written(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);  // ASCII alone
}

// A list of what `make` makes of each element; never in memory as a whole but as text.
template <class List, class Make>
std::string list(const List& elements, Make make) {
  std::string result = "[";
  for (const auto& each : elements) {
    if (result.size() > 1) result += ',';
    result += written(make(each));
  }
  return result + "]";
}

}  // namespace

std::string to_json(const Graph& graph) {
  const text::Writer writer(graph);
  Json update = nullptr;
  if (graph.update) {
    update = {{"optimizer", graph.update->optimizer}, {"learning_rate", nullptr}};
    if (graph.update->learning_rate) update["learning_rate"] = *graph.update->learning_rate;
  }
  const auto node = [&](const Graph::Node& each) { return node_json(each, writer); };
  const auto edge = [&](const Graph::Edge& each) { return edge_json(each, writer); };
  const auto step = [](const scene::Step& each) {
    return Json{{"phase", each.phase}, {"node", each.node}, {"text", each.text}};
  };
  std::string result = "{\"target\":";
  result.append(written(graph.target())).append(",\"notes\":").append(written(graph.notes));
  result.append(",\"update\":").append(written(update));
  result.append(",\"nodes\":").append(list(graph.nodes, node));
  result.append(",\"edges\":").append(list(graph.edges, edge));
  result.append(",\"steps\":").append(list(scene::steps(graph, writer), step));
  return result.append("}");
}

}  // namespace gradus
