// is_finite: each dtype, and layouts that are not dense. The statistics have their tests with
// `gradus inspect`.
#include "framework/train/tensor_stats.h"
#include <gtest/gtest.h>
#include <cmath>
#include <limits>
#include "framework/ops/views.h"
#include "framework/tensor/creation.h"

namespace gradus {
namespace {

TEST(IsFinite, FindsOneBadElementAnywhere) {
  for (const DType dtype : {kFloat32, kFloat64, kBFloat16}) {
    for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (const std::int64_t place : {0, 1, 500, 998, 999}) {
        Tensor values = ones({1000}).to(dtype);
        EXPECT_TRUE(is_finite(values));
        slice(values, 0, place, place + 1).fill_(bad);
        EXPECT_FALSE(is_finite(values)) << name_of(dtype) << ' ' << bad << " at " << place;
      }
    }
  }
}

TEST(IsFinite, IsTrueOfTheLargestNumbersOfNoneAndOfIntegers) {
  EXPECT_TRUE(is_finite(full({100}, std::numeric_limits<float>::max(), kFloat32)));
  EXPECT_TRUE(is_finite(full({100}, -std::numeric_limits<double>::max(), kFloat64)));
  EXPECT_TRUE(is_finite(zeros({0})));
  EXPECT_TRUE(is_finite(full({3}, std::numeric_limits<std::int64_t>::max(), kInt64)));
}

TEST(IsFinite, LooksAtWhatAViewShowsAlone) {
  Tensor values = ones({4, 4});
  slice(slice(values, 0, 2, 3), 1, 3, 4).fill_(INFINITY);
  EXPECT_TRUE(is_finite(slice(values, 1, 0, 3)));
  EXPECT_FALSE(is_finite(slice(values, 1, 3, 4)));
  EXPECT_FALSE(is_finite(values.transpose(0, 1)));
}

}  // namespace
}  // namespace gradus
