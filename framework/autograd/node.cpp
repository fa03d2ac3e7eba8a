#include "framework/autograd/node.h"
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/elementwise.h"
#include "framework/tensor/creation.h"

#include <utility>

namespace gradus {

thread_local bool GradMode::enabled_ = true;
thread_local bool KeepValues::enabled_ = false;

namespace autograd {

void Node::destroy() noexcept {
  // The first node to die on this thread drains all that die because of it.
  thread_local std::vector<Node*>* pending = nullptr;
  if (pending != nullptr) {
    pending->push_back(this);
    return;
  }
  std::vector<Node*> queue = {this};
  pending = &queue;
  while (!queue.empty()) {
    Node* node = queue.back();
    queue.pop_back();
    delete node;
  }
  pending = nullptr;
}

void Node::keep(const Tensor& value, std::span<const Tensor> inputs) {
  kept_ = std::make_unique<Kept>(Kept{value.detach(), {}});
  for (const Tensor& input : inputs) {
    kept_->constants.push_back(input.requires_grad() ? Tensor() : input.detach());
  }
}

Tensor LeafNode::value() const {
  const std::scoped_lock lock(mutex_);
  if (tensor_ == nullptr) return {};
  return Tensor(make_ref<TensorImpl>(tensor_->storage, tensor_->offset, tensor_->sizes,
                                     tensor_->strides, tensor_->dtype));
}

void LeafNode::tensor_gone(const TensorImpl* tensor) noexcept {
  const std::scoped_lock lock(mutex_);
  if (tensor_ == tensor) tensor_ = nullptr;  // aliases of a saved value point here too
}

void LeafNode::accumulate(const Tensor& gradient) {
  const std::scoped_lock lock(mutex_);
  if (tensor_ == nullptr) return;
  Tensor& grad = tensor_->grad;
  if (!grad.defined()) {
    // Taken over when nobody else can see its memory, copied otherwise.
    const bool alone = gradient.impl()->use_count() == 1 &&
                       gradient.impl()->storage->use_count() == 1 &&
                       is_dense(gradient.sizes(), gradient.strides());
    grad = alone || gradient.requires_grad() ? gradient : gradient.detach().clone();
    return;
  }
  if (GradMode::is_enabled() || grad.requires_grad()) {
    grad = add_gradients(grad, gradient);
  } else {
    grad.add_(gradient);
  }
}

SavedTensor::SavedTensor(const Tensor& value)
    : value_(value.detach()), version_(value.impl()->storage->version()) {
  value_.impl()->wrapped_number = value.impl()->wrapped_number;
}

Tensor SavedTensor::unpack(const NodePtr& node, std::string_view op) const {
  const Storage& storage = *value_.impl()->storage;
  if (storage.version() != version_) {
    throw StateError(std::string(op) + ": a value saved for its gradient was changed since by " +
                     storage.writer() + "; call backward() before changing it");
  }
  if (!node || !GradMode::is_enabled()) return value_;
  Tensor value = value_.detach();
  value.impl()->node = Ref<GraphNode>(node.get());
  return value;
}

void check_writable(const Tensor& tensor, const char* writer, const Tensor& source) {
  if (!GradMode::is_enabled()) return;
  if (tensor.requires_grad()) {
    throw StateError(
        std::string(writer) + ": writes to a " +
        (tensor.is_leaf() ? "leaf that requires a gradient" : "result that takes part in a graph") +
        "; do it under gradus::NoGradGuard, or compute a new tensor");
  }
  if (source.requires_grad()) {
    throw StateError(std::string(writer) +
                     ": its source requires a gradient, which would be lost; compute a new tensor, "
                     "or write source.detach()");
  }
}

}  // namespace autograd
}  // namespace gradus
