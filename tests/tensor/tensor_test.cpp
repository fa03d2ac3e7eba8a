// Tensors: creation, views, dtypes, printing, in-place writes, and the errors of wrong use.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

TEST(CreationTest, NestedNumbersGiveShapeAndDtype) {
  EXPECT_EQ(tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}).sizes(), (Shape{3, 2}));
  EXPECT_EQ(tensor({1, 2}).dtype(), kInt64);
  EXPECT_EQ(tensor({1, 2.5}).dtype(), kFloat32);
  EXPECT_EQ(tensor(true).dtype(), kBool);
  EXPECT_EQ(tensor(0.1, kFloat64).item<double>(), 0.1);
  EXPECT_EQ(tensor({9007199254740993}).item<std::int64_t>(), 9007199254740993);
  EXPECT_EQ(tensor({{1, 2}, {3, 4}}).to_vector<int>(), (std::vector{1, 2, 3, 4}));
  EXPECT_NE(message_of([] {
              tensor({{1, 2}, {3}});
            }).find("rows of different shapes"),
            std::string::npos);
}

TEST(CreationTest, BorrowedMemoryIsReleasedWithTheLastTensor) {
  float data[] = {1, 2, 3};
  bool released = false;
  {
    const Tensor x = from_blob(data, {3}, [&] { released = true; });
    const Tensor view = x.slice(0, 1, 3);
    data[1] = 20;
    EXPECT_EQ(view.to_vector<float>(), (std::vector<float>{20, 3}));
  }
  EXPECT_TRUE(released);
}

TEST(CreationTest, VectorsOfAnyIntegerBecomeInt64) {
  const Tensor x = tensor(std::vector<int>{1, -2, 3});
  EXPECT_EQ(x.dtype(), kInt64);
  EXPECT_EQ(x.to_vector<int>(), (std::vector{1, -2, 3}));
  EXPECT_EQ(tensor(std::vector<double>{0.1}).item<double>(), 0.1);
}

TEST(CreationTest, Ranges) {
  EXPECT_EQ(arange(4).to_vector<int>(), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(arange(5, 0, -2).to_vector<int>(), (std::vector{5, 3, 1}));
  EXPECT_EQ(arange(0, 1, 0.25).numel(), 4);
  EXPECT_EQ(arange(3, 3).numel(), 0);
  EXPECT_THROW(arange(3, 1), ValueError);
}

TEST(TensorTest, HandlesShareTheirElements) {
  const Tensor a = zeros({2, 3});
  const Tensor b = a;
  b.slice(1, 0, 1).fill_(7);
  EXPECT_EQ(a.to_vector<float>(), (std::vector<float>{7, 0, 0, 7, 0, 0}));
}

TEST(TensorTest, ViewsShareMemoryAndCopiesDoNot) {
  const Tensor x = arange(12).reshape({3, 4});
  EXPECT_EQ(x.t().impl()->storage, x.impl()->storage);
  EXPECT_EQ(x.t().reshape({12}).to_vector<int>(),
            (std::vector{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(x.slice(0, 1, 3).reshape({2, 2, 2}).impl()->storage, x.impl()->storage);
  EXPECT_FALSE(x.clone().impl()->storage == x.impl()->storage);
}

TEST(TensorTest, MemoryIsAligned) {
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(zeros({3}).data_ptr<float>()) % 64, 0U);
}

TEST(TensorTest, EightDimsAndNoMore) {
  EXPECT_EQ(zeros({1, 2, 1, 2, 1, 2, 1, 2}).sum().item<float>(), 0);
  EXPECT_THROW(zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
  EXPECT_THROW(zeros({2, -1}), ShapeError);
  EXPECT_THROW(zeros({std::int64_t{1} << 62, 784}), ShapeError);
  EXPECT_THROW(zeros({0, std::int64_t{1} << 62, 784}), ShapeError);
}

TEST(TensorTest, TypesMeetAsInPyTorch) {
  const Tensor ints = tensor({1, 2});
  const Tensor floats = tensor({0.5, 1.5});
  EXPECT_EQ((ints + floats).dtype(), kFloat32);
  EXPECT_EQ((ints + 0.5).dtype(), kFloat32);
  EXPECT_EQ((ints + 1).dtype(), kInt64);
  EXPECT_EQ((ints / 2).dtype(), kFloat32);
  EXPECT_EQ((floats + tensor(1.0, kFloat64)).dtype(), kFloat32);  // a 0-dim tensor has no say
  EXPECT_EQ((floats + tensor({1.0}, kFloat64)).dtype(), kFloat64);
  EXPECT_EQ((floats.to(kFloat64) - 0.1).to_vector<double>()[0], 0.4);
  EXPECT_EQ((floats.to(kBFloat16) * 2).dtype(), kBFloat16);
  EXPECT_EQ((ints == 2).dtype(), kBool);
  EXPECT_EQ((ints == 2).sum().dtype(), kInt64);
}

TEST(TensorTest, MaxAlongADimGivesValuesAndIndices) {
  const auto [values, indices] = max(tensor({{1.0, 5.0, 5.0}, {7.0, 0.0, 2.0}}), 1);
  EXPECT_EQ(values.to_vector<float>(), (std::vector<float>{5, 7}));
  EXPECT_EQ(indices.to_vector<int>(), (std::vector{1, 0}));
}

TEST(TensorTest, TooLittleMemoryIsNamed) {
  EXPECT_NE(
      message_of([] { zeros({std::int64_t{1} << 50}); }).find("no memory for a float32 tensor"),
      std::string::npos);
}

TEST(TensorTest, WrongUseIsNamedWithItsPlace) {
  const std::string product = message_of([] { matmul(zeros({64, 784}), zeros({256, 128})); });
  EXPECT_EQ(product.find("matmul: inner dimensions differ: [64, 784] x [256, 128] (at "
                         "tensor_test.cpp:"),
            0U)
      << product;
  const std::string sum = message_of([] { zeros({3}) + zeros({4}); });
  EXPECT_EQ(sum.find("add: shapes do not broadcast: [3] and [4]"), 0U) << sum;
  EXPECT_NE(sum.find("(at tensor_test.cpp:"), std::string::npos) << sum;
  EXPECT_NE(message_of([] { (void)Tensor().sizes(); }).find("undefined"), std::string::npos);
  EXPECT_NE(message_of([] { (void)zeros({2}).data_ptr<double>(); }).find("float32, not float64"),
            std::string::npos);
  EXPECT_NE(message_of([] { (void)zeros({2}).item<float>(); }).find("one element"),
            std::string::npos);
  EXPECT_NE(message_of([] {
              (void)mean(tensor({1, 2}));
            }).find(".to(gradus::kFloat32)"),
            std::string::npos);
}

TEST(InPlaceTest, WritesConvertAndBroadcast) {
  const Tensor x = zeros({2, 2});
  x.copy_(tensor({1, 2}));
  x.add_(tensor({{10.0}, {20.0}}), 0.5);
  x.mul_(2);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{12, 14, 22, 24}));
  EXPECT_THROW(x.copy_(zeros({3})), ShapeError);
  EXPECT_THROW(zeros({1}).expand({4}).fill_(1), StateError);
  EXPECT_THROW(zeros({1}).expand({4}).add_(ones({4})), StateError);
  EXPECT_THROW(tensor({2, 4}).mul_(0.5), DTypeError);
  EXPECT_THROW(tensor({2, 4}).add_(ones({2})), DTypeError);
  const Tensor line = arange(6);
  line.slice(0, 1, 6).copy_(line.slice(0, 0, 5));
  EXPECT_EQ(line.to_vector<int>(), (std::vector{0, 0, 1, 2, 3, 4}));
  const Tensor square = tensor({{1, 2}, {3, 4}});
  square.copy_(square.t());
  EXPECT_EQ(square.to_vector<int>(), (std::vector{1, 3, 2, 4}));
  EXPECT_EQ(x.zero_().sum().item<float>(), 0);
}

// Each text is what PyTorch 1.13 prints for the same values.
TEST(PrintTest, LooksLikePyTorch) {
  EXPECT_EQ(to_string(tensor(31.0)), "tensor(31.)");
  EXPECT_EQ(to_string(tensor({1, 2, 3})), "tensor([1, 2, 3])");
  EXPECT_EQ(to_string(tensor({{1.0, 2.0}, {3.0, 4.0}})), "tensor([[1., 2.],\n        [3., 4.]])");
  EXPECT_EQ(to_string(tensor({0.5, -1.25})), "tensor([ 0.5000, -1.2500])");
  EXPECT_EQ(to_string(tensor({1.0, 20000.0})), "tensor([1.0000e+00, 2.0000e+04])");
  EXPECT_EQ(to_string(tensor({true, false})), "tensor([ True, False])");
  EXPECT_EQ(to_string(tensor({1.0, 2.0}, kFloat64)), "tensor([1., 2.], dtype=float64)");
  EXPECT_EQ(to_string(zeros({2, 0})), "tensor([], size=(2, 0))");
  EXPECT_EQ(to_string(tensor({1.0, NAN, INFINITY})), "tensor([1., nan, inf])");
  EXPECT_EQ(to_string(tensor(2.0).requires_grad_()), "tensor(2., requires_grad=True)");
  EXPECT_EQ(to_string(arange(2000)), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])");
}

}  // namespace
}  // namespace gradus
