// Making tensors. None of the results requires a gradient; use .requires_grad_(true).
//
//   gradus::tensor({{1.0, 2.0}, {3.0, 4.0}});    // float32, [2, 2]
//   gradus::tensor(3);                           // int64, 0-dim
//   gradus::zeros({64, 784});                    // float32
#pragma once

#include "framework/tensor/generator.h"
#include "framework/tensor/tensor.h"

#include <functional>
#include <initializer_list>
#include <vector>

namespace gradus {

/// Numbers in nested braces, as gradus::tensor takes them. All rows of a level have one length.
class NestedNumbers {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> NestedNumbers(T value)  // implicit: written in braces
      : values_{static_cast<long double>(value)}, dtype_(Scalar(value).dtype()) {}
  NestedNumbers(std::initializer_list<NestedNumbers> rows);

  [[nodiscard]] const Shape& sizes() const { return sizes_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] Tensor to_tensor(DType dtype) const;

 private:
  std::vector<long double> values_;  // holds every double and every int64 exactly
  Shape sizes_;
  DType dtype_ = kFloat32;
};

Tensor full(const Shape& sizes, Scalar value, DType dtype = kFloat32);

/// A tensor of the given numbers. The dtype is that of the numbers: floating -> float32,
/// integers -> int64, bool -> bool; or `dtype`, when given.
Tensor tensor(const NestedNumbers& numbers, std::optional<DType> dtype = {});
template <class T>
requires std::is_arithmetic_v<T> Tensor tensor(T number, std::optional<DType> dtype = {}) {
  return full({}, number, dtype.value_or(Scalar(number).dtype()));
}
Tensor tensor(std::initializer_list<NestedNumbers> rows, std::optional<DType> dtype = {});
/// One-dimensional, a copy. The dtype is T's own (double -> float64); other integers become int64.
template <class T>
Tensor tensor(const std::vector<T>& values);

/// Borrows `data` (row-major) until the last tensor on it is gone; then calls `release`.
template <class T>
Tensor from_blob(T* data, const Shape& sizes, std::function<void()> release = {});

Tensor empty(const Shape& sizes, DType dtype = kFloat32);
Tensor zeros(const Shape& sizes, DType dtype = kFloat32);
Tensor ones(const Shape& sizes, DType dtype = kFloat32);
/// [start, start + step, ...) up to `end`, not included. Integers give int64.
Tensor arange(Scalar start, Scalar end, Scalar step = 1);
Tensor arange(Scalar end);
/// Of the same shape and dtype, in dense memory of the same order of dims.
Tensor empty_like(const Tensor& other);
Tensor zeros_like(const Tensor& other);
Tensor ones_like(const Tensor& other);

/// Uniform in [0, 1).
Tensor rand(const Shape& sizes, DType dtype = kFloat32, Generator& from = default_generator());
/// Standard normal.
Tensor randn(const Shape& sizes, DType dtype = kFloat32, Generator& from = default_generator());
/// Uniform integers in [low, high), int64.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& sizes,
               Generator& from = default_generator());

/// A 0-dim tensor made from a C++ number, in the widest type of its kind (bool, int64, float64): it
/// takes part in an operation without deciding more than the kind of the result.
Tensor wrapped_number(Scalar value);
/// The same in another type.
Tensor wrapped_number(Scalar value, DType dtype);

template <class T>
Tensor tensor(const std::vector<T>& values) {
  constexpr bool kOwn =
      !std::integral<T> || std::is_same_v<T, bool> || std::is_same_v<T, std::uint8_t>;
  using Element = std::conditional_t<kOwn, T, std::int64_t>;
  Tensor result({static_cast<std::int64_t>(values.size())}, kDTypeOf<Element>);
  Element* data = result.data_ptr<Element>();
  for (std::size_t i = 0; i < values.size(); ++i) data[i] = static_cast<Element>(values[i]);
  return result;
}

template <class T>
Tensor from_blob(T* data, const Shape& sizes, std::function<void()> release) {
  const auto bytes = static_cast<std::size_t>(sizes.numel()) * sizeof(T);
  return Tensor(make_ref<TensorImpl>(make_ref<Storage>(data, bytes, std::move(release)), 0, sizes,
                                     contiguous_strides(sizes), kDTypeOf<T>));
}

}  // namespace gradus
