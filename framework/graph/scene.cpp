#include "framework/graph/scene.h"
#include "framework/graph/picture.h"

#include <algorithm>

namespace gradus::scene {
namespace {

constexpr int kMostColumns = 46;

std::string on_own_line(const std::string& what, const Tensor& tensor) {
  return what + (tensor.numel() == 1 ? " = " : ": ") + text::brief(tensor);
}

}  // namespace

std::vector<Step> steps(const Graph& graph, const text::Writer& writer) {
  std::vector<Step> result;
  for (const Graph::Node& node : graph.nodes) {
    if (node.kind == Graph::Kind::Op) result.push_back({"forward", node.id, writer.forward(node)});
  }
  for (std::size_t id = graph.nodes.size(); id-- > 0;) {
    const Graph::Node& node = graph.nodes[id];
    if (node.gradient.defined()) result.push_back({"backward", id, writer.backward(node)});
  }
  for (const Graph::Node& node : graph.nodes) {
    if (node.new_value.defined()) result.push_back({"update", node.id, writer.update(node)});
  }
  return result;
}

std::string_view kind_name(Graph::Kind kind) {
  constexpr std::string_view kNames[] = {"leaf", "parameter", "constant", "op"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view kind_word(Graph::Kind kind) {
  constexpr std::string_view kWords[] = {"variable", "weight", "constant", "operation"};
  return kWords[static_cast<std::size_t>(kind)];
}

Scene::Scene(const Graph& graph) : graph_(graph), writer_(graph) {
  for (const Graph::Node& node : graph.nodes) {
    if (!node.is_number) nodes_.push_back(node.id);
  }
  if (nodes_.size() > kMostDrawnNodes) {
    throw ValueError("a picture of " + std::to_string(nodes_.size()) +
                     " nodes cannot be read (at most " + std::to_string(kMostDrawnNodes) +
                     "): draw the graph of a part, or of fewer steps; its data (to_json, a file "
                     "ending in .json) has no limit");
  }
  for (std::size_t e = 0; e < graph.edges.size(); ++e) {
    if (!graph.nodes[graph.edges[e].from].is_number) edges_.push_back(e);
  }
}

std::vector<TextLine> Scene::lines(const Graph::Node& node) const {
  std::vector<TextLine> result;
  const bool is_op = node.kind == Graph::Kind::Op;
  std::string head = is_op ? node.op : std::string(kind_word(node.kind));
  if (node.kind == Graph::Kind::Parameter && graph_.update) {
    head += ", updated by " + graph_.update->optimizer;
  } else if (node.kind == Graph::Kind::Parameter) {
    head += ", updated by the optimizer";
  }
  if (node.is_output) head += ", output";
  if (!node.source.empty()) head += "  " + node.source;
  result.push_back({"head", head});
  result.push_back({"title", writer_.formula(node)});
  if (node.sizes.numel() != 1) {
    result.push_back({"shape", std::string(name_of(node.dtype)) + " " + to_string(node.sizes)});
  }
  if (node.value.defined()) {
    result.push_back({"value", (node.value.numel() == 1 ? "= " : "") + text::brief(node.value)});
  }
  if (node.gradient.defined()) {
    result.push_back({"gradient", on_own_line(writer_.derivative(node), node.gradient)});
  }
  if (node.new_value.defined()) {
    result.push_back({"update", on_own_line("new", node.new_value)});
  }
  for (TextLine& line : result) line.text = text::shortened(line.text, kMostColumns);
  return result;
}

std::vector<std::string> Scene::label(const Graph::Edge& edge) const {
  std::vector<std::string> result = writer_.label(edge);
  for (std::string& line : result) line = text::shortened(line, kMostColumns);
  return result;
}

std::string escape_xml(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace gradus::scene
