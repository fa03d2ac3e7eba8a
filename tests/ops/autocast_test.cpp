// Mixed precision: which ops run in bfloat16, what stays float32, and how far results move.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <thread>

namespace gradus {
namespace {

// On a CPU without bfloat16 of its own it is emulated.
struct Autocasting : AutocastGuard {
  explicit Autocasting(bool enabled = true) : AutocastGuard(enabled, WithoutBfloat16::Emulated) {}
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

TEST(AutocastTest, ProductsGiveBfloat16AndLossesFloat32) {
  const Tensor x = random({8, 20});
  const Tensor w = random({20, 30});
  const Autocasting autocast;
  EXPECT_EQ(matmul(x, w).dtype(), kBFloat16);
  EXPECT_EQ(linear(x, w.t(), random({30})).dtype(), kBFloat16);
  EXPECT_EQ(relu(matmul(x, w)).dtype(), kBFloat16);
  EXPECT_EQ(softmax(matmul(x, w), 1).dtype(), kFloat32);
  EXPECT_EQ(cross_entropy(matmul(x, w), zeros({8}, kInt64)).dtype(), kFloat32);
  EXPECT_EQ((x + x).dtype(), kFloat32);
}

TEST(AutocastTest, Float64AndOtherThreadsAreLeftAlone) {
  const Tensor x = random({8, 20});
  const Autocasting autocast;
  EXPECT_EQ(matmul(x.to(kFloat64), random({20, 4}).to(kFloat64)).dtype(), kFloat64);
  DType other{};
  std::thread([&] { other = matmul(x, x.t()).dtype(); }).join();
  EXPECT_EQ(other, kFloat32);
  {
    const Autocasting off(false);
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

TEST(AutocastTest, GradientsAreExactSumsOfRoundedProducts) {
  for (const auto activation : {Activation::None, Activation::ReLU, Activation::Tanh}) {
    for (const std::int64_t rows : {1, 5, 64}) {
      const Tensor x = random({rows, 70}).requires_grad_();
      const Tensor w = random({40, 70}).requires_grad_();
      const Tensor b = random({40}).requires_grad_();
      const Tensor g = random({rows, 40});
      Tensor y;
      {
        const Autocasting autocast;
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

TEST(AutocastTest, GradientsOfGradientsWork) {
  const Tensor x = random({6, 10});
  const Tensor w = random({4, 10}).requires_grad_();
  Tensor y;
  {
    const Autocasting autocast;
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

TEST(AutocastTest, ConvolutionsGiveBfloat16AndGradientsOfFloat32) {
  const Tensor x = random({3, 8, 9, 9}).requires_grad_();
  const Tensor w = random({16, 8, 3, 3}).requires_grad_();
  const Tensor b = random({16}).requires_grad_();
  const Tensor g = random({3, 16, 9, 9});
  Tensor y;
  {
    const Autocasting autocast;
    y = conv2d(x, w, b, {.padding = 1});
    EXPECT_EQ(conv_transpose2d(y, random({16, 4, 3, 3})).dtype(), kFloat32);
  }
  EXPECT_EQ(y.dtype(), kBFloat16);
  EXPECT_LE(distance(y, conv2d(rounded(x), rounded(w), b.to(kFloat64), {.padding = 1})), 0.004);
  y.backward(g);
  for (const Tensor& leaf : {x, w, b}) EXPECT_EQ(leaf.grad().dtype(), kFloat32);
  const ConvGeometry same{.padding = {1, 1}};
  EXPECT_LE(distance(w.grad(), conv2d_weight_grad(rounded(g), rounded(x), w.sizes(), same)), 1e-6);
  EXPECT_LE(distance(b.grad(), rounded(g).sum({0, 2, 3})), 1e-6);
  EXPECT_LE(distance(x.grad(), conv2d_input_grad(rounded(g), rounded(w), x.sizes(), same)), 0.004);
}

TEST(AutocastTest, AttentionTakesAndGivesBfloat16) {
  const Tensor qkv = random({2, 5, 24}).requires_grad_();
  const Tensor q = random({2, 5, 8});
  Tensor y;
  {
    const Autocasting autocast;
    y = self_attention(qkv, 2);
    EXPECT_EQ(scaled_dot_product_attention(q, q, q).dtype(), kBFloat16);
  }
  EXPECT_EQ(y.dtype(), kBFloat16);
  EXPECT_LE(distance(y, self_attention(rounded(qkv), 2)), 0.004);
  y.backward(random({2, 5, 8}));
  EXPECT_EQ(qkv.grad().dtype(), kFloat32);
}

// What batch norm gives in float32 for the same numbers, rounded: the statistics, parameters and
// their gradients are float32 throughout.
TEST(AutocastTest, BatchNormKeepsBfloat16AndComputesInFloat32) {
  const Tensor x = random({4, 19, 5, 3}).to(kBFloat16);
  const Tensor added = random({4, 19, 5, 3}).to(kBFloat16);
  const Tensor g = random({4, 19, 5, 3}).to(kBFloat16);
  const auto run = [&](bool mixed) {
    const DType dtype = mixed ? kBFloat16 : kFloat32;
    const Tensor in = x.to(dtype).clone().requires_grad_();
    const Tensor w = (random({19}).zero_() + 1.25).requires_grad_();
    const Tensor b = (random({19}).zero_() + 0.125).requires_grad_();
    const Tensor mean = zeros({19});
    const Tensor variance = ones({19});
    Tensor y;
    {
      const Autocasting autocast(mixed);
      y = batch_norm(in, mean, variance, w, b, {.training = true});
    }
    EXPECT_EQ(y.dtype(), dtype);
    y.backward(g.to(dtype));
    return std::vector{y.detach(), in.grad(), w.grad(), b.grad(), mean, variance};
  };
  const std::vector<Tensor> found = run(true);
  const std::vector<Tensor> wanted = run(false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].dtype(), i < 2 ? kBFloat16 : kFloat32);
    EXPECT_TRUE(equal(found[i], wanted[i].to(found[i].dtype()))) << i;
  }
}

TEST(AutocastTest, BatchNormReluTakesAResidualOfEitherDtype) {
  const Tensor x = random({6, 8, 3, 3}).to(kBFloat16).requires_grad_();
  const Tensor w = ones({8}).requires_grad_();
  const Tensor b = zeros({8}).requires_grad_();
  const Tensor single = random({6, 8, 3, 3}).requires_grad_();
  Tensor y;
  {
    const Autocasting autocast;
    y = batch_norm_relu(x, {}, {}, w, b, single, {.training = true});
  }
  EXPECT_EQ(y.dtype(), kBFloat16);
  const Tensor normed = batch_norm(x.detach().to(kFloat32), {}, {}, w, b, {.training = true});
  const Tensor half = single.detach().to(kBFloat16);
  EXPECT_TRUE(equal(y.detach(), relu(normed.detach().to(kBFloat16) + half)));
  const Tensor g = random({6, 8, 3, 3}).to(kBFloat16);
  y.backward(g);
  const Tensor masked = (g.to(kFloat32) * (y.detach() > 0).to(kFloat32));
  EXPECT_TRUE(equal(single.grad(), masked));
  EXPECT_LE(distance(b.grad(), masked.to(kFloat64).sum({0, 2, 3})), 1e-6);
  EXPECT_EQ(x.grad().dtype(), kBFloat16);
}

TEST(AutocastTest, BatchNormInEvaluationKeepsBfloat16) {
  const Tensor x = random({6, 8, 3, 3}).to(kBFloat16).requires_grad_();
  const Tensor w = random({8}).requires_grad_();
  const Tensor b = random({8}).requires_grad_();
  const Tensor mean = random({8});
  const Tensor variance = random({8}) + 1;
  const Autocasting autocast;
  const Tensor y = batch_norm(x, mean, variance, w, b);
  EXPECT_EQ(y.dtype(), kBFloat16);
  const Tensor wide = x.detach().to(kFloat32);
  EXPECT_TRUE(equal(y.detach(), batch_norm(wide, mean, variance, w, b).detach().to(kBFloat16)));
  y.backward(ones_like(y));
  EXPECT_EQ(x.grad().dtype(), kBFloat16);
  EXPECT_LE(distance(b.grad(), full({8}, 54.0)), 1e-6);
}

TEST(AutocastTest, GradientsOfGradientsOfBatchNormWork) {
  const Tensor x = random({6, 4, 3, 3});
  const auto penalty = [&](bool mixed) {
    const Tensor in = x.to(mixed ? kBFloat16 : kFloat32).clone().requires_grad_();
    const Tensor w = ones({4}).requires_grad_();
    Tensor y;
    {
      const Autocasting autocast(mixed);
      y = batch_norm(in, {}, {}, w, zeros({4}), {.training = true});
    }
    const Tensor first = grad({y.to(kFloat32).pow(3).sum()}, {in}, {}, {.create_graph = true})[0];
    return grad({first.to(kFloat32).square().sum()}, {w})[0];
  };
  EXPECT_LE(distance(penalty(true), penalty(false)), 0.05);
}

TEST(AutocastTest, GradientsOfGradientsOfConvolutionsWork) {
  const Tensor x = random({2, 3, 6, 6});
  const Tensor w = random({4, 3, 3, 3}).requires_grad_();
  const auto penalty = [&](bool mixed) {
    Tensor y;
    {
      const Autocasting autocast(mixed);
      y = conv2d(x, w).to(kFloat32).square();
    }
    const Tensor first = grad({y.sum()}, {w}, {}, {.create_graph = true})[0];
    EXPECT_EQ(first.dtype(), kFloat32);
    return grad({first.square().sum()}, {w})[0];
  };
  EXPECT_LE(distance(penalty(true), penalty(false)), 0.05);
}

// A backward pass keeps to the forward's dtypes, also where the scope still lasts.
TEST(AutocastTest, BackwardWithinTheScopeIsThatOutsideOfIt) {
  const int before = num_threads();
  for (const int threads : {1, 4}) {
    set_num_threads(threads);
    const auto gradients = [&](bool within) {
      Generator generator(2);
      const Tensor x = rand({2, 8, 40, 40}, kFloat32, generator).requires_grad_();
      const Tensor w = rand({8, 8, 3, 3}, kFloat32, generator).requires_grad_();
      const Autocasting autocast;
      const Tensor y = (conv_transpose2d(x, w) * conv2d(x, w, {}, {.padding = 2})).sum();
      const Autocasting after(within);
      y.backward();
      return std::pair(x.grad().to_vector<float>(), w.grad().to_vector<float>());
    };
    EXPECT_EQ(gradients(true), gradients(false));
  }
  set_num_threads(before);
}

TEST(AutocastTest, CheckpointsRunAgainInTheSamePrecision) {
  const auto gradients = [](bool checkpointed) {
    Generator generator(2);
    const Tensor x = rand({2, 3, 8, 8}, kFloat32, generator).requires_grad_();
    const Tensor w = rand({4, 3, 3, 3}, kFloat32, generator).requires_grad_();
    const auto block = [&](const Tensor& in) { return relu(conv2d(tanh(in), w)) * 2; };
    Tensor y;
    {
      const Autocasting autocast;
      y = checkpointed ? checkpoint(block, x) : block(x);
    }
    y.to(kFloat32).sum().backward();
    return std::pair(x.grad().to_vector<float>(), w.grad().to_vector<float>());
  };
  EXPECT_EQ(gradients(true), gradients(false));
}

TEST(AutocastTest, WithoutBfloat16EverythingStaysFloat32UnlessEmulated) {
  const Tensor x = random({40, 40});
  const AutocastGuard autocast;
  EXPECT_EQ(matmul(x, x).dtype(), has_native_bfloat16() ? kBFloat16 : kFloat32);
  const Autocasting emulated;
  EXPECT_EQ(matmul(x, x).dtype(), kBFloat16);
}

TEST(AutocastTest, EmptyBatchesWork) {
  const Tensor w = random({4, 10}).requires_grad_();
  const Autocasting autocast;
  linear(random({0, 10}), w, random({4})).sum().backward();
  EXPECT_EQ(w.grad().to_vector<float>(), std::vector<float>(40, 0));
}

TEST(AutocastTest, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = random({300, 200});
  const Tensor w = random({260, 200});
  const Tensor b = random({260});
  const int before = num_threads();
  std::vector<float> first;
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    const Autocasting autocast;
    const auto bits = linear(x, w, b, Activation::ReLU).to_vector<float>();
    if (threads == 1) first = bits;
    EXPECT_EQ(bits, first);
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace gradus
