// Scalar: a C++ number on its way into an operation, with its kind (bool, integer, floating).
#pragma once

#include "framework/kernels/dtype.h"

namespace gradus {

class Scalar {
 public:
  Scalar(std::integral auto value)  // implicit: x + 1
      : integer_(static_cast<std::int64_t>(value)),
        real_(static_cast<double>(value)),
        dtype_(std::is_same_v<decltype(value), bool> ? kBool : kInt64) {}
  Scalar(std::floating_point auto value)  // implicit: x + 0.5
      : integer_(0), real_(static_cast<double>(value)), dtype_(kFloat32) {}

  /// The kind: kBool, kInt64 or kFloat32, the default type of its category.
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] double to_double() const { return real_; }
  template <class T>
  [[nodiscard]] T to() const {
    if constexpr (std::integral<T> && !std::is_same_v<T, bool>) {
      return is_floating(dtype_) ? static_cast<T>(real_) : static_cast<T>(integer_);
    } else {
      return static_cast<T>(real_);
    }
  }

 private:
  std::int64_t integer_;
  double real_;
  DType dtype_;
};

}  // namespace gradus
