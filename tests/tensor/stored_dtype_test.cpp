// The dtypes of files: their names, what they are read as, and what is refused.
#include "framework/tensor/stored_dtype.h"
#include <gtest/gtest.h>
#include <cmath>
#include <cstring>
#include <vector>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using Sizes = std::vector<std::int64_t>;

template <class T>
Tensor read(std::string_view name, const std::vector<T>& elements) {
  const std::string_view bytes(reinterpret_cast<const char*>(elements.data()),
                               elements.size() * sizeof(T));
  return read_stored(*stored_dtype(name), Sizes{std::ssize(elements)}, bytes);
}

TEST(StoredDtype, OwnOnesAreReadAsTheyAre) {
  for (const DType dtype : {kBool, kUInt8, kInt64, kBFloat16, kFloat32, kFloat64}) {
    const auto stored = stored_dtype(stored_name(dtype));
    ASSERT_TRUE(stored) << name_of(dtype);
    EXPECT_EQ(stored->dtype, dtype);
    EXPECT_EQ(stored->size, size_of(dtype));
    EXPECT_FALSE(stored->is_wider);
    const std::string ones(3 * stored->size, '\1');
    const Tensor tensor = read_stored(*stored, Sizes{3}, ones);
    EXPECT_EQ(tensor.dtype(), dtype);
    EXPECT_EQ(std::memcmp(tensor.raw().data, ones.data(), ones.size()), 0);
  }
  for (const char* name : {"", "F", "f32", "F33", "F32 ", "U64", "F8_E4M3"}) {
    EXPECT_FALSE(stored_dtype(name)) << name;
  }
}

// Values of IEEE 754-2008, 3.4 and of its table of binary16.
TEST(StoredDtype, HalvesAreExact) {
  const std::vector<std::uint16_t> bits = {0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3555,
                                           0x3C00, 0x3C01, 0xC000, 0x7BFF, 0x7C00, 0xFC00};
  const std::vector<float> values = {0, -0.0F,      0x1p-24F, -0x1.ff8p-15F, 0x1p-14F, 0x1.554p-2F,
                                     1, 0x1.004p0F, -2,       65504,         INFINITY, -INFINITY};
  const Tensor read_values = read("F16", bits);
  EXPECT_EQ(read_values.dtype(), kFloat32);
  EXPECT_EQ(read_values.to_vector<float>(), values);
  EXPECT_TRUE(std::signbit(read_values.to_vector<float>()[1]));
  for (const float value :
       read("F16", std::vector<std::uint16_t>{0x7E00, 0xFC01, 0x7FFF}).to_vector<float>()) {
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST(StoredDtype, IntegersKeepTheirSigns) {
  using Values = std::vector<std::int64_t>;
  EXPECT_EQ(read<std::int8_t>("I8", {-128, 127}).to_vector<std::int64_t>(), (Values{-128, 127}));
  EXPECT_EQ(read<std::int16_t>("I16", {-32768}).to_vector<std::int64_t>(), Values{-32768});
  EXPECT_EQ(read<std::uint16_t>("U16", {65535}).to_vector<std::int64_t>(), Values{65535});
  EXPECT_EQ(read<std::int32_t>("I32", {INT32_MIN}).to_vector<std::int64_t>(), Values{INT32_MIN});
  EXPECT_EQ(read<std::uint32_t>("U32", {UINT32_MAX}).to_vector<std::int64_t>(), Values{UINT32_MAX});
}

TEST(StoredDtype, SizesHaveToFillTheBytes) {
  const auto refusal = [](const Sizes& sizes, std::string_view bytes, const char* name = "F32") {
    return test::message_of([&] { read_stored(*stored_dtype(name), sizes, bytes); });
  };
  EXPECT_EQ(refusal({2}, "four"), "shape [2] does not fill 4 bytes");
  EXPECT_EQ(refusal({1}, ""), "shape [1] does not fill 0 bytes");
  EXPECT_EQ(refusal({-1, -1}, "four"), "shape [-1, -1] does not fill 4 bytes");
  EXPECT_EQ(refusal({INT64_MAX, 4, 4}, ""),
            "shape [9223372036854775807, 4, 4] does not fill 0 bytes");
  EXPECT_EQ(refusal({0, INT64_MAX, 4}, ""),
            "shape [0, 9223372036854775807, 4] does not fill 0 bytes");
  EXPECT_EQ(refusal(Sizes(9, 1), "four"), "9 sizes are more than 8");
  EXPECT_EQ(refusal({2}, "\1\2", "BOOL"), "a BOOL is neither 0 nor 1");
  EXPECT_EQ(read_stored(*stored_dtype("F32"), Sizes(8, 1), "four").numel(), 1);
  EXPECT_EQ(read_stored(*stored_dtype("F32"), Sizes{}, "four").dim(), 0);
  EXPECT_EQ(read_stored(*stored_dtype("I8"), Sizes{3, 0}, "").numel(), 0);
}

}  // namespace
}  // namespace gradus
