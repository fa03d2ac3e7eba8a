#include "framework/tensor/stored_dtype.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace gradus {
namespace {

using namespace std::string_view_literals;

static_assert(std::endian::native == std::endian::little, "files are little-endian");

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

void copy(std::string_view bytes, void* values) {
  std::memcpy(values, bytes.data(), bytes.size());
}

constexpr StoredDtype own(std::string_view name, DType dtype) {
  return {name, size_of(dtype), dtype, false, copy};
}

template <class From>
constexpr StoredDtype integer(std::string_view name) {
  return {name, sizeof(From), kInt64, true, read_as<From, std::int64_t, widened<From>>};
}

// Own ones first: stored_name() takes the first of a dtype.
constexpr StoredDtype kAll[] = {own("BOOL", kBool),
                                own("U8", kUInt8),
                                own("I64", kInt64),
                                own("BF16", kBFloat16),
                                own("F32", kFloat32),
                                own("F64", kFloat64),
                                {"F16", 2, kFloat32, true, read_as<std::uint16_t, float, float_of>},
                                integer<std::int8_t>("I8"),
                                integer<std::int16_t>("I16"),
                                integer<std::int32_t>("I32"),
                                integer<std::uint16_t>("U16"),
                                integer<std::uint32_t>("U32")};

// Nothing when the size or a stride would overflow.
std::optional<std::size_t> bytes_needed(std::span<const std::int64_t> sizes, std::size_t element) {
  auto bytes = static_cast<std::int64_t>(element);
  std::int64_t stride = bytes;
  for (const std::int64_t size : sizes) {
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes)) return {};
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>(size, 1), &stride)) return {};
  }
  return static_cast<std::size_t>(bytes);
}

}  // namespace

std::optional<StoredDtype> stored_dtype(std::string_view name) {
  for (const StoredDtype& each : kAll) {
    if (each.name == name) return each;
  }
  return {};
}

std::string_view stored_name(DType dtype) {
  return std::find_if(std::begin(kAll), std::end(kAll),
                      [&](const StoredDtype& each) { return each.dtype == dtype; })
      ->name;
}

Tensor read_stored(const StoredDtype& type, std::span<const std::int64_t> sizes,
                   std::string_view bytes) {
  if (sizes.size() > static_cast<std::size_t>(kMaxDims)) {
    throw ValueError(std::to_string(sizes.size()) + " sizes are more than " +
                     std::to_string(kMaxDims));
  }
  if (bytes_needed(sizes, type.size) != bytes.size()) {
    throw ValueError("shape " + to_string(Shape(sizes)) + " does not fill " +
                     std::to_string(bytes.size()) + " bytes");
  }
  if (type.dtype == kBool && bytes.find_first_not_of("\0\1"sv) != std::string_view::npos) {
    throw ValueError("a BOOL is neither 0 nor 1");
  }
  Tensor result(Shape(sizes), type.dtype);
  if (!bytes.empty()) type.read(bytes, result.raw().data);
  return result;
}

}  // namespace gradus
