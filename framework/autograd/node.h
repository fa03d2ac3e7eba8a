// Node: a tensor that requires a gradient, as the graph sees it. A leaf is a tensor that the user
// made (a weight, an input); any other node was made by a recorded op and knows its inputs' nodes.
//
// Ownership runs one way, from outputs to inputs: tensor -> node -> input nodes. A node never owns
// its own tensor: values that its gradient needs are saved without their graph (SavedTensor), and
// a leaf knows its tensor by a plain pointer that the tensor clears when it dies. So no cycle can
// form, and a graph is gone with its last output. Destruction is deferred and iterative: a chain of
// a million nodes frees in flat stack.
#pragma once

#include "framework/tensor/inline_vector.h"
#include "framework/tensor/tensor.h"

#include <memory>
#include <mutex>
#include <string_view>

namespace gradus::autograd {

using NodePtr = Ref<Node>;
using Gradients = InlineVector<Tensor, 3>;

/// The gradients that are wanted, by input.
class Needs {
 public:
  explicit Needs(std::size_t inputs) : wanted_(inputs, false) {}
  bool& operator[](std::size_t input) { return wanted_[input]; }
  bool operator[](std::size_t input) const { return wanted_[input]; }
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }

 private:
  InlineVector<bool, 8> wanted_;
};

class Node : public GraphNode {
 public:
  Node(const Shape& sizes, DType dtype) : sizes_(sizes), dtype_(dtype) {}
  ~Node() override = default;

  /// The op's name ("matmul"), or "leaf".
  [[nodiscard]] virtual std::string_view op() const = 0;
  /// What the tensor was named by set_name; empty otherwise.
  [[nodiscard]] const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
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
  [[nodiscard]] virtual Tensor value() const { return kept_ ? kept_->value : Tensor(); }
  /// The inputs that have no node, by their place; undefined elsewhere. Empty unless the op was
  /// recorded under KeepValuesGuard.
  [[nodiscard]] std::span<const Tensor> constants() const {
    return kept_ ? std::span<const Tensor>(kept_->constants) : std::span<const Tensor>();
  }
  /// Keeps the values that value() and constants() give.
  void keep(const Tensor& value, std::span<const Tensor> inputs);

  /// The gradients of the inputs from the gradient of the output; undefined where `needs` is false
  /// or the gradient is zero. Runs in the grad mode that the engine set.
  virtual Gradients backward(const Tensor& gradient, const Needs& needs) = 0;
  /// Forgets the values saved for backward.
  virtual void release_saved() {}

 protected:
  void destroy() noexcept override;

  InlineVector<NodePtr, 3> inputs_;
  Location location_;

 private:
  struct Kept {
    Tensor value;
    std::vector<Tensor> constants;
  };

  Shape sizes_;
  DType dtype_;
  std::string name_;
  std::unique_ptr<Kept> kept_;
};

/// A tensor that the user asked gradients for.
/// Thread rules: accumulate() may run on any thread, several backward passes at once.
class LeafNode final : public Node {
 public:
  explicit LeafNode(TensorImpl* tensor) : Node(tensor->sizes, tensor->dtype), tensor_(tensor) {}

  [[nodiscard]] std::string_view op() const override { return "leaf"; }
  [[nodiscard]] bool is_leaf() const override { return true; }
  [[nodiscard]] Tensor value() const override;
  Gradients backward(const Tensor& /*gradient*/, const Needs& /*needs*/) override { return {}; }

  /// Adds to the tensor's grad(); nothing if the tensor is gone.
  void accumulate(const Tensor& gradient);
  void tensor_gone(const TensorImpl* tensor) noexcept override;

 private:
  mutable std::mutex mutex_;
  TensorImpl* tensor_;
};

/// A value kept for the backward pass, without its graph. It remembers the version of its memory:
/// an in-place write since then is an error that names both sides.
class SavedTensor {
 public:
  SavedTensor() = default;
  explicit SavedTensor(const Tensor& value);

  [[nodiscard]] bool defined() const { return value_.defined(); }
  /// The value, as a tensor whose node is `node` (null for none). `op` names the reader.
  [[nodiscard]] Tensor unpack(const NodePtr& node, std::string_view op) const;

 private:
  Tensor value_;
  std::uint32_t version_ = 0;
};

/// The node of a tensor; null when it requires no gradient.
inline Node* node_of(const Tensor& tensor) {
  return static_cast<Node*>(tensor.impl()->node.get());
}

/// Declares that an in-place op `writer` (a literal) is about to write to `tensor`, from `source`
/// where there is one. Throws StateError where the graph forbids it or would lose a gradient.
void check_writable(const Tensor& tensor, const char* writer, const Tensor& source = {});

}  // namespace gradus::autograd
