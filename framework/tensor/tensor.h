// Tensor: an n-dimensional array with a gradient.
//
// A Tensor is a handle with the semantics of a pointer to shared data: copies are cheap and see the
// same elements. Elements live in a Storage, seen through sizes, strides and an offset; views share
// it. A tensor that requires a gradient is a node of the graph (autograd/node.h).
//
//   auto x = gradus::tensor({1.0, 2.0}).requires_grad_(true);
//   auto y = (x * x).sum();
//   y.backward();
//   std::cout << x.grad();                       // tensor([2., 4.])
//
// Thread rules: different threads may read one tensor, and use different tensors freely; writing to
// a tensor while another thread uses its memory is a race, as with a std::vector.
//
// Operations are functions, of which the most used are methods too (tensor_methods.h).
#pragma once

#include "framework/kernels/error.h"
#include "framework/kernels/view.h"
#include "framework/tensor/scalar.h"
#include "framework/tensor/storage.h"
#include "framework/tensor/tensor_methods.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace gradus {

struct TensorImpl;
class HookHandle;
class Tensor;
class TensorHook;

namespace autograd {
class Node;
}

/// What Tensor::backward does beside accumulating gradients.
struct BackwardOptions {
  bool retain_graph = false;  ///< keep saved values, to run backward again
  bool create_graph = false;  ///< record the backward pass itself, for higher derivatives
  /// The tensors, leaves or results, that receive gradients; empty: all leaves.
#if defined(__clang__) && __clang_major__ < 16  // which wants to see what a Tensor is
  std::vector<Tensor> inputs;
#else
  std::vector<Tensor> inputs = {};
#endif
};

class Tensor : public TensorMethods {
 public:
  /// An undefined tensor: no elements, no dtype. Most calls on it throw.
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}
  /// Uninitialised memory of this shape.
  Tensor(const Shape& sizes, DType dtype, MemoryFormat format = MemoryFormat::Contiguous);

  [[nodiscard]] bool defined() const { return static_cast<bool>(impl_); }
  [[nodiscard]] const Shape& sizes() const;
  /// Negative dims count from the end, as everywhere.
  [[nodiscard]] std::int64_t size(int dim) const;
  [[nodiscard]] int dim() const { return sizes().size(); }
  [[nodiscard]] std::int64_t numel() const { return sizes().numel(); }
  /// In elements.
  [[nodiscard]] const Strides& strides() const;
  [[nodiscard]] std::int64_t stride(int dim) const;
  [[nodiscard]] DType dtype() const;
  [[nodiscard]] bool is_floating_point() const { return is_floating(dtype()); }
  [[nodiscard]] bool is_contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  [[nodiscard]] std::size_t nbytes() const;
  /// Whether both handles mean the same tensor (not: equal values).
  [[nodiscard]] bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  /// The first element. Throws DTypeError unless T is the element type.
  template <class T>
  [[nodiscard]] T* data_ptr() const {
    expect_dtype(kDTypeOf<T>);
    return static_cast<T*>(raw().data);
  }
  /// The value of a tensor with one element, converted to T.
  template <class T>
  [[nodiscard]] T item() const {
    return static_cast<T>(item_value());
  }
  /// The elements in row-major order, converted to T.
  template <class T>
  [[nodiscard]] std::vector<T> to_vector() const;
  /// What kernels take.
  [[nodiscard]] kernels::View raw() const;

  // ---- The graph ----------------------------------------------------------------------------

  [[nodiscard]] bool requires_grad() const;
  /// Makes a leaf record (or not) what is computed from it. Floating dtypes only.
  Tensor requires_grad_(bool requires_grad = true) const;
  /// Whether the tensor was made by the user, not by a recorded op.
  [[nodiscard]] bool is_leaf() const;
  /// The gradient that backward() has accumulated; undefined before. Leaves have one, and results
  /// after retain_grad() or as an input of backward().
  [[nodiscard]] Tensor grad() const;
  void set_grad(Tensor grad) const;
  /// Has backward() keep the gradient of this result in grad(), as it does for leaves.
  Tensor retain_grad() const;
  [[nodiscard]] bool retains_grad() const;
  /// Calls `hook` with the gradient of this tensor each time backward() or grad() has computed it,
  /// before it is used; the hook may return another in its place. Hooks run in the order of their
  /// registration, on whichever thread computes the gradient.
  HookHandle register_hook(TensorHook hook) const;
  /// The recorded op that made this tensor; null for a leaf. It names its op and its inputs.
  [[nodiscard]] Ref<autograd::Node> grad_fn() const;
  /// A name for messages and pictures of the graph.
  [[nodiscard]] std::string name() const;
  Tensor set_name(std::string name) const;
  /// Computes the gradients of this tensor with respect to every leaf it depends on, and adds them
  /// to the leaves' grad(). `gradient` weighs the elements; it may be left out for one element.
  /// An exception leaves every grad() as it was.
  void backward(const Tensor& gradient = {}, BackwardOptions options = {},
                Location at = Location::current()) const;
  /// The same elements, cut from the graph.
  [[nodiscard]] Tensor detach() const;

  // ---- In place (leaves that require a gradient: only under NoGradGuard) -----------------------

  Tensor zero_(Location at = Location::current()) const;
  Tensor fill_(Scalar value, Location at = Location::current()) const;
  /// Copies the elements of `source`, broadcast and converted.
  Tensor copy_(const Tensor& source, Location at = Location::current()) const;
  /// Adds alpha * other.
  Tensor add_(const Tensor& other, Scalar alpha = 1, Location at = Location::current()) const;
  Tensor sub_(const Tensor& other, Scalar alpha = 1, Location at = Location::current()) const;
  Tensor mul_(const Tensor& other, Location at = Location::current()) const;
  Tensor div_(const Tensor& other, Location at = Location::current()) const;
  Tensor add_(Scalar number, Location at = Location::current()) const;
  Tensor sub_(Scalar number, Location at = Location::current()) const;
  Tensor mul_(Scalar factor, Location at = Location::current()) const;
  Tensor div_(Scalar divisor, Location at = Location::current()) const;

  [[nodiscard]] const Ref<TensorImpl>& impl() const { return impl_; }

 private:
  [[nodiscard]] const TensorImpl& checked() const;
  [[noreturn]] static void throw_undefined();
  void expect_dtype(DType dtype) const;
  [[nodiscard]] long double item_value() const;  // holds every double and int64 exactly

  Ref<TensorImpl> impl_;
};

/// "tensor([[1., 2.], [3., 4.]])", as PyTorch prints it.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);
std::string to_string(const Tensor& tensor);

/// What this layer knows of the graph: autograd::Node derives from it.
class GraphNode : public RefCounted {
 public:
  /// One of the tensors that point here is being destroyed.
  virtual void tensor_gone(const TensorImpl* /*tensor*/) noexcept {}
};

/// What a Tensor points to. For the layers above; users have no need of it.
struct TensorImpl : RefCounted {
  TensorImpl(Ref<Storage> memory, std::int64_t first, const Shape& shape, const Strides& steps,
             DType type)
      : storage(std::move(memory)), offset(first), sizes(shape), strides(steps), dtype(type) {}
  ~TensorImpl() override {
    if (node) node->tensor_gone(this);
  }

  Ref<Storage> storage;
  std::int64_t offset;  // of the first element, in elements
  Shape sizes;
  Strides strides;
  DType dtype;
  bool wrapped_number = false;  // made from a C++ number: has no say in type promotion
  bool is_view = false;         // made by a view op, so its base would not see a new graph
  std::atomic<bool> has_views{false};
  Ref<GraphNode> node;  // null: no gradient required
  Tensor grad;          // guarded by the leaf node's mutex while backward runs
};

inline const TensorImpl& Tensor::checked() const {
  if (!impl_) throw_undefined();
  return *impl_;
}
inline const Shape& Tensor::sizes() const {
  return checked().sizes;
}
inline const Strides& Tensor::strides() const {
  return checked().strides;
}
inline DType Tensor::dtype() const {
  return checked().dtype;
}

/// Sees a gradient, and may return another in its place (an undefined tensor: no change). Made from
/// functions that return a Tensor or nothing.
class TensorHook {
 public:
  template <class F>
  requires std::is_invocable_v<F&, const Tensor&> TensorHook(
      F hook) {  // implicit: made from lambdas in place
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Tensor&>>) {
      hook_ = [hook = std::move(hook)](const Tensor& gradient) {
        hook(gradient);
        return Tensor();
      };
    } else {
      hook_ = std::move(hook);
    }
  }
  Tensor operator()(const Tensor& gradient) const { return hook_(gradient); }

 private:
  std::function<Tensor(const Tensor&)> hook_;
};

/// A registered hook, to be taken back. Letting go of the handle keeps the hook.
class HookHandle {
 public:
  HookHandle(Ref<GraphNode> node, int id) : node_(std::move(node)), id_(id) {}
  void remove();

 private:
  Ref<GraphNode> node_;
  int id_;
};

/// Another tensor on the same storage; takes no part in the graph.
Tensor alias(const Tensor& tensor, const Shape& sizes, const Strides& strides, std::int64_t offset);

/// `dim` counted from the front. Throws ShapeError when out of range; a 0-dim tensor takes 0, -1.
int normalize_dim(int dim, int dims);

template <class T>
std::vector<T> Tensor::to_vector() const {
  std::vector<T> values(static_cast<std::size_t>(numel()));
  const Tensor packed = detach().contiguous();
  kernels::dispatch(dtype(), [&]<class From>(From) {
    const From* data = static_cast<const From*>(packed.raw().data);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<T>(static_cast<Compute<From>>(data[i]));
    }
  });
  return values;
}

}  // namespace gradus
