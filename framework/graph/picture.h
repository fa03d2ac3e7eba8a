// Pictures of a graph, and its data for other programs.
//
//   gradus::save(gradus::graph(loss), "graph.html");    // or .svg, .dot, .json
//
// The HTML file stands alone: no server, no network. Its buttons and arrow keys go through the
// forward pass node by node, back through the gradients with the chain rule on the edges, and on to
// the optimizer's step. Of a tensor with many elements a file holds the shape, min, max, mean, norm
// and the first hundred elements.
#pragma once

#include "framework/graph/graph.h"

#include <filesystem>

namespace gradus {

/// More nodes than this are refused in pictures: nobody could read them. Data has no limit.
inline constexpr std::size_t kMostDrawnNodes = 2000;

/// {"target", "notes", "update", "nodes", "edges", "steps"}: all that a Graph holds, its formulas,
/// and what each step of the picture shows. Numbers that are not finite are strings.
std::string to_json(const Graph& graph);
/// For Graphviz. Here and below: throws ValueError for more than kMostDrawnNodes nodes.
std::string to_dot(const Graph& graph);
/// The whole graph at once, drawn without Graphviz.
std::string to_svg(const Graph& graph);
/// With `title` above it.
std::string to_html(const Graph& graph, const std::string& title = "Computational graph");

/// Writes the file that its ending asks for: .html, .svg, .dot or .json. Throws ValueError for any
/// other, and FileError where the file cannot be written.
void save(const Graph& graph, const std::filesystem::path& path);
/// Whether save() knows the ending of `path`.
bool can_save_graph_as(const std::filesystem::path& path);

}  // namespace gradus
