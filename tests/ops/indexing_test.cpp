// Reading and writing at indices: what golden values do not show.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using indexing::Ellipsis;
using indexing::None;
using indexing::Slice;
using test::message_of;

std::vector<int> ints(const Tensor& x) {
  return x.to_vector<int>();
}

TEST(IndexTest, BasicIndicesGiveViews) {
  const Tensor x = arange(24).reshape({2, 3, 4});
  const Tensor view = index(x, {1, Slice(None, None, 2), Ellipsis, None, -1});
  EXPECT_EQ(view.sizes(), (Shape{2, 1}));
  EXPECT_EQ(view.impl()->storage, x.impl()->storage);
  EXPECT_EQ(ints(view), (std::vector{15, 23}));
  view.fill_(-1);
  EXPECT_EQ(x.to_vector<int>()[15], -1);
  EXPECT_EQ(index(x, {tensor(1)}).impl()->storage, x.impl()->storage);
  EXPECT_EQ(index(x, {Slice(), Slice(1, 3)}).sizes(), (Shape{2, 2, 4}));
}

TEST(IndexTest, TensorsGiveCopies) {
  const Tensor x = arange(6).reshape({2, 3});
  const Tensor picked = index(x, {tensor({0, 1})});
  EXPECT_FALSE(picked.impl()->storage == x.impl()->storage);
  EXPECT_EQ(ints(index(x, {x > 3})), (std::vector{4, 5}));
  EXPECT_EQ(index(x, {x > 9}).sizes(), (Shape{0}));
}

TEST(IndexTest, EveryDtypeIsTaken) {
  for (const DType dtype : {kBool, kUInt8, kInt64, kBFloat16, kFloat32, kFloat64}) {
    const Tensor x = tensor({{0, 1}, {1, 0}}).to(dtype);
    const Tensor at = tensor({{1}, {0}});
    EXPECT_EQ(ints(index(x, {tensor({1, 1, 0}), tensor({0, 1, 1})})), (std::vector{1, 0, 1}));
    EXPECT_EQ(ints(gather(x, 1, at)), (std::vector{1, 1}));
    EXPECT_EQ(ints(index_put(x, {0}, ones({}, dtype))), (std::vector{1, 1, 1, 0}));
    EXPECT_EQ(ints(scatter(x, 1, at, 0)), (std::vector{0, 0, 0, 0}));
    EXPECT_EQ(index_select_backward(x, {3, 2}, 0, tensor({2, 2})).dtype(), dtype);
  }
}

TEST(IndexTest, TheIndexMayChangeAfterwards) {
  const Tensor x = ones({3, 2}, kFloat64).requires_grad_();
  const Tensor at = tensor({2, 2});
  const Tensor y = index(x, {at}).sum();
  at.fill_(0);
  y.backward();
  EXPECT_EQ(ints(x.grad()), (std::vector{0, 0, 0, 0, 2, 2}));
  const Tensor again = index_select(x, 0, at);
  at.fill_(1);
  EXPECT_NE(message_of([&] { again.sum().backward(); }).find("fill_"), std::string::npos);
}

TEST(IndexTest, TheLastOfSeveralWritesStays) {
  EXPECT_EQ(ints(index_put(zeros({2}, kInt64), {tensor({1, 1, 1})}, tensor({7, 8, 9}))),
            (std::vector{0, 9}));
  EXPECT_EQ(ints(scatter(zeros({2}, kInt64), 0, tensor({1, 0, 1}), tensor({7, 8, 9}))),
            (std::vector{8, 9}));
}

TEST(IndexTest, ErrorsNameTheIndexTheDimAndThePlace) {
  const Tensor x = zeros({4, 3});
  const std::string advanced = message_of([&] { index(x, {Slice(), tensor({0, 7})}); });
  EXPECT_EQ(advanced.find("index: index 7 is out of range for dim 1 of size 3 (at indexing_test"),
            0U)
      << advanced;
  const std::string rows = message_of([&] { embedding(x, tensor({9})); });
  EXPECT_EQ(rows.find("embedding: index 9 is out of range for dim 0 of size 4 (at indexing_test"),
            0U)
      << rows;
  EXPECT_NE(message_of([&] { index(x, {zeros({4}, kUInt8)}); }).find("int64 or bool, got uint8"),
            std::string::npos);
  EXPECT_NE(message_of([&] {
              index_put(x, {0}, tensor({1, 2, 3}));
            }).find("cannot write int64"),
            std::string::npos);
}

// As the sums of bf16 values would be in bf16, 256 + 1 would stay 256.
TEST(IndexTest, SumsOfBFloat16AreNotRoundedOnTheWay) {
  const Tensor many = ones({300, 1}, kBFloat16);
  const Tensor at = zeros({300}, kInt64);
  EXPECT_EQ(index_add(zeros({2, 1}, kBFloat16), 0, at, many).to_vector<float>()[0], 300);
  EXPECT_EQ(gather_backward(many, {2, 1}, 0, at.reshape({300, 1})).to_vector<float>()[0], 300);
  EXPECT_EQ(embedding_backward(many, at, 2).to_vector<float>()[0], 300);
}

TEST(IndexTest, PaddingRowsReceiveNoGradient) {
  const Tensor weight = ones({3, 2}, kFloat64).requires_grad_();
  embedding(weight, tensor({0, 2, 2}), -1).sum().backward();
  EXPECT_EQ(ints(weight.grad()), (std::vector{1, 1, 0, 0, 0, 0}));
}

class Threads : public testing::TestWithParam<int> {
 protected:
  void TearDown() override { set_num_threads(before_); }
  int before_ = num_threads();
};

// Sums over many equal indices, large enough to be split among threads in every way there is.
TEST_P(Threads, DoNotChangeABit) {
  const std::int64_t rows = 300;
  const auto sums = [&](std::int64_t inner) {
    Generator seeded(5);
    const Tensor at = randint(0, rows, {2000}, kInt64, seeded);
    const Tensor values = randn({2000, inner}, kFloat32, seeded);
    const Tensor wide = randint(0, rows, {2000, inner}, kInt64, seeded);
    std::vector<Tensor> results = {embedding_backward(values, at, rows),
                                   gather_backward(values, {rows, inner}, 0, wide),
                                   gather_backward(values.t(), {inner, rows}, 1, wide.t()),
                                   index_copy(zeros({rows, inner}), 0, at, values),
                                   scatter(zeros({rows, inner}), 0, wide, values)};
    return results;
  };
  // The same in the plainest way: element by element, in order.
  const auto plain = [&](const Tensor& values, const Tensor& at) {
    std::vector<float> result(static_cast<std::size_t>(rows * values.size(1)), 0.0F);
    const auto v = values.to_vector<float>();
    const auto p = at.to_vector<std::size_t>();
    const auto inner = static_cast<std::size_t>(values.size(1));
    for (std::size_t i = 0; i < v.size(); ++i) result[p[i / inner] * inner + i % inner] += v[i];
    return result;
  };
  for (const std::int64_t inner : {1, 40, 700}) {
    set_num_threads(1);
    const auto expected = sums(inner);
    set_num_threads(GetParam());
    const auto actual = sums(inner);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(actual[i].to_vector<float>(), expected[i].to_vector<float>()) << inner << " " << i;
    }
    Generator seeded(5);
    const Tensor at = randint(0, rows, {2000}, kInt64, seeded);
    const Tensor values = randn({2000, inner}, kFloat32, seeded);
    EXPECT_EQ(actual[0].to_vector<float>(), plain(values, at)) << inner;
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, testing::Values(2, 3, 8));

}  // namespace
}  // namespace gradus
