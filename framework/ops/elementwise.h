// Shared parts of element-wise ops: allocation of the result, dispatch, the loop; ops and samples
// made from a formula. Included by op families only.
#pragma once

#include "framework/kernels/elementwise.h"
#include "framework/kernels/native/pointwise.h"
#include "framework/ops/apply.h"
#include "framework/ops/operand.h"

namespace gradus::ops {

/// Zeros in the shape of a gradient, connected to its graph: what flows back through a step.
Tensor zero_gradient(const Tensor& gradient, Location at = Location::current());

/// A 0-dim tensor.
template <class T>
Tensor number(T value) {
  auto storage = make_ref<Storage>(sizeof(T));
  *static_cast<T*>(storage->data()) = value;
  return Tensor(make_ref<TensorImpl>(std::move(storage), 0, Shape(), Strides(), kDTypeOf<T>));
}

/// The first element of a tensor of T.
template <class T>
T first(const Tensor& x) {
  const TensorImpl& impl = *x.impl();
  return static_cast<const T*>(impl.storage->data())[impl.offset];
}

/// Memory for a result of shape `sizes` in the layout of the first input that has that shape.
inline Tensor result_like(const Shape& sizes, DType dtype, std::span<const Tensor> inputs) {
  for (const Tensor& input : inputs) {
    if (input.sizes() == sizes && is_dense(sizes, input.strides())) {
      if (input.is_contiguous()) break;
      const std::size_t bytes = static_cast<std::size_t>(sizes.numel()) * size_of(dtype);
      return Tensor(
          make_ref<TensorImpl>(make_ref<Storage>(bytes), 0, sizes, input.strides(), dtype));
    }
  }
  return {sizes, dtype};
}

/// f on elements of T, computed in the type that T computes in. For floats, dense runs go through
/// the loop that f names (kernels/native/pointwise.h), if it names one.
template <class T, class F>
struct Element {
  [[no_unique_address]] F f;

  template <class... In>
  T operator()(In... in) const {
    return static_cast<T>(f(static_cast<Compute<T>>(in)...));
  }
  template <class... In>
  requires(std::is_same_v<T, float>&& requires { F::kLoop; }) void dense(std::int64_t count, T* out,
                                                                         const In*... in) const {
    (kernels::native::pointwise_loops().*F::kLoop)(out, in..., count);
  }
};

/// f over the elements of a floating tensor.
template <class F>
Tensor unary(const Tensor& x, F f) {
  Tensor out = result_like(x.sizes(), x.dtype(), {&x, 1});
  kernels::dispatch_floating(
      x.dtype(), [&]<class T>(T) { kernels::map<T, T>(Element<T, F>{f}, out.raw(), x.raw()); });
  return out;
}

/// f over the elements of a tensor of any dtype, which the result keeps.
template <class F>
Tensor same_type_unary(const Tensor& x, F f) {
  Tensor out = result_like(x.sizes(), x.dtype(), {&x, 1});
  kernels::dispatch(x.dtype(), [&]<class T>(T) {
    kernels::map<T, T>([f](T v) { return static_cast<T>(f(static_cast<Compute<T>>(v))); },
                       out.raw(), x.raw());
  });
  return out;
}

/// f, true or false, over the elements of a tensor of any dtype.
template <class F>
Tensor unary_test(const Tensor& x, F f) {
  Tensor out = result_like(x.sizes(), kBool, {&x, 1});
  kernels::dispatch(x.dtype(), [&]<class T>(T) {
    kernels::map<bool, T>([f](T v) { return f(static_cast<Compute<T>>(v)); }, out.raw(), x.raw());
  });
  return out;
}

/// f over the elements of two broadcast tensors of one dtype, any dtype. The result has the dtype
/// of the inputs, or bool where f returns bool.
template <bool kToBool = false, class F>
Tensor binary(std::span<const Tensor> in, F f) {
  const DType dtype = in[0].dtype();
  if (in[0].dim() == 0 && in[1].dim() == 0) {  // spares small expressions the loop's preparations
    return kernels::dispatch(dtype, [&]<class T>(T) {
      using C = Compute<T>;
      using Out = std::conditional_t<kToBool, bool, T>;
      return number(
          static_cast<Out>(f(static_cast<C>(first<T>(in[0])), static_cast<C>(first<T>(in[1])))));
    });
  }
  const Shape sizes = broadcast_shapes(in[0].sizes(), in[1].sizes());
  Tensor out = result_like(sizes, kToBool ? kBool : dtype, in);
  kernels::dispatch(dtype, [&]<class T>(T) {
    using Out = std::conditional_t<kToBool, bool, T>;
    using C = Compute<T>;
    kernels::map<Out, T, T>(
        [f](T a, T b) { return static_cast<Out>(f(static_cast<C>(a), static_cast<C>(b))); },
        out.raw(), in[0].raw().broadcast(sizes), in[1].raw().broadcast(sizes));
  });
  return out;
}

/// f over the elements of two broadcast floating tensors of one dtype.
template <class F>
Tensor floating_binary(std::span<const Tensor> in, F f) {
  const Shape sizes = broadcast_shapes(in[0].sizes(), in[1].sizes());
  Tensor out = result_like(sizes, in[0].dtype(), in);
  kernels::dispatch_floating(out.dtype(), [&]<class T>(T) {
    kernels::map<T, T, T>(Element<T, F>{f}, out.raw(), in[0].raw().broadcast(sizes),
                          in[1].raw().broadcast(sizes));
  });
  return out;
}

/// f with int64 arithmetic that wraps around, as PyTorch's does, instead of overflowing.
template <class F>
auto wrapping(F f) {
  return [f]<class... T>(T... in) {
    if constexpr ((std::is_same_v<T, std::int64_t> && ...)) {
      return static_cast<std::int64_t>(f(static_cast<std::uint64_t>(in)...));
    } else {
      return f(in...);
    }
  };
}

/// The description of a function of one floating tensor.
constexpr OpInfo function(std::string_view name, std::string_view doc, unsigned saves) {
  return {.name = name, .doc = doc, .floating = true, .saves = saves};
}

/// The op of a function that a rule describes: its kInfo, its value, its gradient, its samples.
template <class Rule>
struct FunctionOp {
  static constexpr OpInfo kInfo = Rule::kInfo;
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) { return Rule::value(x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {Rule::gradient(s, g)};
  }
  static Samples samples() { return Rule::samples(); }
};

/// Calls of a function of one tensor, with values in [low, high). `at` is where refusals happen.
inline Samples over(Tensor (*op)(const Tensor&, Location), double low, double high,
                    Location at = Location::current()) {
  const auto call = [=](Inputs in) { return op(in[0], at); };
  return {.good = {{{sample({3, 4}, low, high)}, call},
                   {{sample({2, 3, 2}, low, high)}, call},
                   {{sample({}, low, high)}, call},
                   {{sample({0, 3})}, call}},
          .bad = {{{Tensor()}, call, "undefined tensor"}}};
}

/// The same on both sides of 0, but not near it: for functions with a kink there.
inline Samples around_zero(Tensor (*op)(const Tensor&, Location),
                           Location at = Location::current()) {
  Samples result = over(op, 0.2, 2, at);
  const Samples negative = over(op, -2, -0.2, at);
  result.good.insert(result.good.end(), negative.good.begin(), negative.good.end());
  return result;
}

/// Calls of a function of two tensors: a in [low, high), b in [0.5, high).
inline Samples pairs(Tensor (*op)(const Operand&, const Operand&), double low = -2, double high = 2,
                     Location at = Location::current()) {
  const auto call = [=](Inputs in) { return op(Operand(in[0], at), Operand(in[1], at)); };
  const auto with = [&](const Shape& a, const Shape& b) {
    return Sample{{sample(a, low, high), sample(b, 0.5, high)}, call};
  };
  return {.good = {with({3, 4}, {3, 4}), with({3, 1}, {1, 4}), with({2, 3, 4}, {4}), with({}, {}),
                   with({2, 2}, {}), with({0, 3}, {1, 3})},
          .bad = {{{sample({3, 4}), sample({3, 5})}, call, "do not broadcast: [3, 4] and [3, 5]"}}};
}

template <class O>
Tensor call(const Operand& a, const Operand& b) {
  return apply(O(), pair_of(a, b), a.at());
}

}  // namespace gradus::ops
