#include "framework/tensor/creation.h"
#include "framework/kernels/elementwise.h"

#include <cmath>

namespace gradus {

NestedNumbers::NestedNumbers(std::initializer_list<NestedNumbers> rows) {
  sizes_.push_back(static_cast<std::int64_t>(rows.size()));
  if (rows.size() == 0) return;
  dtype_ = rows.begin()->dtype_;
  for (const NestedNumbers& row : rows) {
    if (!(row.sizes_ == rows.begin()->sizes_)) {
      throw ShapeError("tensor: rows of different shapes: " + to_string(rows.begin()->sizes_) +
                       " and " + to_string(row.sizes_));
    }
    dtype_ = promote(dtype_, row.dtype_);
    values_.insert(values_.end(), row.values_.begin(), row.values_.end());
  }
  for (const std::int64_t size : rows.begin()->sizes_) sizes_.push_back(size);
}

Tensor NestedNumbers::to_tensor(DType dtype) const {
  Tensor result(sizes_, dtype);
  kernels::dispatch(dtype, [&]<class T>(T) {
    T* data = result.data_ptr<T>();
    for (std::size_t i = 0; i < values_.size(); ++i) data[i] = static_cast<T>(values_[i]);
  });
  return result;
}

Tensor tensor(const NestedNumbers& numbers, std::optional<DType> dtype) {
  return numbers.to_tensor(dtype.value_or(numbers.dtype()));
}

Tensor tensor(std::initializer_list<NestedNumbers> rows, std::optional<DType> dtype) {
  return tensor(NestedNumbers(rows), dtype);
}

Tensor empty(const Shape& sizes, DType dtype) {
  return {sizes, dtype};
}

Tensor full(const Shape& sizes, Scalar value, DType dtype) {
  if (sizes.empty()) {
    Tensor number = wrapped_number(value, dtype);
    number.impl()->wrapped_number = false;
    return number;
  }
  Tensor result(sizes, dtype);
  kernels::fill(result.raw(), value.to_double());
  return result;
}

Tensor zeros(const Shape& sizes, DType dtype) {
  return full(sizes, 0, dtype);
}
Tensor ones(const Shape& sizes, DType dtype) {
  return full(sizes, 1, dtype);
}

Tensor arange(Scalar start, Scalar end, Scalar step) {
  const double length = (end.to_double() - start.to_double()) / step.to_double();
  if (!std::isfinite(length)) throw ValueError("arange: the step is zero or an end is not finite");
  if (length < 0) throw ValueError("arange: the step leads away from the end");
  const auto count = static_cast<std::int64_t>(std::ceil(length));
  const DType dtype = promote(promote(start.dtype(), end.dtype()), step.dtype());
  Tensor result({count}, is_floating(dtype) ? kFloat32 : kInt64);
  kernels::dispatch(result.dtype(), [&]<class T>(T) {
    T* data = result.data_ptr<T>();
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<T, std::int64_t>) {
        data[i] = start.to<std::int64_t>() + i * step.to<std::int64_t>();
      } else {
        data[i] = static_cast<T>(start.to_double() + static_cast<double>(i) * step.to_double());
      }
    }
  });
  return result;
}

Tensor arange(Scalar end) {
  return arange(0, end, 1);
}

Tensor empty_like(const Tensor& other) {
  if (!is_dense(other.sizes(), other.strides())) return {other.sizes(), other.dtype()};
  return Tensor(make_ref<TensorImpl>(make_ref<Storage>(other.nbytes()), 0, other.sizes(),
                                     other.strides(), other.dtype()));
}

Tensor zeros_like(const Tensor& other) {
  Tensor result = empty_like(other);
  kernels::fill(result.raw(), 0);
  return result;
}

Tensor ones_like(const Tensor& other) {
  Tensor result = empty_like(other);
  kernels::fill(result.raw(), 1);
  return result;
}

namespace {

DType checked_floating(DType dtype, const char* name) {
  if (is_floating(dtype)) return dtype;
  throw DTypeError(std::string(name) + ": needs a floating dtype, got " +
                   std::string(name_of(dtype)));
}

}  // namespace

Tensor rand(const Shape& sizes, DType dtype, Generator& from) {
  Tensor result(sizes, checked_floating(dtype, "rand"));
  kernels::random_uniform(result.raw(), from.next());
  return result;
}

Tensor randn(const Shape& sizes, DType dtype, Generator& from) {
  Tensor result(sizes, checked_floating(dtype, "randn"));
  kernels::random_normal(result.raw(), from.next());
  return result;
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& sizes, Generator& from) {
  if (low >= high) {
    throw ValueError("randint: the range [" + std::to_string(low) + ", " + std::to_string(high) +
                     ") is empty");
  }
  Tensor result(sizes, kInt64);
  kernels::random_integers(result.raw(), from.next(), low, high);
  return result;
}

Tensor wrapped_number(Scalar value) {
  return wrapped_number(value, is_floating(value.dtype()) ? kFloat64 : value.dtype());
}

Tensor wrapped_number(Scalar value, DType dtype) {
  auto number =
      make_ref<TensorImpl>(make_ref<Storage>(size_of(dtype)), 0, Shape(), Strides(), dtype);
  number->wrapped_number = true;
  kernels::dispatch(dtype, [&]<class T>(T) {
    *static_cast<T*>(number->storage->data()) = static_cast<T>(value.to<Compute<T>>());
  });
  return Tensor(std::move(number));
}

}  // namespace gradus
