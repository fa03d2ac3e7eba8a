#include "framework/autograd/node.h"
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"

#include <utility>

namespace gradus {

constinit thread_local bool GradMode::enabled_ = true;
constinit thread_local bool Autocast::enabled_ = false;
constinit thread_local bool KeepValues::enabled_ = false;

namespace autograd {

void GradTarget::set(TensorImpl* tensor) {
  const std::scoped_lock lock(mutex_);
  tensor_ = tensor;
}

void GradTarget::tensor_gone(const TensorImpl* tensor) noexcept {
  const std::scoped_lock lock(mutex_);
  if (tensor_ == tensor) tensor_ = nullptr;  // aliases of a saved value point here too
}

Tensor GradTarget::value() const {
  const std::scoped_lock lock(mutex_);
  if (tensor_ == nullptr) return {};
  return Tensor(make_ref<TensorImpl>(tensor_->storage, tensor_->offset, tensor_->sizes,
                                     tensor_->strides, tensor_->dtype));
}

void GradTarget::accumulate(const Tensor& gradient) {
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

// ---- Node ---------------------------------------------------------------------------------------

Node::Extras& Node::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

const std::string& Node::name() const {
  static const std::string kNone;
  return extras_ ? extras_->name : kNone;
}

void Node::set_name(std::string name) {
  extras().name = std::move(name);
}

std::span<const Tensor> Node::constants() const {
  return extras_ ? std::span<const Tensor>(extras_->constants) : std::span<const Tensor>();
}

void Node::keep(const Tensor& value, std::span<const Tensor> inputs) {
  extras().value = value.detach();
  for (const Tensor& input : inputs) {
    const bool constant = input.defined() && !input.requires_grad();
    extras().constants.push_back(constant ? input.detach() : Tensor());
  }
}

int Node::register_hook(NodeHook hook) {
  extras().node_hooks.emplace_back(extras().next_hook, std::move(hook));
  return extras().next_hook++;
}

int Node::register_tensor_hook(TensorHook hook) {
  extras().tensor_hooks.emplace_back(extras().next_hook, std::move(hook));
  return extras().next_hook++;
}

void Node::remove_hook(int id) {
  if (!extras_) return;
  const auto is_it = [id](const auto& entry) { return entry.first == id; };
  std::erase_if(extras_->tensor_hooks, is_it);
  std::erase_if(extras_->node_hooks, is_it);
}

void Node::retain_grad(TensorImpl* tensor) {
  if (!extras().target) extras().target = std::make_unique<GradTarget>();
  extras().target->set(tensor);
}

void Node::tensor_gone(const TensorImpl* tensor) noexcept {
  if (extras_ && extras_->target) extras_->target->tensor_gone(tensor);
}

void Node::run_tensor_hooks(Tensor& gradient) const {
  if (!extras_) return;
  for (const auto& [id, hook] : extras_->tensor_hooks) {
    Tensor other = hook(gradient);
    if (!other.defined()) continue;
    if (!(other.sizes() == sizes_ && other.dtype() == dtype_)) {
      throw ShapeError("a hook returned a " + std::string(name_of(other.dtype())) +
                       " gradient of shape " + to_string(other.sizes()) + " for a " +
                       std::string(name_of(dtype_)) + " tensor of shape " + to_string(sizes_));
    }
    gradient = std::move(other);
  }
}

void Node::run_node_hooks(Gradients& grad_inputs, const Tensor& grad_output) const {
  if (!extras_) return;
  for (const auto& [id, hook] : extras_->node_hooks) hook(grad_inputs, grad_output);
}

void Node::destroy() noexcept {
  // The first node to die on this thread deletes all that die because of it.
  thread_local constinit bool deleting = false;
  thread_local constinit Node* dead = nullptr;
  next_dead_ = std::exchange(dead, this);
  if (std::exchange(deleting, true)) return;
  while (dead != nullptr) delete std::exchange(dead, dead->next_dead_);
  deleting = false;
}

}  // namespace autograd
}  // namespace gradus
