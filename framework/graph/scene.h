// What a picture of a graph shows: boxes with lines of text, lines with labels, and the steps that
// bring them up one by one. The formats (svg.cpp, dot.cpp, json.cpp) only spell it.
#pragma once

#include "framework/graph/layout.h"
#include "framework/graph/text.h"

#include <string_view>

namespace gradus::scene {

/// One press of "Next".
struct Step {
  std::string_view phase;  ///< "forward", "backward" or "update"
  std::size_t node;
  std::string text;
};

/// Forward values in the order of computation, then gradients from the outputs back, then the
/// optimizer's updates.
std::vector<Step> steps(const Graph& graph, const text::Writer& writer);

/// "parameter", "leaf", "constant" or "op".
std::string_view kind_name(Graph::Kind kind);
/// The same in plain words: "weight", "variable", ...
std::string_view kind_word(Graph::Kind kind);

/// One line of text in a box.
struct TextLine {
  std::string_view role;  ///< "head", "title", "shape", "value", "gradient" or "update"
  std::string text;
};

class Scene {
 public:
  /// Throws ValueError for a graph that is too large to be read. The graph must outlive it.
  explicit Scene(const Graph& graph);

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const text::Writer& writer() const { return writer_; }
  /// The nodes that have a box: all but literal numbers, which stand in the formulas.
  [[nodiscard]] const std::vector<std::size_t>& nodes() const { return nodes_; }
  /// The edges between them.
  [[nodiscard]] const std::vector<std::size_t>& edges() const { return edges_; }
  [[nodiscard]] std::vector<TextLine> lines(const Graph::Node& node) const;
  /// Of an edge; empty where no gradient flows.
  [[nodiscard]] std::vector<std::string> label(const Graph::Edge& edge) const;

 private:
  const Graph& graph_;
  text::Writer writer_;
  std::vector<std::size_t> nodes_;
  std::vector<std::size_t> edges_;
};

/// `text` for XML and HTML, inside elements and quoted attributes.
std::string escape_xml(std::string_view text);

/// The inside of an <svg> element, and its size. Boxes have id "n<id>", lines "e<place>".
struct Svg {
  std::string content;
  double width = 0;
  double height = 0;
};
Svg draw(const Scene& scene);

}  // namespace gradus::scene
