// The fused fully connected layer against its parts, and the blocks of products.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/kernels/product.h"

namespace gradus {
namespace {

struct Case {
  std::int64_t rows, in, out;
};

Tensor random(const Shape& sizes, DType dtype = kFloat32) {
  static Generator generator(7);
  return (rand(sizes, kFloat32, generator) - 0.5).to(dtype);
}

Tensor unfused(const Tensor& x, const Tensor& w, const Tensor& b, Activation activation) {
  const Tensor y = linear(x, w, b);
  switch (activation) {
    case Activation::ReLU:
      return relu(y);
    case Activation::Sigmoid:
      return sigmoid(y);
    case Activation::Tanh:
      return tanh(y);
    default:
      return y;
  }
}

class LinearTest : public testing::TestWithParam<Case> {};

constexpr Activation kAll[] = {Activation::None, Activation::ReLU, Activation::Sigmoid,
                               Activation::Tanh};

TEST_P(LinearTest, AnActivationInOnePassHasTheBitsOfTwoPasses) {
  const auto [rows, in, out] = GetParam();
  for (const DType dtype : {kFloat32, kFloat64}) {
    const Tensor x = random({rows, in}, dtype);
    const Tensor g = random({rows, out}, dtype);
    for (const Activation activation : kAll) {
      std::vector<std::vector<double>> seen[2];
      for (const bool fused : {false, true}) {
        const Tensor inputs[] = {x.clone().requires_grad_(),
                                 random({out, in}, dtype).fill_(0).requires_grad_(),
                                 random({out}, dtype).fill_(0.125).requires_grad_()};
        {
          const NoGradGuard no_grad;
          Generator generator(3);
          inputs[1].copy_(rand({out, in}, dtype, generator) - 0.5);
        }
        const Tensor y = fused ? linear(inputs[0], inputs[1], inputs[2], activation)
                               : unfused(inputs[0], inputs[1], inputs[2], activation);
        y.backward(g);
        seen[fused ? 1 : 0].push_back(y.detach().to_vector<double>());
        for (const Tensor& each : inputs) seen[fused].push_back(each.grad().to_vector<double>());
      }
      EXPECT_EQ(seen[0], seen[1]) << static_cast<int>(activation);
    }
  }
}

TEST_P(LinearTest, ItsGradientsAreThoseOfTheProducts) {
  const auto [rows, in, out] = GetParam();
  const Tensor x = random({rows, in}).requires_grad_();
  const Tensor w = random({out, in}).requires_grad_();
  const Tensor b = random({out}).requires_grad_();
  const Tensor g = random({rows, out});
  linear(x, w, b, Activation::Tanh).backward(g);
  const auto exact = [](const Tensor& t) { return t.detach().to(kFloat64); };
  const Tensor y = tanh(matmul(exact(x), exact(w).t()) + exact(b));
  const Tensor inner = exact(g) * (1 - y * y);
  const auto expect_close = [](const Tensor& actual, const Tensor& expected, std::int64_t terms) {
    const Tensor off = (actual.to(kFloat64) - expected).abs();
    EXPECT_LE(off.max().item<double>(), 1e-6 * std::sqrt(static_cast<double>(terms)) + 1e-6);
  };
  expect_close(x.grad(), matmul(inner, exact(w)), out);
  expect_close(w.grad(), matmul(inner.t(), exact(x)), rows);
  expect_close(b.grad(), inner.sum({0}), rows);
}

TEST_P(LinearTest, OnlyTheGradientsAskedForAreComputed) {
  const auto [rows, in, out] = GetParam();
  for (int mask = 1; mask < 8; ++mask) {
    const Tensor all[] = {random({rows, in}), random({out, in}), random({out})};
    for (int i = 0; i < 3; ++i) {
      if ((mask >> i & 1) != 0) all[i].requires_grad_();
    }
    linear(all[0], all[1], all[2]).sum().backward();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(all[i].grad().defined(), (mask >> i & 1) != 0);
  }
}

TEST_P(LinearTest, HasTheSameBitsForAnyNumberOfThreads) {
  const auto [rows, in, out] = GetParam();
  const Tensor x = random({rows, in}).requires_grad_();
  const Tensor w = random({out, in}).requires_grad_();
  const Tensor b = random({out}).requires_grad_();
  const int before = num_threads();
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 3, 4, 8}) {
    set_num_threads(threads);
    for (const Tensor& each : {x, w, b}) each.set_grad({});
    const Tensor y = linear(x, w, b, Activation::ReLU);
    y.sum().backward();
    std::vector<std::vector<float>> bits = {y.detach().to_vector<float>()};
    for (const Tensor& each : {x, w, b}) bits.push_back(each.grad().to_vector<float>());
    if (threads == 1) first = bits;
    EXPECT_EQ(bits, first) << threads << " threads";
  }
  set_num_threads(before);
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearTest,
                         testing::Values(Case{1, 40, 50}, Case{3, 5, 7}, Case{64, 784, 256},
                                         Case{100, 300, 1}, Case{100, 28, 300}, Case{100, 300, 300},
                                         Case{64, 1, 80}, Case{2, 4096, 300}, Case{600, 130, 66}));

TEST(ProductTest, BlocksCoverTheResultForAnyLayout) {
  Generator generator(1);
  for (const Case& sizes : {Case{300, 200, 40}, Case{40, 200, 300}, Case{2000, 100, 160}}) {
    const Tensor a = random({sizes.rows, sizes.in});
    const Tensor b = random({sizes.in, sizes.out});
    const Tensor expected = matmul(a.to(kFloat64), b.to(kFloat64));
    for (int layout = 0; layout < 8; ++layout) {
      const auto flip = [&](const Tensor& t, int bit) {
        return (layout >> bit & 1) != 0 ? t.t().contiguous().t() : t;
      };
      const Tensor out = flip(full({sizes.rows, sizes.out}, 1e9), 2);
      const Tensor left = flip(a, 0);
      const Tensor right = flip(b, 1);
      kernels::Product(out.raw(), left.raw(), right.raw()).run();
      EXPECT_LE((out.to(kFloat64) - expected).abs().max().item<double>(), 1e-4) << layout;
    }
  }
}

}  // namespace
}  // namespace gradus
