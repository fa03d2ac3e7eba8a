// Graphs of layers in configs:
//
//   {"type": "graph",
//    "inputs": {"left": {"length": 14}, "right": {"start": 14}},
//    "nodes": [
//      {"name": "a", "type": "linear", "in_features": 14, "out_features": 8, "inputs": ["left"]},
//      {"name": "b", "shares": "a", "inputs": ["right"]},
//      {"name": "sum", "type": "add", "inputs": ["a", "b"]}],
//    "outputs": ["sum"]}
//
// "inputs" are parts of each example (GraphInput); without them there is one, "input": all of it. A
// node is a layer (registered_layers.h) with one input, a join (joins.h) with two at least, or one
// that "shares" the weights of a layer before it. Nodes stand in the order in which they compute,
// and everything must be used. Several outputs go to losses and metrics one after the other along
// dim 1.
#pragma once

#include "framework/nn/graph_module.h"
#include "framework/nn/options.h"

namespace gradus::nn {

/// The options of a graph. All that can be known without data is checked when they are read: names,
/// their order, cycles, options of layers, what is not used.
class GraphConfig {
 public:
  /// Throws ConfigError.
  void describe(OptionReader& o);
  /// Makes the graph for examples of a shape. Errors of its nodes name their place in the config.
  /// Throws ConfigError where an input is no part of such examples.
  [[nodiscard]] std::shared_ptr<GraphModuleImpl> make(const Shape& example) const;

 private:
  struct Input {
    std::string name;
    GraphInput part;
  };
  struct Node {
    std::string name;
    std::string path;  // in the config
    std::vector<std::string> inputs;
    std::string shares;             // a node, or empty:
    Registry<Module>::Build layer;  // then one of these
    Registry<Join>::Build join;
  };

  void read_inputs(const Json& inputs);
  void read_names(const Json& nodes);
  void read_node(Json& json, std::size_t index);
  void read_shared(const Json& json, Node& node, std::size_t index) const;
  void check_reference(const std::string& name, const std::string& path, std::size_t index) const;
  [[nodiscard]] std::string cycle_from(std::size_t node, std::size_t back_to) const;
  [[nodiscard]] std::size_t index_of(const std::string& name) const;
  void read_outputs(const Json& outputs);
  void check_use() const;

  std::string path_;
  std::vector<Input> inputs_;
  std::vector<Node> nodes_;
  std::vector<std::string> outputs_;
};

}  // namespace gradus::nn
