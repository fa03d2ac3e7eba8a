// Reads the files that hold graphs.
#pragma once

#include <string>
#include <vector>

#include "tests/support/json.h"

namespace gradus::test {

/// The data in a graph's HTML file.
Json data_in_html(const std::string& html);

/// The element of "nodes" with that name.
Json node_named(const Json& data, const std::string& name);

/// The edge between two named nodes.
Json edge_between(const Json& data, const std::string& from, const std::string& to);

/// What a DOT file says, by its grammar: digraph ID { statements }.
struct Dot {
  std::vector<std::string> nodes;  ///< labels, escapes resolved
  std::vector<std::string> edges;
};

/// Throws std::runtime_error where it is no such file.
Dot read_dot(const std::string& text);

}  // namespace gradus::test
