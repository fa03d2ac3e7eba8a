// GraphModule: modules with named inputs, in the order in which they are added.
//
//   nn::GraphModule net;
//   net->add_input("left", {.start = 0, .length = 14});
//   net->add_input("right", {.start = 14});
//   nn::Linear half(14, 8);
//   net->add("a", half, "left");
//   net->add("b", half, "right");                     // the same weights
//   net->add_join("both", nn::concat_join(), {"a", "b"});
//   net->set_outputs({"both"});
//   Tensor y = net(x);                                // x [N, 28] -> [N, 16]
//
// Configs have it as the model "graph" (graph_config.h).
#pragma once

#include "framework/nn/joins.h"
#include "framework/nn/module.h"

namespace gradus::nn {

/// A part of each example of the one tensor that goes in: `length` places of a dim of the example
/// (dim 0 are columns of a table or channels of images), or all from `start` on where it is 0.
struct GraphInput {
  int dim = 0;
  std::int64_t start = 0;
  std::int64_t length = 0;
};

/// Names are those of modules: not empty, without a dot, and each but once, or ValueError. An input
/// is the name of what was added before, or ValueError; so there are no cycles. Parameters bear the
/// names of nodes: "a.weight"; a module that several nodes have stands under the first.
class GraphModuleImpl : public Module {
 public:
  void add_input(const std::string& name, const GraphInput& part = {});
  template <class M>
  void add(const std::string& name, M module, const std::string& input) {
    add_node(name, input);
    Node& node = nodes_.back();
    node.module = pointer_of(module);
    if (!is_shared(node.module)) register_module(name, std::move(module));
  }
  /// At least one input.
  void add_join(const std::string& name, Join join, const std::vector<std::string>& inputs);
  /// What forward() gives: nodes or inputs, at least one.
  void set_outputs(const std::vector<std::string>& names);

  /// x [N, ...] -> the outputs, one after the other along dim 1. Throws StateError before
  /// set_outputs(), ShapeError where a part is not in x or outputs do not fit; errors of nodes name
  /// them.
  Tensor forward(const Tensor& x) override;
  /// The outputs by their names.
  StateDict named_outputs(const Tensor& x);
  [[nodiscard]] std::string type_name() const override { return "Graph"; }

 protected:
  /// What errors call node `index`; counted without inputs.
  [[nodiscard]] virtual std::string label(std::size_t index) const;

 private:
  struct Node {
    std::string name;
    std::vector<std::size_t> inputs;  // values: first those of the inputs, then those of the nodes
    std::shared_ptr<Module> module;   // or a join
    Join join;
  };
  struct Input {
    std::string name;
    GraphInput part;
  };

  template <class M>
  static std::shared_ptr<Module> pointer_of(const std::shared_ptr<M>& module) {
    return module;
  }
  template <class M>
  static std::shared_ptr<Module> pointer_of(const M& handle) {
    return handle.ptr();
  }
  void add_node(const std::string& name, const std::string& input);
  [[nodiscard]] bool is_shared(const std::shared_ptr<Module>& module) const;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::size_t find(const std::string& name, const std::string& by) const;
  void check_new(const std::string& name) const;
  [[nodiscard]] static Tensor part_of(const Tensor& x, const Input& input);
  Tensor run(const Node& node, const std::vector<Tensor>& values) const;

  std::vector<Input> inputs_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> outputs_;   // values
  std::vector<std::size_t> last_use_;  // of each value, by node; those of outputs are never freed
};
using GraphModule = Handle<GraphModuleImpl>;

}  // namespace gradus::nn
