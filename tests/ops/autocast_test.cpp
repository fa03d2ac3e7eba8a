// Mixed precision: which ops run in bfloat16, what stays float32, and how far results move.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <thread>

namespace gradus {
namespace {

class AutocastTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_native_bfloat16()) GTEST_SKIP() << "this CPU has no native bfloat16";
  }
};

Tensor random(const Shape& sizes) {
  static Generator generator(11);
  return rand(sizes, kFloat32, generator) - 0.5;
}

// The largest difference, relative to the largest value.
double distance(const Tensor& a, const Tensor& b) {
  const Tensor x = a.detach().to(kFloat64);
  const Tensor y = b.detach().to(kFloat64);
  return ((x - y).abs().max() / y.abs().max()).item<double>();
}

TEST_F(AutocastTest, ProductsGiveBfloat16AndLossesFloat32) {
  const Tensor x = random({8, 20});
  const Tensor w = random({20, 30});
  const AutocastGuard autocast;
  EXPECT_EQ(matmul(x, w).dtype(), kBFloat16);
  EXPECT_EQ(linear(x, w.t(), random({30})).dtype(), kBFloat16);
  EXPECT_EQ(relu(matmul(x, w)).dtype(), kBFloat16);
  EXPECT_EQ(softmax(matmul(x, w), 1).dtype(), kFloat32);
  EXPECT_EQ(cross_entropy(matmul(x, w), zeros({8}, kInt64)).dtype(), kFloat32);
  EXPECT_EQ((x + x).dtype(), kFloat32);
}

TEST_F(AutocastTest, Float64AndOtherThreadsAreLeftAlone) {
  const Tensor x = random({8, 20});
  const AutocastGuard autocast;
  EXPECT_EQ(matmul(x.to(kFloat64), random({20, 4}).to(kFloat64)).dtype(), kFloat64);
  DType other{};
  std::thread([&] { other = matmul(x, x.t()).dtype(); }).join();
  EXPECT_EQ(other, kFloat32);
  {
    const AutocastGuard off(false);
    EXPECT_EQ(matmul(x, x.t()).dtype(), kFloat32);
  }
  EXPECT_EQ(matmul(x, x.t()).dtype(), kBFloat16);
}

Tensor rounded(const Tensor& t) {
  return t.detach().to(kBFloat16).to(kFloat64);
}

// The gradient of what the activation was applied to.
Tensor inner_gradient(const Tensor& g, const Tensor& y, Activation activation) {
  if (activation == Activation::ReLU) return g * (y > 0).to(kFloat64);
  return activation == Activation::Tanh ? g * (1 - y * y) : g;
}

TEST_F(AutocastTest, GradientsAreExactSumsOfRoundedProducts) {
  for (const auto activation : {Activation::None, Activation::ReLU, Activation::Tanh}) {
    for (const std::int64_t rows : {1, 5, 64}) {
      const Tensor x = random({rows, 70}).requires_grad_();
      const Tensor w = random({40, 70}).requires_grad_();
      const Tensor b = random({40}).requires_grad_();
      const Tensor g = random({rows, 40});
      Tensor y;
      {
        const AutocastGuard autocast;
        y = linear(x, w, b, activation);
      }
      EXPECT_EQ(y.dtype(), kBFloat16);
      y.backward(g);
      const Tensor inner = rounded(inner_gradient(rounded(g), rounded(y), activation));
      for (const Tensor& leaf : {x, w, b}) EXPECT_EQ(leaf.grad().dtype(), kFloat32);
      EXPECT_LE(distance(w.grad(), matmul(inner.t(), rounded(x))), 1e-6);
      EXPECT_LE(distance(b.grad(), inner.sum({0})), 1e-6);
      EXPECT_LE(distance(x.grad(), matmul(inner, rounded(w))), 0.004);  // rounded to bfloat16
    }
  }
}

TEST_F(AutocastTest, GradientsOfGradientsWork) {
  const Tensor x = random({6, 10});
  const Tensor w = random({4, 10}).requires_grad_();
  Tensor y;
  {
    const AutocastGuard autocast;
    y = linear(x, w, {}, Activation::Tanh);
  }
  const Tensor first = grad({y.to(kFloat32).sum()}, {w}, {}, {.create_graph = true})[0];
  EXPECT_EQ(first.dtype(), kFloat32);
  const Tensor second = grad({first.sum()}, {w})[0];
  const Tensor exact_w = w.detach().clone().requires_grad_();
  const Tensor exact_first = grad({linear(x, exact_w, {}, Activation::Tanh).sum()}, {exact_w}, {},
                                  {.create_graph = true})[0];
  EXPECT_LE(distance(second, grad({exact_first.sum()}, {exact_w})[0]), 0.05);
}

TEST_F(AutocastTest, EmptyBatchesWork) {
  const Tensor w = random({4, 10}).requires_grad_();
  const AutocastGuard autocast;
  linear(random({0, 10}), w, random({4})).sum().backward();
  EXPECT_EQ(w.grad().to_vector<float>(), std::vector<float>(40, 0));
}

TEST_F(AutocastTest, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = random({300, 200});
  const Tensor w = random({260, 200});
  const Tensor b = random({260});
  const int before = num_threads();
  std::vector<float> first;
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    const AutocastGuard autocast;
    const auto bits = linear(x, w, b, Activation::ReLU).to_vector<float>();
    if (threads == 1) first = bits;
    EXPECT_EQ(bits, first);
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace gradus
