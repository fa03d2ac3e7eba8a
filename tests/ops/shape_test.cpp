// Views, joining and rearrangement: what golden values do not show.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

std::vector<int> ints(const Tensor& x) {
  return x.to_vector<int>();
}

TEST(ViewTest, ViewsShareMemory) {
  const Tensor x = arange(24).reshape({2, 3, 4});
  const std::vector<Tensor> views = {view(x, {6, 4}),
                                     ravel(x),
                                     unflatten(x, 2, {2, -1}),
                                     t(select(x, 0, 1)),
                                     movedim(x, 0, -1),
                                     swapaxes(x, 0, 1),
                                     expand_as(x, x),
                                     squeeze(x),
                                     unsqueeze(x, 0),
                                     narrow(x, 1, 1, 2),
                                     select(x, -1, 0),
                                     diagonal(x),
                                     unfold(x, 2, 2, 1),
                                     split(x, 1)[1],
                                     chunk(x, 2, 1)[1],
                                     unbind(x, 2)[3],
                                     broadcast_to(x, {1, 2, 3, 4})};
  for (std::size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(views[i].impl()->storage, x.impl()->storage) << i;
  }
  narrow(x, 2, 3, 1).fill_(-1);
  EXPECT_EQ(ints(unbind(x, 2)[3]), (std::vector(6, -1)));
  diagonal(select(x, 0, 0)).fill_(9);
  EXPECT_EQ(ints(select(x, 0, 0)), (std::vector{9, 1, 2, -1, 4, 9, 6, -1, 8, 9, 9, -1}));
}

TEST(ViewTest, AViewIsRefusedWhereReshapeCopies) {
  const Tensor x = arange(6).reshape({2, 3});
  EXPECT_EQ(ints(reshape(t(x), {6})), (std::vector{0, 3, 1, 4, 2, 5}));
  const std::string refusal = message_of([&] { view(t(x), {6}); });
  EXPECT_EQ(refusal.find("view: no view of shape [6] fits a tensor of shape [3, 2] and strides"),
            0U)
      << refusal;
  EXPECT_NE(refusal.find("(at shape_test.cpp:"), std::string::npos) << refusal;
}

TEST(ViewTest, RearrangementsAreCopies) {
  const Tensor x = arange(6).reshape({2, 3});
  const std::vector<Tensor> copies = {
      roll(x, {0}, {0}), rot90(x, 4), repeat(x, {1, 1}), diag(x),
      pad(x, {0, 0}),    flip(x, {}), tril(x, 5),        pad(x, {0, 0}, PadMode::Replicate)};
  for (std::size_t i = 0; i < copies.size(); ++i) {
    EXPECT_FALSE(copies[i].impl()->storage == x.impl()->storage) << i;
  }
}

TEST(RearrangementTest, EveryDtypeIsTaken) {
  for (const DType dtype : {kBool, kUInt8, kInt64, kBFloat16, kFloat32, kFloat64}) {
    const Tensor x = tensor({{0, 1}, {1, 1}}).to(dtype);
    EXPECT_EQ(ints(flip(x, {1})), (std::vector{1, 0, 1, 1}));
    EXPECT_EQ(ints(tril(x)), (std::vector{0, 0, 1, 1}));
    EXPECT_EQ(ints(pad(x, {1, 0}, PadMode::Constant, 1)), (std::vector{1, 0, 1, 1, 1, 1}));
    EXPECT_EQ(ints(roll(x, {1})), (std::vector{1, 0, 1, 1}));
    EXPECT_EQ(pad(x, {1, 0}).dtype(), dtype);
  }
}

TEST(RearrangementTest, LargeTensorsAreSplitAmongThreads) {
  const Tensor x = ones({3, 200, 100});
  EXPECT_EQ(tril(x).sum().item<int>(), 3 * (100 * 101 / 2 + 100 * 100));
  EXPECT_EQ(triu(x, 1).sum().item<int>(), 3 * (100 * 99 / 2));
  const Tensor line = arange(100000);
  EXPECT_EQ(ints(slice(flip(line, {0}), 0, 0, 3)), (std::vector{99999, 99998, 99997}));
}

TEST(RearrangementTest, APadNumberMustFitTheDtype) {
  EXPECT_NE(message_of([] {
              pad(zeros({2}, kUInt8), {1, 1}, PadMode::Constant, 300);
            }).find("the number 300 does not fit into uint8"),
            std::string::npos);
}

TEST(JoiningTest, DtypesMeet) {
  EXPECT_EQ(cat({tensor({1, 2}), tensor({0.5})}).dtype(), kFloat32);
  EXPECT_EQ(stack({tensor(1), tensor(2.5, kFloat64)}).dtype(), kFloat64);
}

TEST(JoiningTest, PartsOfNothing) {
  EXPECT_EQ(split(zeros({0, 2}), 3).size(), 1U);
  EXPECT_EQ(chunk(zeros({0, 2}), 3).size(), 3U);
  EXPECT_TRUE(unbind(zeros({0, 2})).empty());
}

TEST(ConversionTest, FloatsWrapIntoBytesAsInPyTorch) {
  const Tensor x = tensor({300.7, -1.5, 255.9, 0.5});
  EXPECT_EQ(ints(x.to(kUInt8)), (std::vector{44, 255, 255, 0}));
}

}  // namespace
}  // namespace gradus
