// Scalar: a C++ number on its way into an operation, with its kind (bool, integer, floating).
#pragma once

#include "framework/kernels/dtype.h"
#include "framework/kernels/error.h"

#include <cmath>
#include <limits>

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
  /// f(the number), as a double or an int64.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return is_floating(dtype_) ? f(real_) : f(integer_);
  }

  /// Throws ValueError unless `dtype` can hold the number: a floating number is cut to an integer,
  /// an integer from -255 wraps around in a uint8, infinity and NaN need a floating dtype or bool.
  void check_fits(DType dtype) const {
    if (fits(dtype)) return;
    throw ValueError("the number " + visit([](auto value) { return std::to_string(value); }) +
                     " does not fit into " + std::string(name_of(dtype)));
  }

 private:
  [[nodiscard]] bool fits(DType dtype) const {
    const bool whole = !is_floating(dtype_);
    switch (dtype) {
      case kUInt8:
        return whole ? integer_ >= -255 && integer_ <= 255 : real_ >= 0 && real_ <= 255;
      case kInt64:
        return whole || (real_ >= -0x1p63 && real_ < 0x1p63);
      case kFloat32:
        return !std::isfinite(real_) || std::fabs(real_) <= std::numeric_limits<float>::max();
      case kBFloat16:
        return !std::isfinite(real_) || std::fabs(real_) <= 0x1.FEp127;
      default:
        return true;
    }
  }

  std::int64_t integer_;
  double real_;
  DType dtype_;
};

}  // namespace gradus
