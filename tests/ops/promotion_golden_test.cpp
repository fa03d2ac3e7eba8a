// The dtype of a result against PyTorch's, for every two dtypes of tensors and numbers.
#include <gtest/gtest.h>

#include "framework/ops/arithmetic.h"
#include "tests/support/golden.h"

namespace gradus {
namespace {

// One side of an operation, as the file names it.
struct Side {
  Tensor tensor;
  Scalar number = 0;

  Side(const std::string& dtype_name, const std::string& rank) {
    DType dtype = kBool;
    while (name_of(dtype) != dtype_name) dtype = static_cast<DType>(static_cast<int>(dtype) + 1);
    if (rank != "number") {
      tensor = ones(rank == "dim" ? Shape{2} : Shape{}, dtype);
    } else {
      number = dtype == kBool ? Scalar(true) : dtype == kInt64 ? Scalar(1) : Scalar(1.0);
    }
  }
  [[nodiscard]] Operand operand() const { return tensor.defined() ? Operand(tensor) : number; }
};

TEST(PromotionGoldenTest, EveryTwoDtypesMeetAsInPyTorch) {
  const Json cases = golden::load("promotion.json").at("cases");
  ASSERT_GT(cases.size(), 200U);
  for (const Json& each : cases) {
    const Side a(each[0], each[1]);
    const Side b(each[2], each[3]);
    EXPECT_EQ(name_of(mul(a.operand(), b.operand()).dtype()), each[4].get<std::string>()) << each;
  }
}

}  // namespace
}  // namespace gradus
