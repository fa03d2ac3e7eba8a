#include "framework/train/wide_dtypes.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace gradus {
namespace {

// IEEE 754 binary16.
float float_of(std::uint16_t half) {
  const float sign = (half & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (half >> 10U) & 0x1FU;
  const auto fraction = static_cast<float>(half & 0x3FFU);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent < 31) return sign * std::ldexp(1024 + fraction, exponent - 25);
  // As bits: arithmetic would make every NaN the same.
  return std::bit_cast<float>(((half & 0x8000U) << 16U) | 0x7F800000U | ((half & 0x3FFU) << 13U));
}

template <class From, class To, To (*kConvert)(From)>
void read_as(std::string_view bytes, void* values) {
  auto* to = static_cast<To*>(values);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(From)) {
    From value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    *to++ = kConvert(value);
  }
}

template <class From>
std::int64_t widened(From value) {
  return value;
}

template <class From>
constexpr WideDtype integer(std::string_view name) {
  return {name, sizeof(From), kInt64, read_as<From, std::int64_t, widened<From>>};
}

}  // namespace

std::optional<WideDtype> wide_dtype(std::string_view name) {
  static constexpr WideDtype kAll[] = {
      {"F16", 2, kFloat32, read_as<std::uint16_t, float, float_of>},
      integer<std::int8_t>("I8"),
      integer<std::int16_t>("I16"),
      integer<std::int32_t>("I32"),
      integer<std::uint16_t>("U16"),
      integer<std::uint32_t>("U32")};
  for (const WideDtype& each : kAll) {
    if (each.name == name) return each;
  }
  return {};
}

}  // namespace gradus
