// The methods of Tensor that concern the graph, and those that write in place.
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/elementwise.h"

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
    gradus::backward(outputs, gradients, options);
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

namespace {

int category(DType dtype) {
  return dtype == kBool ? 0 : is_floating(dtype) ? 2 : 1;
}

void check_target(const kernels::View& out, DType source, const char* writer) {
  for (int d = 0; d < out.sizes.size(); ++d) {
    if (out.sizes[d] > 1 && out.strides[d] == 0) {
      throw StateError(std::string(writer) +
                       ": several elements of the tensor share one place in memory (expand); "
                       "clone() it first");
    }
  }
  if (category(source) > category(out.dtype)) {
    throw DTypeError(std::string(writer) + ": a " + std::string(name_of(source)) +
                     " result does not fit into a tensor of " + std::string(name_of(out.dtype)));
  }
}

// `source` itself, or a copy where writing to `target` would change it on the way.
Tensor apart_from(const Tensor& target, const Tensor& source) {
  const TensorImpl& to = *target.impl();
  const TensorImpl& from = *source.impl();
  const bool same_view = to.offset == from.offset && to.strides == from.strides &&
                         to.sizes == from.sizes && to.dtype == from.dtype;
  return to.storage == from.storage && !same_view ? source.detach().clone() : source.detach();
}

// Runs an in-place write after its check, and records it.
template <class Write>
Tensor write(const Tensor& tensor, const char* writer, const Location& at, Write body,
             const Tensor& source = {}) {
  try {
    autograd::check_writable(tensor, writer, source);
    body(tensor.raw());
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
  tensor.impl()->storage->mark_written(writer);
  return tensor;
}

}  // namespace

Tensor Tensor::zero_(Location at) const {
  return write(*this, "zero_", at, [](const kernels::View& out) { kernels::fill(out, 0); });
}

Tensor Tensor::fill_(Scalar value, Location at) const {
  return write(*this, "fill_", at, [&](const kernels::View& out) {
    check_target(out, value.dtype(), "fill_");
    kernels::fill(out, value.to_double());
  });
}

Tensor Tensor::copy_(const Tensor& source, Location at) const {
  return write(
      *this, "copy_", at,
      [&](const kernels::View& out) {
        if (!(broadcast_shapes(out.sizes, source.sizes()) == out.sizes)) {
          throw ShapeError("copy_: shape " + to_string(source.sizes()) + " does not fit into " +
                           to_string(out.sizes));
        }
        check_target(out, out.dtype, "copy_");
        kernels::copy(out, apart_from(*this, source).raw().broadcast(out.sizes));
      },
      source);
}

Tensor Tensor::add_(const Tensor& other, Scalar alpha, Location at) const {
  return write(
      *this, "add_", at,
      [&](const kernels::View& out) {
        if (!(broadcast_shapes(out.sizes, other.sizes()) == out.sizes)) {
          throw ShapeError("add_: shape " + to_string(other.sizes()) + " does not fit into " +
                           to_string(out.sizes));
        }
        check_target(out, promote(other.dtype(), alpha.dtype()), "add_");
        const Tensor source = apart_from(*this, other).to(out.dtype);
        kernels::dispatch(out.dtype, [&]<class T>(T) {
          using C = Compute<T>;
          const C scale = alpha.to<C>();
          kernels::map<T, T, T>(
              [=](T a, T b) {
                return static_cast<T>(static_cast<C>(a) + scale * static_cast<C>(b));
              },
              out, out, source.raw().broadcast(out.sizes));
        });
      },
      other);
}

Tensor Tensor::mul_(Scalar factor, Location at) const {
  return write(*this, "mul_", at, [&](const kernels::View& out) {
    check_target(out, factor.dtype(), "mul_");
    kernels::dispatch(out.dtype, [&]<class T>(T) {
      using C = Compute<T>;
      const C scale = factor.to<C>();
      kernels::map<T, T>([=](T a) { return static_cast<T>(static_cast<C>(a) * scale); }, out, out);
    });
  });
}

}  // namespace gradus
