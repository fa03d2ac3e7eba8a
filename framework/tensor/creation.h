// Making tensors. None of the results requires a gradient; use .requires_grad_(true).
//
//   gradus::tensor({{1.0, 2.0}, {3.0, 4.0}});    // float32, [2, 2]
//   gradus::tensor(3);                           // int64, 0-dim
//   gradus::zeros({64, 784});                    // float32
//
// A number that a dtype cannot hold throws ValueError (300 in a uint8, infinity in an int64).
#pragma once

#include "framework/tensor/tensor.h"

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
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
  /// Throws ShapeError where rows differ.
  [[nodiscard]] Tensor to_tensor(DType dtype) const;

 private:
  std::vector<long double> values_;  // holds every double and every int64 exactly
  Shape sizes_;
  DType dtype_ = kFloat32;
  std::string fault_;  // why they are no tensor; to_tensor's caller is to be named
};

/// Without a dtype that of the value: float32, int64 or bool.
Tensor full(const Shape& sizes, Scalar value, std::optional<DType> dtype = {},
            Location at = Location::current());

/// A tensor of the given numbers. The dtype is that of the numbers: floating -> float32,
/// integers -> int64, bool -> bool; or `dtype`, when given.
Tensor tensor(const NestedNumbers& numbers, std::optional<DType> dtype = {},
              Location at = Location::current());
template <class T>
requires std::is_arithmetic_v<T> Tensor tensor(T number, std::optional<DType> dtype = {},
                                               Location at = Location::current()) {
  return named("tensor", at, [&] {
    Scalar(number).check_fits(dtype.value_or(Scalar(number).dtype()));
    return full({}, number, dtype, at);
  });
}
Tensor tensor(std::initializer_list<NestedNumbers> rows, std::optional<DType> dtype = {},
              Location at = Location::current());
/// One-dimensional, a copy. The dtype is T's own (double -> float64); other integers become int64.
template <class T>
Tensor tensor(const std::vector<T>& values, Location at = Location::current());
template <class T, std::size_t N>
Tensor tensor(std::span<T, N> values, Location at = Location::current());

/// Borrows `data` (row-major) until the last tensor on it is gone; then calls `release`.
template <class T>
Tensor from_blob(T* data, const Shape& sizes, std::function<void()> release = {},
                 Location at = Location::current());

/// Uninitialised memory.
Tensor empty(const Shape& sizes, DType dtype = kFloat32, Location at = Location::current());
Tensor zeros(const Shape& sizes, DType dtype = kFloat32, Location at = Location::current());
Tensor ones(const Shape& sizes, DType dtype = kFloat32, Location at = Location::current());

/// 0-dim.
Tensor scalar_tensor(Scalar value, DType dtype = kFloat32, Location at = Location::current());

/// [start, start + step, ...) up to `end`, not included. Without a dtype integers give int64, else
/// float32. Integers are exact; with an integer dtype floating numbers are cut first.
Tensor arange(Scalar start, Scalar end, Scalar step = 1, std::optional<DType> dtype = {},
              Location at = Location::current());
Tensor arange(Scalar end, std::optional<DType> dtype = {}, Location at = Location::current());
/// `steps` numbers from `start` to `end`, both included, at equal distances.
Tensor linspace(Scalar start, Scalar end, std::int64_t steps, DType dtype = kFloat32,
                Location at = Location::current());
/// base to the power of linspace(start, end, steps).
Tensor logspace(Scalar start, Scalar end, std::int64_t steps, double base = 10,
                DType dtype = kFloat32, Location at = Location::current());
/// [n, m] (m = n by default) with ones on the diagonal.
Tensor eye(std::int64_t n, std::optional<std::int64_t> m = {}, DType dtype = kFloat32,
           Location at = Location::current());
/// The places (int64 [2, count]: rows, then columns, in row-major order) of the lower triangle of a
/// [rows, columns] matrix up to the diagonal `offset` (> 0: above the main one), or of the upper
/// triangle from it on.
Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                    Location at = Location::current());
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                    Location at = Location::current());

/// Of the same shape, in dense memory of the same order of dims; of the same dtype unless told.
Tensor empty_like(const Tensor& other, std::optional<DType> dtype = {},
                  Location at = Location::current());
Tensor zeros_like(const Tensor& other, std::optional<DType> dtype = {},
                  Location at = Location::current());
Tensor ones_like(const Tensor& other, std::optional<DType> dtype = {},
                 Location at = Location::current());
Tensor full_like(const Tensor& other, Scalar value, std::optional<DType> dtype = {},
                 Location at = Location::current());

/// A 0-dim tensor made from a C++ number, in the widest type of its kind (bool, int64, float64): it
/// takes part in an operation without deciding more than the kind of the result.
Tensor wrapped_number(Scalar value);

template <class T, std::size_t N>
Tensor tensor(std::span<T, N> values, Location at) {
  using Value = std::remove_const_t<T>;
  constexpr bool kOwn =
      !std::integral<Value> || std::is_same_v<Value, bool> || std::is_same_v<Value, std::uint8_t>;
  using Element = std::conditional_t<kOwn, Value, std::int64_t>;
  return named("tensor", at, [&] {
    Tensor result({static_cast<std::int64_t>(values.size())}, kDTypeOf<Element>);
    Element* data = result.template data_ptr<Element>();
    for (std::size_t i = 0; i < values.size(); ++i) data[i] = static_cast<Element>(values[i]);
    return result;
  });
}

template <class T>
Tensor tensor(const std::vector<T>& values, Location at) {
  if constexpr (std::is_same_v<T, bool>) {  // a vector<bool> has no memory to look at
    const auto flags = std::make_unique<bool[]>(values.size());
    std::copy(values.begin(), values.end(), flags.get());
    return tensor(std::span<const bool>(flags.get(), values.size()), at);
  } else {
    return tensor(std::span<const T>(values), at);
  }
}

template <class T>
Tensor from_blob(T* data, const Shape& sizes, std::function<void()> release, Location at) {
  return named("from_blob", at, [&] {
    for (const std::int64_t size : sizes) {
      if (size < 0) throw ShapeError("a size is negative: " + to_string(sizes));
    }
    const auto bytes = static_cast<std::size_t>(sizes.numel()) * sizeof(T);
    return Tensor(make_ref<TensorImpl>(make_ref<Storage>(data, bytes, std::move(release)), 0, sizes,
                                       contiguous_strides(sizes), kDTypeOf<T>));
  });
}

}  // namespace gradus

#include "framework/tensor/sampling.h"  // the random ones
