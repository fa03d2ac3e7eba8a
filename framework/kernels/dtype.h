// Element types, and the dispatch from a run-time DType to a C++ type.
//
// The order of the enumerators is the order of type promotion: the result of an operation on two
// types is the later one (bool < u8 < i64 < bf16 < f32 < f64), as in PyTorch.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gradus {

/// The element type of a tensor.
enum class DType : std::uint8_t { Bool, UInt8, Int64, BFloat16, Float32, Float64 };

inline constexpr DType kBool = DType::Bool;
inline constexpr DType kUInt8 = DType::UInt8;
inline constexpr DType kInt64 = DType::Int64;
inline constexpr DType kBFloat16 = DType::BFloat16;
inline constexpr DType kFloat32 = DType::Float32;
inline constexpr DType kFloat64 = DType::Float64;

/// A 16-bit float with the exponent of a float32. Arithmetic happens in float; storing rounds to
/// nearest even, and a NaN stays a NaN.
struct BFloat16 {
  std::uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const auto wide = std::bit_cast<std::uint32_t>(value);
    const bool nan = (wide & 0x7fffffffU) > 0x7f800000U;
    const std::uint32_t rounded = wide + 0x7fffU + ((wide >> 16U) & 1U);
    bits = static_cast<std::uint16_t>(nan ? (wide >> 16U) | 0x40U : rounded >> 16U);
  }
  explicit BFloat16(std::convertible_to<double> auto value) : BFloat16(static_cast<float>(value)) {}
  operator float() const {  // implicit: it is a number
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }
};

/// The type in which a kernel computes on elements of T.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;

template <class T>
inline constexpr DType kDTypeOf = [] {
  if constexpr (std::is_same_v<T, bool>) {
    return kBool;
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return kBFloat16;
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    return kUInt8;
  } else if constexpr (std::signed_integral<T> && sizeof(T) == 8) {
    return kInt64;
  } else if constexpr (std::is_same_v<T, float>) {
    return kFloat32;
  } else {
    static_assert(std::is_same_v<T, double>, "no DType holds this type");
    return kFloat64;
  }
}();

constexpr std::size_t size_of(DType dtype) {
  constexpr std::size_t kSizes[] = {1, 1, 8, 2, 4, 8};
  return kSizes[static_cast<int>(dtype)];
}

constexpr bool is_floating(DType dtype) {
  return dtype >= kBFloat16;
}

/// PyTorch's name: "float32", "int64", ...
constexpr std::string_view name_of(DType dtype) {
  constexpr std::string_view kNames[] = {"bool",     "uint8",   "int64",
                                         "bfloat16", "float32", "float64"};
  return kNames[static_cast<int>(dtype)];
}

/// The type that holds the values of both.
constexpr DType promote(DType a, DType b) {
  return a < b ? b : a;
}

namespace kernels {

/// Calls body(T{}) with the C++ type of `dtype`.
template <class Body>
decltype(auto) dispatch(DType dtype, Body&& body) {
  switch (dtype) {
    case kBool:
      return body(bool{});
    case kUInt8:
      return body(std::uint8_t{});
    case kInt64:
      return body(std::int64_t{});
    case kBFloat16:
      return body(BFloat16{});
    case kFloat32:
      return body(float{});
    default:
      return body(double{});
  }
}

/// The same for the three floating types; the caller has checked that `dtype` is one of them.
template <class Body>
decltype(auto) dispatch_floating(DType dtype, Body&& body) {
  switch (dtype) {
    case kBFloat16:
      return body(BFloat16{});
    case kFloat32:
      return body(float{});
    default:
      return body(double{});
  }
}

}  // namespace kernels
}  // namespace gradus
