// Node: a tensor that requires a gradient, as the graph sees it. A leaf is a tensor that the user
// made (a weight, an input); any other node was made by a recorded op and knows its inputs' nodes.
//
// Ownership runs one way, from outputs to inputs: tensor -> node -> input nodes. A node never owns
// its own tensor: values that its gradient needs are saved without their graph (SavedTensor), and
// a node that hands a gradient to its tensor knows it by a plain pointer that the tensor clears
// when it dies (GradTarget). So no cycle can form, and a graph is gone with its last output.
// Destruction is deferred and iterative: a chain of a million nodes frees in flat stack.
#pragma once

#include "framework/autograd/saved_tensor.h"
#include "framework/tensor/inline_vector.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

namespace gradus::autograd {

using Gradients = InlineVector<Tensor, 3>;

/// Sees the gradients that a node computed for its inputs, may replace them, and sees the gradient
/// that came in.
using NodeHook = std::function<void(Gradients& grad_inputs, const Tensor& grad_output)>;

/// The gradients that are wanted, by input.
class Needs {
 public:
  explicit Needs(std::size_t inputs) : wanted_(InlineVector<bool, 8>::filled(inputs, false)) {}
  bool& operator[](std::size_t input) { return wanted_[input]; }
  bool operator[](std::size_t input) const { return wanted_[input]; }
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }

 private:
  InlineVector<bool, 8> wanted_;
};

/// The tensor whose grad() a node adds to, for as long as it lives.
/// Thread rules: all functions may be called from any thread.
class GradTarget {
 public:
  GradTarget() = default;
  explicit GradTarget(TensorImpl* tensor) : tensor_(tensor) {}

  void set(TensorImpl* tensor);
  /// Adds to the tensor's grad(); nothing if the tensor is gone.
  void accumulate(const Tensor& gradient);
  /// Forgets the tensor, if it is this one.
  void tensor_gone(const TensorImpl* tensor) noexcept;
  /// The tensor's elements, cut from the graph; undefined if it is gone.
  [[nodiscard]] Tensor value() const;

 private:
  mutable std::mutex mutex_;
  TensorImpl* tensor_ = nullptr;
};

class Node : public GraphNode {
 public:
  Node(const Shape& sizes, DType dtype) : sizes_(sizes), dtype_(dtype) {}
  ~Node() override = default;

  /// The op's name ("matmul"), or "leaf".
  [[nodiscard]] virtual std::string_view op() const = 0;
  /// What the tensor was named by set_name; empty otherwise.
  [[nodiscard]] const std::string& name() const;
  void set_name(std::string name);
  /// The nodes of the inputs, in the op's order; null where no gradient flows.
  [[nodiscard]] std::span<const NodePtr> inputs() const { return {inputs_.begin(), inputs_.end()}; }
  /// Of the tensor this node stands for.
  [[nodiscard]] const Shape& sizes() const { return sizes_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] virtual bool is_leaf() const { return false; }
  /// Where the op was called.
  [[nodiscard]] const Location& location() const { return location_; }
  /// The tensor's elements, cut from the graph: those of a leaf that is alive, or those kept under
  /// KeepValuesGuard; else undefined.
  [[nodiscard]] virtual Tensor value() const { return extras_ ? extras_->value : Tensor(); }
  /// The inputs that have no node, by their place; undefined elsewhere. Empty unless the op was
  /// recorded under KeepValuesGuard.
  [[nodiscard]] std::span<const Tensor> constants() const;
  /// Keeps the values that value() and constants() give.
  void keep(const Tensor& value, std::span<const Tensor> inputs);

  /// Calls `hook` after each backward() of this node. Returns what remove_hook takes.
  int register_hook(NodeHook hook);
  /// Calls `hook` with the tensor's whole gradient, before it is used.
  int register_tensor_hook(TensorHook hook);
  void remove_hook(int id);
  /// Has the gradient of `tensor`, which this node stands for, added to its grad().
  void retain_grad(TensorImpl* tensor);
  void tensor_gone(const TensorImpl* tensor) noexcept override;

  /// The gradients of the inputs from the gradient of the output; undefined where `needs` is false
  /// or the gradient is zero. Runs in the grad mode that the engine set.
  virtual Gradients backward(const Tensor& gradient, const Needs& needs) = 0;
  /// Forgets the values saved for backward.
  virtual void release_saved() {}
  /// Where the gradient goes when the pass is over; null for nowhere.
  [[nodiscard]] virtual GradTarget* target() { return extras_ ? extras_->target.get() : nullptr; }

  /// For the engine: runs the hooks.
  void run_tensor_hooks(Tensor& gradient) const;
  void run_node_hooks(Gradients& grad_inputs, const Tensor& grad_output) const;

 protected:
  void destroy() noexcept override;

  InlineVector<NodePtr, 3> inputs_;
  Location location_;

 private:
  // What few nodes have.
  struct Extras {
    std::string name;
    Tensor value;
    std::vector<Tensor> constants;
    std::vector<std::pair<int, TensorHook>> tensor_hooks;
    std::vector<std::pair<int, NodeHook>> node_hooks;
    int next_hook = 0;
    std::unique_ptr<GradTarget> target;
  };
  Extras& extras();

  Shape sizes_;
  DType dtype_;
  std::unique_ptr<Extras> extras_;
  Node* next_dead_ = nullptr;  // in the list of those to be deleted
};

/// A tensor that the user asked gradients for.
/// Thread rules: several backward passes may end in it at once.
class LeafNode final : public Node {
 public:
  explicit LeafNode(TensorImpl* tensor) : Node(tensor->sizes, tensor->dtype), target_(tensor) {}

  [[nodiscard]] std::string_view op() const override { return "leaf"; }
  [[nodiscard]] bool is_leaf() const override { return true; }
  [[nodiscard]] Tensor value() const override { return target_.value(); }
  Gradients backward(const Tensor& /*gradient*/, const Needs& /*needs*/) override { return {}; }
  [[nodiscard]] GradTarget* target() override { return &target_; }
  void tensor_gone(const TensorImpl* tensor) noexcept override { target_.tensor_gone(tensor); }

 private:
  GradTarget target_;
};

/// The node of a tensor; null when it requires no gradient.
inline Node* node_of(const Tensor& tensor) {
  return static_cast<Node*>(tensor.impl()->node.get());
}

}  // namespace gradus::autograd
