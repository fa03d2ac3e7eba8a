// The methods of Tensor that concern the graph.
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"

namespace gradus {

bool Tensor::requires_grad() const {
  return defined() && static_cast<bool>(impl_->node);
}

Tensor Tensor::requires_grad_(bool requires_grad) const {
  if (!is_leaf()) {
    throw StateError("requires_grad_: only leaves can be changed; use detach() to cut a result");
  }
  if (requires_grad && !is_floating_point()) {
    throw DTypeError("requires_grad_: only floating tensors have gradients, not " +
                     std::string(name_of(dtype())));
  }
  if (!requires_grad) {
    if (impl_->node) impl_->node->tensor_gone(impl_.get());
    impl_->node = {};
  } else if (!impl_->node) {
    impl_->node = Ref<GraphNode>(new autograd::LeafNode(impl_.get()));
  }
  return *this;
}

bool Tensor::is_leaf() const {
  return !requires_grad() || autograd::node_of(*this)->is_leaf();
}

Tensor Tensor::grad() const {
  return defined() ? impl_->grad : Tensor();
}

void Tensor::set_grad(Tensor grad) const {
  const Shape& own = sizes();
  if (grad.defined() && !(grad.sizes() == own && grad.dtype() == dtype())) {
    throw ShapeError("set_grad: a " + std::string(name_of(grad.dtype())) + " gradient of shape " +
                     to_string(grad.sizes()) + " on a " + std::string(name_of(dtype())) +
                     " tensor of shape " + to_string(own));
  }
  impl_->grad = std::move(grad);
}

Tensor Tensor::retain_grad() const {
  if (!requires_grad()) throw StateError("retain_grad: the tensor requires no gradient");
  if (!is_leaf()) autograd::node_of(*this)->retain_grad(impl_.get());
  return *this;
}

bool Tensor::retains_grad() const {
  return requires_grad() && !is_leaf() && autograd::node_of(*this)->target() != nullptr;
}

HookHandle Tensor::register_hook(TensorHook hook) const {
  if (!requires_grad()) throw StateError("register_hook: the tensor requires no gradient");
  return {impl_->node, autograd::node_of(*this)->register_tensor_hook(std::move(hook))};
}

void HookHandle::remove() {
  static_cast<autograd::Node&>(*node_).remove_hook(id_);
}

Ref<autograd::Node> Tensor::grad_fn() const {
  return is_leaf() ? autograd::NodePtr() : autograd::NodePtr(autograd::node_of(*this));
}

std::string Tensor::name() const {
  if (!requires_grad()) return "";
  const autograd::Node& node = *autograd::node_of(*this);
  return node.name().empty() ? std::string(node.op()) : node.name();
}

Tensor Tensor::set_name(std::string name) const {
  if (!requires_grad()) throw StateError("set_name: only tensors of a graph have names");
  autograd::node_of(*this)->set_name(std::move(name));
  return *this;
}

void Tensor::backward(const Tensor& gradient, BackwardOptions options, Location at) const {
  const std::array outputs = {*this};
  const std::array gradients = {gradient};
  try {
    gradus::backward(outputs, gradients, std::move(options));
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

}  // namespace gradus
