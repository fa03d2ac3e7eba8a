#include "framework/tensor/creation.h"
#include "framework/kernels/elementwise.h"

#include <cmath>

namespace gradus {

NestedNumbers::NestedNumbers(std::initializer_list<NestedNumbers> rows) {
  sizes_.push_back(static_cast<std::int64_t>(rows.size()));
  if (rows.size() == 0) return;
  const NestedNumbers& first = *rows.begin();
  dtype_ = first.dtype_;
  for (const NestedNumbers& row : rows) {
    if (fault_.empty()) fault_ = row.fault_;
    if (fault_.empty() && !(row.sizes_ == first.sizes_)) {
      fault_ =
          "rows of different shapes: " + to_string(first.sizes_) + " and " + to_string(row.sizes_);
    }
    dtype_ = promote(dtype_, row.dtype_);
    values_.insert(values_.end(), row.values_.begin(), row.values_.end());
  }
  if (!fault_.empty()) return;
  for (const std::int64_t size : first.sizes_) sizes_.push_back(size);
}

Tensor NestedNumbers::to_tensor(DType dtype) const {
  if (!fault_.empty()) throw ShapeError(fault_);
  Tensor result(sizes_, dtype);
  kernels::dispatch(dtype, [&]<class T>(T) {
    T* data = result.data_ptr<T>();
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if constexpr (std::integral<T> && !std::is_same_v<T, bool>) {
        const Scalar number = is_floating(dtype_) ? Scalar(values_[i])
                                                  : Scalar(static_cast<std::int64_t>(values_[i]));
        number.check_fits(dtype);
        data[i] = number.to<T>();
      } else {
        data[i] = static_cast<T>(values_[i]);
      }
    }
  });
  return result;
}

Tensor tensor(const NestedNumbers& numbers, std::optional<DType> dtype, Location at) {
  return named("tensor", at, [&] { return numbers.to_tensor(dtype.value_or(numbers.dtype())); });
}

Tensor tensor(std::initializer_list<NestedNumbers> rows, std::optional<DType> dtype, Location at) {
  return tensor(NestedNumbers(rows), dtype, at);
}

namespace {

Tensor number(Scalar value, DType dtype) {
  value.check_fits(dtype);
  auto result =
      make_ref<TensorImpl>(make_ref<Storage>(size_of(dtype)), 0, Shape(), Strides(), dtype);
  kernels::dispatch(dtype, [&]<class T>(T) {
    *static_cast<T*>(result->storage->data()) = static_cast<T>(value.to<Compute<T>>());
  });
  return Tensor(std::move(result));
}

Tensor filled(Tensor result, Scalar value) {
  value.check_fits(result.dtype());
  value.visit([&](auto typed) { kernels::fill(result.raw(), typed); });
  return result;
}

Tensor filled(const Shape& sizes, DType dtype, Scalar value) {
  return sizes.empty() ? number(value, dtype) : filled(Tensor(sizes, dtype), value);
}

// Dense memory in the order of `other`'s dims.
Tensor like(const Tensor& other, std::optional<DType> wanted) {
  const DType dtype = wanted.value_or(other.dtype());
  const Shape& sizes = other.sizes();
  if (other.is_contiguous() || !is_dense(sizes, other.strides())) return {sizes, dtype};
  const std::size_t bytes = static_cast<std::size_t>(sizes.numel()) * size_of(dtype);
  return Tensor(make_ref<TensorImpl>(make_ref<Storage>(bytes), 0, sizes, other.strides(), dtype));
}

// [f(0), f(1), ...], converted to `dtype`.
template <class F>
Tensor sequence(std::int64_t count, DType dtype, F f) {
  Tensor result({count}, dtype);
  kernels::dispatch(dtype, [&]<class T>(T) {
    T* data = result.data_ptr<T>();
    kernels::parallel_for(kernels::Split(count, kernels::kGrain), [&](auto begin, auto end) {
      for (std::int64_t i = begin; i < end; ++i) data[i] = static_cast<T>(f(i));
    });
  });
  return result;
}

void expect_numbers(DType dtype) {
  if (dtype == kBool) throw DTypeError("the numbers do not fit into bool");
}

}  // namespace

Tensor empty(const Shape& sizes, DType dtype, Location at) {
  return named("empty", at, [&] { return Tensor(sizes, dtype); });
}

Tensor zeros(const Shape& sizes, DType dtype, Location at) {
  return named("zeros", at, [&] { return filled(sizes, dtype, 0); });
}

Tensor ones(const Shape& sizes, DType dtype, Location at) {
  return named("ones", at, [&] { return filled(sizes, dtype, 1); });
}

Tensor full(const Shape& sizes, Scalar value, std::optional<DType> dtype, Location at) {
  return named("full", at, [&] { return filled(sizes, dtype.value_or(value.dtype()), value); });
}

namespace {

[[noreturn]] void refuse_range() {
  throw ValueError("the step leads away from the end");
}

Tensor integer_range(Scalar from, Scalar to, Scalar by, DType dtype) {
  for (const Scalar& number : {from, to, by}) number.check_fits(kInt64);
  const auto start = from.to<std::int64_t>();
  const auto end = to.to<std::int64_t>();
  const auto step = by.to<std::int64_t>();
  if (step == 0) throw ValueError("the step is zero");
  __extension__ using Wide = __int128;
  const Wide length = step > 0 ? Wide{end} - start : Wide{start} - end;
  if (length < 0) refuse_range();
  const Wide width = step > 0 ? Wide{step} : -Wide{step};
  const auto count = static_cast<std::int64_t>((length + width - 1) / width);
  // The product alone may pass the end of int64, the sum does not: unsigned numbers wrap.
  return sequence(count, dtype, [=](std::int64_t i) {
    const std::uint64_t way = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(step);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(start) + way);
  });
}

Tensor floating_range(double start, double end, double step, DType dtype) {
  const double length = (end - start) / step;
  if (!std::isfinite(length)) throw ValueError("the step is zero or an end is not finite");
  if (length < 0) refuse_range();
  return sequence(static_cast<std::int64_t>(std::ceil(length)), dtype,
                  [=](std::int64_t i) { return start + static_cast<double>(i) * step; });
}

}  // namespace

Tensor arange(Scalar start, Scalar end, Scalar step, std::optional<DType> dtype, Location at) {
  return named("arange", at, [&] {
    const DType usual = promote(promote(start.dtype(), end.dtype()), step.dtype());
    const DType type = dtype.value_or(is_floating(usual) ? kFloat32 : kInt64);
    expect_numbers(type);
    if (is_floating(type)) {
      return floating_range(start.to_double(), end.to_double(), step.to_double(), type);
    }
    return integer_range(start, end, step, type);
  });
}

Tensor arange(Scalar end, std::optional<DType> dtype, Location at) {
  return arange(0, end, 1, dtype, at);
}

namespace {

// f of `steps` numbers from start to end. Both halves count from their own end, so that it is met.
template <class F>
Tensor spaced(Scalar start, Scalar end, std::int64_t steps, DType dtype, F f) {
  expect_numbers(dtype);
  if (steps < 0) {
    throw ValueError("the number of steps is negative: " + std::to_string(steps));
  }
  for (const Scalar& number : {start, end}) number.check_fits(dtype);
  const auto value = [dtype](Scalar number) {
    return dtype == kUInt8      ? static_cast<double>(number.to<std::uint8_t>())
           : is_floating(dtype) ? number.to_double()
                                : static_cast<double>(number.to<std::int64_t>());
  };
  const double first = value(start);
  const double last = value(end);
  const double step = steps > 1 ? (last - first) / static_cast<double>(steps - 1) : 0;
  return sequence(steps, dtype, [=](std::int64_t i) {
    return f(i < steps - steps / 2 ? first + step * static_cast<double>(i)
                                   : last - step * static_cast<double>(steps - 1 - i));
  });
}

}  // namespace

Tensor linspace(Scalar start, Scalar end, std::int64_t steps, DType dtype, Location at) {
  return named("linspace", at,
               [&] { return spaced(start, end, steps, dtype, [](double x) { return x; }); });
}

Tensor logspace(Scalar start, Scalar end, std::int64_t steps, double base, DType dtype,
                Location at) {
  return named("logspace", at, [&] {
    return spaced(start, end, steps, dtype, [=](double x) { return std::pow(base, x); });
  });
}

Tensor eye(std::int64_t n, std::optional<std::int64_t> m, DType dtype, Location at) {
  return named("eye", at, [&] {
    const std::int64_t columns = m.value_or(n);
    const Tensor result = filled({{n, columns}, dtype}, 0);
    kernels::fill(result.raw().with({std::min(n, columns)}, {columns + 1}), 1);
    return result;
  });
}

namespace {

// The places (row, column) with first(row) <= column < last(row).
template <class First, class Last>
Tensor places(std::int64_t rows, std::int64_t columns, First first, Last last) {
  if (rows < 0 || columns < 0) {
    throw ShapeError("a size is negative: " + to_string(Shape{rows, columns}));
  }
  std::vector<std::int64_t> row_of;
  std::vector<std::int64_t> column_of;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t end = std::min(columns, last(row));
    for (std::int64_t column = std::max<std::int64_t>(first(row), 0); column < end; ++column) {
      row_of.push_back(row);
      column_of.push_back(column);
    }
  }
  Tensor result({2, static_cast<std::int64_t>(row_of.size())}, kInt64);
  auto* data = result.data_ptr<std::int64_t>();
  std::copy(column_of.begin(), column_of.end(), std::copy(row_of.begin(), row_of.end(), data));
  return result;
}

}  // namespace

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, Location at) {
  return named("tril_indices", at, [&] {
    return places(
        rows, columns, [](std::int64_t) { return std::int64_t{0}; },
        [=](std::int64_t row) { return row + offset + 1; });
  });
}

Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, Location at) {
  return named("triu_indices", at, [&] {
    return places(
        rows, columns, [=](std::int64_t row) { return row + offset; },
        [=](std::int64_t) { return columns; });
  });
}

Tensor empty_like(const Tensor& other, std::optional<DType> dtype, Location at) {
  return named("empty_like", at, [&] { return like(other, dtype); });
}

Tensor zeros_like(const Tensor& other, std::optional<DType> dtype, Location at) {
  return named("zeros_like", at, [&] { return filled(like(other, dtype), 0); });
}

Tensor ones_like(const Tensor& other, std::optional<DType> dtype, Location at) {
  return named("ones_like", at, [&] { return filled(like(other, dtype), 1); });
}

Tensor full_like(const Tensor& other, Scalar value, std::optional<DType> dtype, Location at) {
  return named("full_like", at, [&] { return filled(like(other, dtype), value); });
}

Tensor scalar_tensor(Scalar value, DType dtype, Location at) {
  return named("scalar_tensor", at, [&] { return number(value, dtype); });
}

Tensor wrapped_number(Scalar value) {
  Tensor wrapped = number(value, is_floating(value.dtype()) ? kFloat64 : value.dtype());
  wrapped.impl()->wrapped_number = true;
  return wrapped;
}

}  // namespace gradus
