// Convolution, pooling, normalisation, dropout, attention: what golden cases cannot show.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

double worst(const Tensor& a, const Tensor& b) {
  return (a.to(kFloat64) - b.to(kFloat64)).abs().max().item<double>();
}

// Runs body under several thread counts; the bits of its results must not change.
template <class Body>
void expect_same_bits(Body body) {
  const int before = num_threads();
  set_num_threads(1);
  const auto one = body();
  for (const int threads : {2, 3, 8}) {
    set_num_threads(threads);
    EXPECT_EQ(body(), one) << threads << " threads";
  }
  set_num_threads(before);
}

std::vector<double> joined(const std::vector<Tensor>& tensors) {
  std::vector<double> all;
  for (const Tensor& each : tensors) {
    const auto values = each.to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// The gradients of a norm by its fused pass, and by the composition that create_graph takes.
template <class Norm>
void expect_fused_equals_composite(const Shape& sizes, const Shape& parameters, Norm norm) {
  const Tensor x = randn(sizes, kFloat64).requires_grad_();
  const Tensor weight = rand(parameters, kFloat64).requires_grad_();
  const Tensor bias = rand(parameters, kFloat64).requires_grad_();
  const Tensor g = randn(sizes, kFloat64);
  const auto gradients = [&](bool composite) {
    return grad({norm(x, weight, bias)}, {x, weight, bias}, {g}, {.create_graph = composite}, true);
  };
  const auto fused = gradients(false);
  const auto composite = gradients(true);
  for (std::size_t i = 0; i < 3; ++i) {
    if (!fused[i].defined()) continue;
    EXPECT_LT(worst(fused[i], composite[i].detach()), 1e-12) << i;
  }
}

TEST(NormTest, TheFusedGradientsEqualTheComposites) {
  expect_fused_equals_composite({6, 5, 7}, {5, 7}, [](auto& x, auto& w, auto& b) {
    return layer_norm(x, {5, 7}, w, b);
  });
  expect_fused_equals_composite({6, 4, 3, 5}, {4},
                                [](auto& x, auto& w, auto& b) { return group_norm(x, 2, w, b); });
  expect_fused_equals_composite({4, 9}, {9},
                                [](auto& x, auto& w, auto&) { return rms_norm(x, {9}, w); });
}

// Values and gradients of two ways to compute the same, bit by bit.
template <class One, class Other>
void expect_same_results(const std::vector<Tensor>& inputs, One one, Other other) {
  std::vector<Tensor> leaves;
  for (const Tensor& each : inputs) leaves.push_back(each.detach().requires_grad_());
  const Tensor y = one(leaves);
  const Tensor expected = other(leaves);
  EXPECT_EQ(y.to_vector<double>(), expected.to_vector<double>());
  const Tensor g = randn(y.sizes());
  const auto gradients = [&](const Tensor& of) {
    return joined(grad(std::vector{of}, leaves, std::vector{g}));
  };
  EXPECT_EQ(gradients(y), gradients(expected));
}

TEST(NormTest, BatchNormWithReluEqualsTheOpsInTurn) {
  const BatchNormOptions training{.training = true};
  for (const Shape& sizes : {Shape{6, 20, 9, 7}, Shape{50, 3}, Shape{64, 16, 32, 32}}) {
    const Shape channels = {sizes[1]};
    const std::vector<Tensor> three = {randn(sizes), rand(channels) + 0.5, randn(channels)};
    expect_same_results(
        three,
        [&](const auto& in) { return batch_norm_relu(in[0], {}, {}, in[1], in[2], {}, training); },
        [&](const auto& in) { return relu(batch_norm(in[0], {}, {}, in[1], in[2], training)); });
    std::vector<Tensor> four = three;
    four.push_back(randn(sizes));
    expect_same_results(
        four,
        [&](const auto& in) {
          return batch_norm_relu(in[0], {}, {}, in[1], in[2], in[3], training);
        },
        [&](const auto& in) {
          return relu(batch_norm(in[0], {}, {}, in[1], in[2], training) + in[3]);
        });
  }
}

TEST(NormTest, StatisticsOfFloatsAreThoseOfDoubles) {
  for (const double mean : {0.0, 1000.0}) {
    const Tensor x = (randn({40, 5, 20, 20}, kFloat64) + mean).to(kFloat32);
    const Tensor running_mean = zeros({5}, kFloat64);
    const Tensor running_var = ones({5}, kFloat64);
    const Tensor means = zeros({5});
    const Tensor variances = ones({5});
    const BatchNormOptions all{.training = true, .momentum = 1};
    (void)batch_norm(x.to(kFloat64), running_mean, running_var, {}, {}, all);
    (void)batch_norm(x, means, variances, {}, {}, all);
    EXPECT_LE(worst(means, running_mean), 1e-7 * (1 + mean));
    EXPECT_LE(worst(variances, running_var), 3e-7);
  }
}

TEST(NormTest, BatchNormHasTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = randn({70, 24, 20, 20}).requires_grad_();
  const Tensor weight = rand({24}).requires_grad_();
  const Tensor bias = randn({24}).requires_grad_();
  const Tensor r = randn({70, 24, 20, 20}).requires_grad_();
  const Tensor g = randn({70, 24, 20, 20});
  expect_same_bits([&] {
    const Tensor y = batch_norm_relu(x, {}, {}, weight, bias, r, {.training = true});
    std::vector<Tensor> all = grad({y}, {x, weight, bias, r}, {g});
    all.push_back(y.detach());
    return joined(all);
  });
}

TEST(NormTest, HaveTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = randn({300, 8, 40}).requires_grad_();
  const Tensor weight = rand({8, 40}).requires_grad_();
  const Tensor channels = rand({8}).requires_grad_();
  const Tensor g = randn({300, 8, 40});
  expect_same_bits([&] {
    return joined(grad({layer_norm(x, {8, 40}, weight)}, {x, weight}, {g}));
  });
  expect_same_bits([&] { return joined(grad({group_norm(x, 4, channels)}, {x, channels}, {g})); });
  expect_same_bits([&] { return joined(grad({softmax(x, -1)}, {x}, {g})); });
}

TEST(NormTest, SmallNumbersOnALargeMeanKeepTheirPrecision) {
  const Tensor x = randn({4, 1000}, kFloat64);
  const Tensor far = (x + 1000).to(kFloat32);
  const double step = std::ldexp(1, -14);  // of float32 at 1000; the mean is rounded to it
  EXPECT_LT(worst(layer_norm(far, {1000}), layer_norm(far.to(kFloat64), {1000})), step / 2 + 1e-5);
}

TEST(SoftmaxTest, ItsFloat32PowersAreThoseOfFloat64) {
  const Tensor x = (arange(0, 20000).to(kFloat64) * -0.006).reshape({1, 20000}).to(kFloat32);
  const Tensor exact = softmax(x.to(kFloat64), 1);
  const Tensor off = (softmax(x, 1).to(kFloat64) - exact).abs() - exact * 5e-7;
  EXPECT_LE(off.max().item<double>(), 1e-38);
}

TEST(SoftmaxTest, AColumnEqualsARow) {
  const Tensor x = randn({5, 7, 3});
  EXPECT_EQ(worst(softmax(x, 1), softmax(x.transpose(1, 2), 2).transpose(1, 2)), 0);
  EXPECT_EQ(softmax(tensor({1, 2}), 0).dtype(), kFloat32);
  EXPECT_EQ(softmax(tensor({1, 2}), 0, kFloat64).dtype(), kFloat64);
}

TEST(SoftmaxTest, MaskedRowsAreZerosWithoutGradient) {
  const Tensor x = tensor({{-INFINITY, -INFINITY}, {0.0F, -INFINITY}}).requires_grad_();
  const Tensor y = masked_softmax(x, 1);
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{0, 0, 1, 0}));
  (y * tensor({{1.0, 2.0}, {3.0, 4.0}})).sum().backward();
  EXPECT_EQ(x.grad().to_vector<float>(), std::vector<float>(4, 0));
  EXPECT_TRUE(std::isnan(softmax(x, 1).to_vector<float>()[0]));
}

TEST(NormalizeTest, ZerosStayZerosWithZeroGradient) {
  for (const double p : {1.0, 2.0, 3.0, static_cast<double>(INFINITY)}) {
    const Tensor x = zeros({2, 3}, kFloat64).requires_grad_();
    const Tensor y = normalize(x, p, 1, 1.0);
    EXPECT_EQ(y.to_vector<double>(), std::vector<double>(6, 0));
    y.sum().backward();
    EXPECT_EQ(x.grad().to_vector<double>(), std::vector<double>(6, 1)) << p;
  }
}

TEST(ConvTest, IntegersAreTakenAsFloat32) {
  const Tensor x = arange(0, 16).reshape({1, 1, 4, 4});
  const Tensor y = conv2d(x, ones({1, 1, 2, 2}, kInt64));
  EXPECT_EQ(y.dtype(), kFloat32);
  EXPECT_EQ(y.to_vector<float>()[0], 10);
  EXPECT_EQ(avg_pool2d(x, 2).to_vector<float>()[0], 2.5F);
}

TEST(ConvTest, ATransposeIsTheGradientOfItsConvolution) {
  const Tensor x = randn({2, 3, 9, 8}).requires_grad_();
  const Tensor weight = randn({4, 3, 3, 2});
  const Tensor y = conv2d(x, weight, {}, {.stride = {2, 3}, .padding = {1, 0}});
  const Tensor g = randn(y.sizes());
  const Tensor back = conv_transpose2d(
      g, weight, {}, {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {0, 0}});
  EXPECT_EQ(back.sizes(), x.sizes());
  EXPECT_EQ(worst(back, grad({y}, {x}, {g})[0]), 0);
}

TEST(ConvTest, WordsForPaddingAreSameAndValid) {
  EXPECT_THROW(Padding("full"), ValueError);
  EXPECT_TRUE(Padding("same").is_same());
  EXPECT_EQ(Padding("valid").sizes(), (kernels::Pair{0, 0}));
}

TEST(PoolTest, IndicesLeadBackToTheValues) {
  const Tensor x = randn({2, 3, 7, 6});
  const auto [values, indices] = max_pool2d_with_indices(x, 3, {.stride = 2, .padding = 1});
  const Tensor read = x.reshape({2, 3, 42}).gather(2, indices.reshape({2, 3, 12}));
  EXPECT_EQ(worst(read, values.reshape({2, 3, 12})), 0);
  EXPECT_EQ(max_pool2d_with_indices(x.slice(0, 0, 1).reshape({3, 7, 6}), 2).second.sizes(),
            (Shape{3, 3, 3}));
}

TEST(PoolTest, WithReluItEqualsTheOpsInTurn) {
  for (const Shape& sizes : {Shape{3, 20, 8, 6}, Shape{2, 5, 9, 7}, Shape{2, 32, 28, 28}}) {
    for (const auto& [kernel, options] :
         {std::pair(2, MaxPool2dOptions{}), std::pair(3, MaxPool2dOptions{}),
          std::pair(3, MaxPool2dOptions{.stride = 2, .padding = 1})}) {
      const Pair by = kernel;
      const MaxPool2dOptions o = options;
      const Tensor x = (randn(sizes) * 4).floor();  // ties, and zeros
      x.data_ptr<float>()[17] = NAN;
      const Tensor a = x.clone().requires_grad_();
      const Tensor b = x.clone().requires_grad_();
      const Tensor y = relu_max_pool2d(a, by, o);
      const Tensor expected = max_pool2d(relu(b), by, o);
      EXPECT_TRUE(y.equal(expected) || y.nan_to_num(-7).equal(expected.nan_to_num(-7)));
      const Tensor g = randn(y.sizes());
      EXPECT_EQ(joined(grad({y}, {a}, {g})), joined(grad({expected}, {b}, {g})));
    }
  }
}

TEST(PoolTest, WindowsOfMoreThan256PlacesWork) {
  const Tensor x = arange(0, 1200).to(kFloat32).reshape({1, 1, 40, 30}).requires_grad_();
  const Tensor y = adaptive_max_pool2d(x, {2, 1});
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{599, 1199}));
  y.sum().backward();
  EXPECT_EQ(x.grad().sum().item<float>(), 2);
  EXPECT_EQ(x.grad().to_vector<float>()[599], 1);
}

TEST(PoolTest, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = randn({9, 20, 15, 14}).requires_grad_();
  expect_same_bits([&] {
    const Tensor y = avg_pool2d(x, 3, {.stride = 2}) + max_pool2d(x, 3, {.stride = 2});
    return joined({y.detach(), grad({y}, {x}, {ones(y.sizes())})[0]});
  });
}

TEST(DropoutTest, OneDropsAllAndItsGradient) {
  const Tensor x = rand({3, 4}).requires_grad_();
  for (const Tensor& y : {dropout(x, 1), alpha_dropout(x, 1, true)}) {
    EXPECT_EQ(y.to_vector<float>(), std::vector<float>(12, 0));
    EXPECT_EQ(grad({y.sum()}, {x})[0].to_vector<float>(), std::vector<float>(12, 0));
  }
}

TEST(DropoutTest, ElementsOfAChannelShareTheirFate) {
  Generator generator(3);
  const Tensor y = dropout2d(ones({8, 16, 2, 2}), 0.25, true, generator);
  const Tensor least = y.reshape({128, 4}).sum(Shape{1}) / 4;
  int dropped = 0;
  for (const float value : least.to_vector<float>()) {
    EXPECT_TRUE(value == 0 || std::abs(value - 4.0F / 3) < 1e-6F) << value;
    if (value == 0) ++dropped;
  }
  EXPECT_NEAR(dropped, 32, 15);
}

TEST(DropoutTest, AlphaDropoutKeepsMeanAndVariance) {
  Generator generator(3);
  const Tensor x = randn({100000}, kFloat64, generator);
  const Tensor y = alpha_dropout(x, 0.3, true, generator);
  const double mean = y.mean().item<double>();
  EXPECT_NEAR(mean, 0, 0.02);
  EXPECT_NEAR((y * y).mean().item<double>() - mean * mean, 1, 0.02);
  EXPECT_TRUE(alpha_dropout(x, 0.3).is_same(x));
}

TEST(AttentionTest, DropoutScalesTheWeights) {
  Generator generator(5);
  const Tensor q = zeros({1, 64, 2});
  const Tensor v = ones({1, 64, 1});
  const Tensor y = scaled_dot_product_attention(q, q, v, {}, {.dropout_p = 0.5}, generator);
  EXPECT_NEAR(y.mean().item<double>(), 1, 0.1);
  EXPECT_GT((y - 1).abs().max().item<double>(), 0.05);
}

}  // namespace
}  // namespace gradus
