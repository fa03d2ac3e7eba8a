// Shared parts of element-wise ops: allocation of the result, dispatch, the loop.
// Included by op families only.
#pragma once

#include "framework/kernels/elementwise.h"
#include "framework/tensor/creation.h"

namespace gradus::ops {

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

/// f over the elements of a floating tensor.
template <class F>
Tensor unary(const Tensor& x, F f) {
  Tensor out = result_like(x.sizes(), x.dtype(), {&x, 1});
  kernels::dispatch_floating(x.dtype(), [&]<class T>(T) {
    kernels::map<T, T>([f](T v) { return static_cast<T>(f(static_cast<Compute<T>>(v))); },
                       out.raw(), x.raw());
  });
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

}  // namespace gradus::ops
