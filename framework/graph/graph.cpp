#include "framework/graph/graph.h"
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/graph/text.h"
#include "framework/tensor/creation.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace gradus {
namespace {

using autograd::Node;
using autograd::node_of;

constexpr const char* kNotKept =
    "results and constants were not kept: record the graph under gradus::KeepValuesGuard to see "
    "them";

// Constants that see the same elements are one node.
struct Memory {
  const Storage* storage;
  std::int64_t offset;
  Shape sizes;
  Strides strides;
  friend bool operator==(const Memory&, const Memory&) = default;
};

struct HashMemory {
  std::size_t operator()(const Memory& memory) const {
    return std::hash<const void*>()(memory.storage) ^ static_cast<std::size_t>(memory.offset);
  }
};

Memory memory_of(const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  return {impl.storage.get(), impl.offset, impl.sizes, impl.strides};
}

class Builder {
 public:
  Builder(std::span<const Tensor> outputs, const GraphOptions& options) : options_(options) {
    for (const Tensor& output : outputs) {
      if (!output.requires_grad()) {
        throw StateError(
            "the tensor has no graph: nothing it was computed from has requires_grad, or it was "
            "computed under NoGradGuard");
      }
    }
    if (options.grad_outputs.size() > outputs.size()) {
      throw ValueError(std::to_string(options.grad_outputs.size()) + " gradients for " +
                       std::to_string(outputs.size()) + " outputs");
    }
    for (const Tensor& output : outputs) discover(node_of(output));
    add_nodes();
    add_outputs(outputs);
    give_names();
    give_groups();
  }

  Graph finish() {
    if (!all_kept_) graph_.notes.emplace_back(kNotKept);
    if (options_.gradients) add_gradients();
    return std::move(graph_);
  }

 private:
  // Lists all nodes below `root`, inputs before outputs.
  void discover(Node* root) {
    struct Frame {
      Node* node;
      std::size_t next_input;
    };
    std::vector<Frame> stack;
    const auto enter = [&](Node* node) {
      const bool is_new = found_.try_emplace(node, found_.size()).second;
      if (is_new) stack.push_back({node, 0});
    };
    enter(root);
    while (!stack.empty()) {
      Node* node = stack.back().node;
      const std::span<const autograd::NodePtr> inputs = node->inputs();
      if (stack.back().next_input == inputs.size()) {
        sources_.push_back(node);
        stack.pop_back();
        continue;
      }
      Node* input = inputs[stack.back().next_input++].get();
      if (input != nullptr) enter(input);
    }
  }

  Graph::Node& add(Graph::Kind kind, std::string_view op, const Shape& sizes, DType dtype) {
    Graph::Node& node = graph_.nodes.emplace_back();
    node.id = graph_.nodes.size() - 1;
    node.kind = kind;
    node.op = op;
    node.sizes = sizes;
    node.dtype = dtype;
    made_from_.push_back(nullptr);
    return node;
  }

  void add_nodes() {
    graph_.nodes.reserve(sources_.size());
    for (Node* source : sources_) {
      const std::span<const Tensor> constants = source->constants();
      const std::size_t first_edge = graph_.edges.size();
      for (std::size_t i = 0; i < source->inputs().size(); ++i) {
        if (const Node* input = source->inputs()[i].get()) {
          graph_.edges.push_back({.from = id_.at(input), .input = i});
        } else if (i < constants.size() && constants[i].defined()) {
          graph_.edges.push_back({.from = constant(constants[i]), .input = i});
        }
      }
      Graph::Node& node = source->is_leaf() ? add_leaf(*source) : add_op(*source);
      id_.emplace(source, node.id);
      made_from_.back() = source;
      for (std::size_t e = first_edge; e < graph_.edges.size(); ++e) graph_.edges[e].to = node.id;
    }
  }

  Graph::Node& add_leaf(const Node& source) {
    Graph::Node& node = add(Graph::Kind::Leaf, "leaf", source.sizes(), source.dtype());
    const Tensor memory = source.value();
    if (memory.defined()) {
      node.value = memory.clone();
      const Storage* storage = memory.impl()->storage.get();
      may_change_.insert(storage);
      graph_.watched.push_back({node.id, memory, storage->version()});
    }
    return node;
  }

  Graph::Node& add_op(const Node& source) {
    Graph::Node& node = add(Graph::Kind::Op, source.op(), source.sizes(), source.dtype());
    node.source = to_string(source.location());
    node.inputs = source.inputs().size();
    node.forward_step = ++steps_;
    const Tensor value = source.value();
    all_kept_ = all_kept_ && value.defined();
    if (value.defined()) {
      node.value = may_change_.contains(value.impl()->storage.get()) ? value.clone() : value;
    }
    return node;
  }

  std::size_t constant(const Tensor& value) {
    const auto [found, is_new] = constants_.try_emplace(memory_of(value), graph_.nodes.size());
    if (is_new) {
      Graph::Node& node = add(Graph::Kind::Constant, "constant", value.sizes(), value.dtype());
      may_change_.insert(value.impl()->storage.get());
      views_.try_emplace(value.impl()->storage.get(), node.id);
      node.value = value.clone();
      node.is_number = value.numel() == 1;
    } else {
      graph_.nodes[found->second].is_number = false;
    }
    return found->second;
  }

  void add_outputs(std::span<const Tensor> outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Tensor given = i < options_.grad_outputs.size() ? options_.grad_outputs[i] : Tensor();
      if (given.defined() && !(given.sizes() == outputs[i].sizes())) {
        throw ShapeError("the gradient of output " + std::to_string(i) + " has shape " +
                         to_string(given.sizes()) + ", the output " +
                         to_string(outputs[i].sizes()));
      }
      const Tensor seed =
          given.defined() ? given.detach().to(outputs[i].dtype()) : ones_like(outputs[i].detach());
      const std::size_t id = id_.at(node_of(outputs[i]));
      graph_.nodes[id].is_output = true;
      graph_.outputs.push_back({id, seed});
    }
  }

  // The node of a tensor that the user named; null if it takes no part.
  Graph::Node* find(const Tensor& tensor) {
    if (!tensor.defined()) return nullptr;
    if (tensor.requires_grad()) {
      const auto found = id_.find(node_of(tensor));
      return found == id_.end() ? nullptr : &graph_.nodes[found->second];
    }
    const auto found = constants_.find(memory_of(tensor));
    if (found != constants_.end()) return &graph_.nodes[found->second];
    const auto view = views_.find(tensor.impl()->storage.get());
    return view == views_.end() ? nullptr : &graph_.nodes[view->second];
  }

  void set_name(Graph::Node& node, const std::string& name) {
    node.name = unique(text::clean(name));
    node.is_named = true;
    node.is_number = false;
  }

  std::string unique(const std::string& name) {
    std::string result = name;
    for (int i = 2; !taken_.insert(result).second; ++i) result = name + "_" + std::to_string(i);
    return result;
  }

  void give_names() {
    for (const auto* names : {&options_.parameters, &options_.names}) {
      for (const auto& [name, tensor] : *names) {
        Graph::Node* node = find(tensor);
        if (node == nullptr) continue;
        if (names == &options_.parameters && node->kind == Graph::Kind::Leaf) {
          node->kind = Graph::Kind::Parameter;
        }
        if (!node->is_named && !name.empty()) set_name(*node, name);
      }
    }
    for (Graph::Node& node : graph_.nodes) {
      const Node* source = made_from_[node.id];
      if (source == nullptr || node.is_named || source->name().empty()) continue;
      set_name(node, source->name());
    }
    int counts[3] = {};
    for (Graph::Node& node : graph_.nodes) {
      if (node.is_named) continue;
      const int sort = node.kind == Graph::Kind::Op         ? 0
                       : node.kind == Graph::Kind::Constant ? 1
                                                            : 2;
      if (node.is_number) {
        node.name = unique("number" + std::to_string(++numbers_));
      } else {
        node.name = unique("vcx"[sort] + std::to_string(++counts[sort]));
      }
    }
  }

  // Parameters belong to the module that their names tell, and so does the op that takes them.
  void give_groups() {
    for (Graph::Node& node : graph_.nodes) {
      const std::size_t dot = node.name.rfind('.');
      if (node.kind == Graph::Kind::Parameter && dot != std::string::npos) {
        node.group = node.name.substr(0, dot);
      }
    }
    for (const Graph::Edge& edge : graph_.edges) {
      const Graph::Node& from = graph_.nodes[edge.from];
      Graph::Node& to = graph_.nodes[edge.to];
      if (from.kind == Graph::Kind::Parameter && to.group.empty()) to.group = from.group;
    }
  }

  void add_gradients() {
    const NoGradGuard no_grad;
    try {
      run_backward();
    } catch (const StateError& error) {
      for (Graph::Node& node : graph_.nodes) {
        node.gradient = {};
        node.backward_step = 0;
      }
      for (Graph::Edge& edge : graph_.edges) {
        edge.contribution = {};
        edge.local.reset();
      }
      graph_.notes.push_back("no gradients: " + error.message());
    }
  }

  // The edges of each node as an input, in the order in which the engine sums them.
  void list_uses() {
    std::vector<std::size_t> order(graph_.nodes.size());
    for (const auto& [node, place] : found_) order[place] = id_.at(node);
    first_edge_.resize(graph_.nodes.size() + 1);
    for (const Graph::Edge& edge : graph_.edges) {
      ++first_edge_[edge.to + 1];
      ++first_use_[edge.from + 1];
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      first_edge_[i + 1] += first_edge_[i];
      first_use_[i + 1] += first_use_[i];
    }
    uses_.resize(graph_.edges.size());
    std::vector<std::size_t> next = first_use_;
    for (std::size_t place = 0; place < found_.size(); ++place) {
      const std::size_t to = order[place];
      for (std::size_t e = first_edge_[to]; e < first_edge_[to + 1]; ++e) {
        uses_[next[graph_.edges[e].from]++] = e;
      }
    }
  }

  void run_backward() {
    first_use_.resize(graph_.nodes.size() + 1);
    list_uses();
    int step = 0;
    for (std::size_t id = graph_.nodes.size(); id-- > 0;) {
      if (made_from_[id] == nullptr) continue;
      const Tensor gradient = total(id);
      if (!gradient.defined()) continue;
      graph_.nodes[id].gradient = gradient;
      graph_.nodes[id].backward_step = ++step;
      if (made_from_[id]->inputs().size() != 0) send_back(id, gradient);
    }
  }

  Tensor total(std::size_t id) const {
    Tensor sum;
    const auto add = [&](const Tensor& part) {
      if (part.defined()) sum = sum.defined() ? autograd::add_gradients(sum, part) : part;
    };
    if (graph_.nodes[id].is_output) {
      for (const Graph::Output& output : graph_.outputs) {
        if (output.node == id) add(output.seed);
      }
    }
    for (std::size_t u = first_use_[id]; u < first_use_[id + 1]; ++u) {
      add(graph_.edges[uses_[u]].contribution);
    }
    return sum;
  }

  void send_back(std::size_t id, const Tensor& gradient) {
    const AutocastScope no_autocast(false);
    Node& source = *made_from_[id];
    autograd::Needs needs(source.inputs().size());
    for (std::size_t i = 0; i < needs.size(); ++i) needs[i] = static_cast<bool>(source.inputs()[i]);
    const auto gradients = source.backward(gradient, needs);
    const bool is_one = source.sizes().numel() == 1;
    const auto locals = is_one ? source.backward(ones_like(gradient), needs) : gradients;
    for (std::size_t e = first_edge_[id]; e < first_edge_[id + 1]; ++e) {
      Graph::Edge& edge = graph_.edges[e];
      if (edge.input >= gradients.size() || !gradients.begin()[edge.input].defined()) continue;
      edge.contribution = gradients.begin()[edge.input];
      const Tensor& local = locals.begin()[edge.input];
      if (is_one && local.defined() && local.numel() == 1) edge.local = local.item<double>();
    }
  }

  const GraphOptions& options_;
  Graph graph_;
  std::unordered_map<const Node*, std::size_t> found_;  // and when
  std::vector<Node*> sources_;                          // in the order of graph_.nodes
  std::vector<Node*> made_from_;                        // by id; null for constants
  std::unordered_map<const Node*, std::size_t> id_;
  std::unordered_map<Memory, std::size_t, HashMemory> constants_;
  std::unordered_map<const Storage*, std::size_t> views_;  // the first constant on each
  std::unordered_set<const Storage*> may_change_;
  std::unordered_set<std::string> taken_ = {"S"};
  std::vector<std::size_t> first_edge_, first_use_, uses_;
  int steps_ = 0;
  int numbers_ = 0;
  bool all_kept_ = true;
};

}  // namespace

std::string Graph::target() const {
  if (outputs.size() != 1) return "S";
  const Output& output = outputs.front();
  const bool plain = output.seed.numel() == 1 && output.seed.item<double>() == 1;
  return plain ? nodes[output.node].name : "S";
}

const Graph::Node& Graph::node(const std::string& name) const {
  for (const Node& each : nodes) {
    if (each.name == name) return each;
  }
  throw ValueError("graph: there is no node \"" + name + "\"");
}

void Graph::record_update(std::string optimizer, std::optional<double> learning_rate) {
  bool any = false;
  for (const Watched& each : watched) {
    const Storage& storage = *each.memory.impl()->storage;
    if (storage.version() == each.version) continue;
    any = true;
    nodes[each.node].new_value = each.memory.clone();
    nodes[each.node].kind = Kind::Parameter;
    if (!optimizer.empty()) continue;
    const std::string_view writer = storage.writer();  // "Adam.step"
    optimizer = writer.substr(0, writer.find('.'));
  }
  if (!any) {
    throw StateError(
        "record_update: no leaf was written to since the graph was made; call it after the "
        "optimizer's step()");
  }
  update = Update{text::clean(optimizer), learning_rate};
}

Graph graph(std::span<const Tensor> outputs, const GraphOptions& options, Location at) {
  try {
    return Builder(outputs, options).finish();
  } catch (Error& error) {
    error.name_op("graph");
    error.locate(at);
    throw;
  }
}

Graph graph(const Tensor& output, const GraphOptions& options, Location at) {
  return graph(std::span(&output, 1), options, at);
}

Graph graph(std::initializer_list<Tensor> outputs, const GraphOptions& options, Location at) {
  return graph(std::span(outputs.begin(), outputs.size()), options, at);
}

}  // namespace gradus
