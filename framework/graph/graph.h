// The computational graph as data: what was computed, from what, with which values, and how the
// gradient came back through it. Pictures of it are in picture.h.
//
//   auto x = gradus::tensor(2.0).requires_grad_(true).set_name("x");
//   gradus::Graph seen;
//   {
//     const gradus::KeepValuesGuard keep;             // results and constants are kept
//     auto y = pow(x, 3).set_name("y");
//     auto z = (5 * y).set_name("z");
//     seen = gradus::graph(z);                        // computes the gradients, touches no grad()
//   }
//   gradus::save(seen, "graph.html");
//
// Without KeepValuesGuard the graph has the values of its leaves alone, and no constants.
// Everything here takes time linear in the graph, and nothing recurses.
#pragma once

#include "framework/tensor/tensor.h"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gradus {

/// Tensors with names: pairs in braces, or whatever has `name` and `tensor`, such as a module's
/// named_parameters().
class TensorNames {
 public:
  TensorNames() = default;
  TensorNames(std::initializer_list<std::pair<std::string, Tensor>> names)  // implicit
      : names_(names) {}
  template <class List>
  requires requires(const List& list) {
    std::begin(list)->name;
    std::begin(list)->tensor;
  }
  TensorNames(const List& list) {  // implicit: named_parameters() as it is
    for (const auto& each : list) names_.emplace_back(each.name, each.tensor);
  }
  [[nodiscard]] auto begin() const { return names_.begin(); }
  [[nodiscard]] auto end() const { return names_.end(); }

 private:
  std::vector<std::pair<std::string, Tensor>> names_;
};

struct GraphOptions {
  /// What the optimizer trains; these leaves are marked as weights.
  TensorNames parameters = {};
  /// Names for any other tensors: inputs and targets too, which set_name() cannot name. They come
  /// before the names that set_name() gave. A constant that is a view of one (a batch, flattened)
  /// takes its name.
  TensorNames names = {};
  /// Whether to compute the gradients.
  bool gradients = true;
  /// The weights of the outputs' elements, one tensor an output; a missing or undefined one is all
  /// ones.
  std::vector<Tensor> grad_outputs = {};
};

struct Graph {
  enum class Kind {
    Leaf,       ///< made by the user, with a gradient
    Parameter,  ///< a leaf that the optimizer updates
    Constant,   ///< an input without a gradient: data, a target, a number
    Op          ///< the result of a recorded op
  };

  struct Node {
    std::size_t id = 0;  ///< its place in `nodes`
    Kind kind = Kind::Op;
    bool is_output = false;
    bool is_named = false;   ///< whether the user gave the name
    bool is_number = false;  ///< an unnamed constant of one element with one use: a literal
    std::string op;          ///< "matmul"; "leaf" or "constant"
    std::string name;        ///< no two nodes share one; made up where none was given
    std::string group;       ///< the module, of parameters and what uses them: "net.fc1", or empty
    std::size_t inputs = 0;  ///< of the op; those that are not known have no edge
    std::string source;      ///< where the op was called: "train.cpp:42", or empty
    Shape sizes;
    DType dtype = kFloat32;
    Tensor value;      ///< a copy where it might be written to; undefined if not kept
    Tensor gradient;   ///< of target() with respect to this node; undefined if none flows
    Tensor new_value;  ///< after the optimizer's step; undefined before record_update()
    int forward_step =
        0;  ///< 1, 2, ... of ops in the order of computation; 0: known from the start
    int backward_step = 0;  ///< 1, 2, ... in the order of the backward pass; 0: no gradient
  };

  /// The use of one node by another.
  struct Edge {
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t input = 0;             ///< which input of `to`
    Tensor contribution = {};          ///< what flows back through here, of the shape of `from`
    std::optional<double> local = {};  ///< d to / d from, where both have one element
  };

  struct Output {
    std::size_t node = 0;
    Tensor seed;  ///< the gradient it starts with
  };

  struct Update {
    std::string optimizer;  ///< "Adam"
    std::optional<double> learning_rate;
  };

  std::vector<Node> nodes;  ///< inputs before what is made of them
  std::vector<Edge> edges;  ///< in the order of `to`, then of `input`
  std::vector<Output> outputs;
  std::optional<Update> update;
  std::vector<std::string> notes;  ///< what a reader should know: what is missing, and why

  /// What is differentiated: the name of the only output, of one element and without grad_outputs;
  /// else "S", the sum of the outputs' elements, weighed by grad_outputs.
  [[nodiscard]] std::string target() const;
  /// The node of that name. Throws ValueError if there is none.
  [[nodiscard]] const Node& node(const std::string& name) const;

  /// To be called after the optimizer's step: takes the new values of the leaves that were written
  /// to since the graph was made, and marks them as parameters. The optimizer's name is that of the
  /// last writer unless given. Throws StateError if no leaf was written to.
  void record_update(std::string optimizer = {}, std::optional<double> learning_rate = {});

  /// A leaf's memory, to find its new value; kept by graph().
  struct Watched {
    std::size_t node = 0;
    Tensor memory;
    std::uint32_t version = 0;
  };
  std::vector<Watched> watched;
};

/// The graph below `output`. It is a snapshot: later changes of tensors do not show in it. Where
/// the values saved for the backward pass are gone, it has no gradients, and a note says why.
/// Throws StateError for an output without a graph, ShapeError for grad_outputs that do not fit.
Graph graph(const Tensor& output, const GraphOptions& options = {},
            Location at = Location::current());
/// The same for several outputs at once.
Graph graph(std::span<const Tensor> outputs, const GraphOptions& options = {},
            Location at = Location::current());
Graph graph(std::initializer_list<Tensor> outputs, const GraphOptions& options = {},
            Location at = Location::current());

}  // namespace gradus
