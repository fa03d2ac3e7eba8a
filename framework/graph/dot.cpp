#include "framework/graph/picture.h"
#include "framework/graph/scene.h"

namespace gradus {
namespace {

// A quoted string of DOT, in which a backslash would begin an escape.
std::string quoted(const std::vector<std::string>& lines) {
  std::string result = "\"";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) result += "\\n";
    for (const char c : lines[i]) {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "\"";
}

const char* look(const Graph::Node& node) {
  if (node.is_output) return "fillcolor=\"#e3eefc\", color=\"#2467c4\"";
  switch (node.kind) {
    case Graph::Kind::Leaf:
      return "fillcolor=\"#e4f5e9\", color=\"#2f9257\"";
    case Graph::Kind::Parameter:
      return "fillcolor=\"#fff1d6\", color=\"#c47f0a\", penwidth=2";
    case Graph::Kind::Constant:
      return "fillcolor=\"#ffffff\", color=\"#8a97a8\", style=\"filled,dashed\"";
    default:
      return "fillcolor=\"#f4f6f9\", color=\"#8a97a8\"";
  }
}

}  // namespace

std::string to_dot(const Graph& graph) {
  const scene::Scene scene(graph);
  std::string dot =
      "digraph gradus {\n  node [shape=box, style=filled, fontname=monospace, fontsize=11];\n"
      "  edge [fontname=monospace, fontsize=10, color=\"#8a97a8\", fontcolor=\"#b3261e\"];\n";
  for (const std::size_t id : scene.nodes()) {
    const Graph::Node& node = graph.nodes[id];
    std::vector<std::string> lines;
    for (const scene::TextLine& line : scene.lines(node)) lines.push_back(line.text);
    dot += "  n" + std::to_string(id) + " [label=" + quoted(lines) + ", " + look(node) + "];\n";
  }
  for (const std::size_t e : scene.edges()) {
    const Graph::Edge& edge = graph.edges[e];
    dot += "  n" + std::to_string(edge.from) + " -> n" + std::to_string(edge.to) +
           " [label=" + quoted(scene.label(edge)) + "];\n";
  }
  return dot + "}\n";
}

}  // namespace gradus
