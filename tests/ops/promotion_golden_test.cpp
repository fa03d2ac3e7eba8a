// The dtype of a result against PyTorch's, for every two dtypes of tensors and numbers.
#include <gtest/gtest.h>

#include "framework/ops/arithmetic.h"
#include "tests/support/golden.h"

namespace gradus {
namespace {

Operand operand(const std::string& dtype_name, const std::string& rank) {
  DType dtype = kBool;
  while (name_of(dtype) != dtype_name) dtype = static_cast<DType>(static_cast<int>(dtype) + 1);
  if (rank != "number") return ones(rank == "dim" ? Shape{2} : Shape{}, dtype);
  if (dtype == kBool) return true;
  return dtype == kInt64 ? Operand(1) : Operand(1.0);
}

TEST(PromotionGoldenTest, EveryTwoDtypesMeetAsInPyTorch) {
  const Json cases = golden::load("promotion.json").at("cases");
  ASSERT_GT(cases.size(), 200U);
  for (const Json& each : cases) {
    const Operand a = operand(each[0], each[1]);
    const Operand b = operand(each[2], each[3]);
    EXPECT_EQ(name_of(mul(a, b).dtype()), each[4].get<std::string>()) << each;
  }
}

}  // namespace
}  // namespace gradus
