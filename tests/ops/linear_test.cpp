// Products: what golden cases cannot show.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

TEST(AddmmTest, BetaZeroIgnoresEvenNaN) {
  const Tensor product = addmm(full({2}, NAN), ones({3, 4}), ones({4, 2}), {.beta = 0});
  EXPECT_EQ(product.to_vector<float>(), std::vector<float>(6, 4));
}

TEST(CosineSimilarityTest, OfZerosIsZeroWithoutGradient) {
  const Tensor x = zeros({1, 3}).requires_grad_();
  const Tensor y = cosine_similarity(x, x);
  EXPECT_EQ(y.item<float>(), 0);
  y.backward();
  EXPECT_EQ(x.grad().to_vector<float>(), std::vector<float>(3, 0));
}

TEST(ProductTest, ABatchTimesAMatrixIsOneProductForGradientsToo) {
  const Tensor a = randn({3, 4, 5}, kFloat64).requires_grad_();
  const Tensor b = randn({5, 2}, kFloat64).requires_grad_();
  const Tensor folded = matmul(a, b);
  const Tensor spread = matmul(a.transpose(0, 1).contiguous().transpose(0, 1), b);
  EXPECT_LT((folded - spread).abs().max().item<double>(), 1e-14);
  const Tensor g = randn({3, 4, 2}, kFloat64);
  const auto of = [&](const Tensor& y) { return grad({y}, {a, b}, {g}, {.retain_graph = true}); };
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_LT((of(folded)[i] - of(spread)[i]).abs().max().item<double>(), 1e-13);
  }
}

TEST(EinsumTest, WithoutProductsGivesViews) {
  const Tensor x = zeros({3, 3});
  einsum("ii->i", {x}).fill_(1);
  EXPECT_EQ(x.sum().item<float>(), 3);
  EXPECT_EQ(x.to_vector<float>()[4], 1);
}

TEST(EinsumTest, IntegersStayIntegers) {
  const Tensor x = tensor({{1, 2}, {3, 4}});
  EXPECT_EQ(einsum("ij,kj->ik", {x, x}).dtype(), kInt64);
  EXPECT_EQ(einsum("ij,kj->ik", {x, x}).to_vector<int>(), (std::vector<int>{5, 11, 11, 25}));
}

TEST(EinsumTest, ManyLettersNeedFewDims) {
  const Tensor m = ones({2, 2});
  const Tensor chain = einsum("ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak", {m, m, m, m, m, m, m, m, m, m});
  EXPECT_EQ(chain.to_vector<float>(), std::vector<float>(4, 512));
}

TEST(EinsumTest, AnEmptyListOfOperandsIsRefused) {
  EXPECT_THROW(einsum("", std::span<const Tensor>()), ValueError);
}

}  // namespace
}  // namespace gradus
