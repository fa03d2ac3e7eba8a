// oneDNN's matrix products and convolutions against the naive loops, and their independence of the
// number of threads.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/kernels/conv_primitives.h"
#include "framework/kernels/cpu.h"
#include "framework/kernels/matmul.h"
#include "framework/kernels/primitive_cache.h"

#include <cmath>

namespace gradus::kernels {
namespace {

Tensor random(const Shape& sizes) {
  static Generator generator(5);
  return rand(sizes, kFloat32, generator) - 0.5;
}

Tensor random_image(const Shape& sizes) {
  return random(sizes).contiguous(MemoryFormat::ChannelsLast);
}

Tensor new_image(const Shape& sizes) {
  return {sizes, kFloat32, MemoryFormat::ChannelsLast};
}

// Sums of `terms` products of numbers below 1/2: a few ulps of the largest partial sum.
void expect_close(const Tensor& actual, const Tensor& expected, std::int64_t terms) {
  const double tolerance = 1e-6 * std::sqrt(static_cast<double>(terms)) + 1e-7;
  const auto a = actual.to_vector<float>();
  const auto b = expected.to_vector<float>();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << "element " << i;
}

// Runs body under several thread counts; the bits of its result must not change.
template <class Body>
void expect_same_bits(Body body) {
  const int before = num_threads();
  set_num_threads(1);
  const auto one = body();
  for (const int threads : {2, 3, 4, 8}) {
    set_num_threads(threads);
    EXPECT_EQ(body(), one) << threads << " threads";
  }
  set_num_threads(before);
}

struct Product {
  std::int64_t rows, inner, columns;
};

class MatmulTest : public testing::TestWithParam<Product> {};

TEST_P(MatmulTest, EqualsTheNaiveLoopInEveryLayout) {
  const auto [m, k, n] = GetParam();
  const Tensor bias = random({n});
  for (const bool a_flipped : {false, true}) {
    for (const bool b_flipped : {false, true}) {
      const Tensor a = a_flipped ? random({k, m}).t() : random({m, k});
      const Tensor b = b_flipped ? random({n, k}).t() : random({k, n});
      const Tensor fast({m, n}, kFloat32);
      const Tensor slow({m, n}, kFloat32);
      matmul(fast.raw(), a.raw(), b.raw(), bias.raw());
      matmul_naive(slow.raw(), a.raw(), b.raw(), bias.raw());
      expect_close(fast, slow, k);
      matmul(fast.raw(), a.raw(), b.raw());
      matmul_naive(slow.raw(), a.raw(), b.raw());
      expect_close(fast, slow, k);
    }
  }
}

// How far a kernel's results of bf16 or f64 are from the naive loop's, beyond `tolerance` of their
// size.
template <class Kernel>
double distance(const Product& sizes, DType dtype, double tolerance, Kernel kernel) {
  const auto [m, k, n] = sizes;
  const Tensor bias = random({n}).to(dtype);
  double largest = 0;
  for (const bool flipped : {false, true}) {
    const Tensor a = (flipped ? random({k, m}).t() : random({m, k})).to(dtype);
    const Tensor b = (flipped ? random({k, 2 * n}).slice(1, 0, kEnd, 2) : random({k, n})).to(dtype);
    const Tensor fast({m, n}, dtype);
    const Tensor slow({m, n}, dtype);
    kernel(fast.raw(), a.raw(), b.raw(), bias.raw());
    matmul_naive(slow.raw(), a.raw(), b.raw(), bias.raw());
    const Tensor off = (fast - slow).abs() - slow.abs() * tolerance;
    largest = std::max(largest, off.max().item<double>());
  }
  return largest;
}

constexpr auto kAnyMatmul = [](const View& out, const View& a, const View& b, const View& bias) {
  matmul(out, a, b, bias);
};

TEST_P(MatmulTest, PackedPanelsEqualTheNaiveLoop) {
  const double rounding = 1e-12 * std::sqrt(static_cast<double>(GetParam().inner));
  EXPECT_LE(distance(GetParam(), kFloat64, 1e-13, kAnyMatmul), rounding);
  EXPECT_LE(distance(GetParam(), kFloat64, 1e-13, matmul_packed), rounding);
  EXPECT_LE(distance(GetParam(), kBFloat16, 8e-3, matmul_packed), rounding);
  if (!has_native_bfloat16()) {
    EXPECT_LE(distance(GetParam(), kBFloat16, 8e-3, kAnyMatmul), rounding);
  }
}

// Native bfloat16 products are sums in float32, rounded once: their errors are float32's.
TEST_P(MatmulTest, NativeBfloat16EqualsTheNaiveLoop) {
  if (!has_native_bfloat16()) GTEST_SKIP() << "this CPU has no native bfloat16";
  const double rounding = 1e-6 * std::sqrt(static_cast<double>(GetParam().inner)) + 1e-7;
  EXPECT_LE(distance(GetParam(), kBFloat16, 8e-3, kAnyMatmul), rounding);
}

TEST_P(MatmulTest, TakesGapsBetweenRowsAndElements) {
  const auto [m, k, n] = GetParam();
  const Tensor a = random({m, k + 3}).slice(1, 1, k + 1);
  const Tensor b = random({k, 2 * n}).slice(1, 0, kEnd, 2);
  const Tensor fast({m, n}, kFloat32);
  const Tensor slow({m, n}, kFloat32);
  matmul(fast.raw(), a.raw(), b.raw());
  matmul_naive(slow.raw(), a.raw(), b.raw());
  expect_close(fast, slow, k);
}

TEST_P(MatmulTest, HasTheSameBitsForAnyNumberOfThreads) {
  const auto [m, k, n] = GetParam();
  const Tensor a = random({m, k});
  const Tensor b = random({k, n});
  expect_same_bits([&] { return a.matmul(b).to_vector<float>(); });
  expect_same_bits([&] { return a.to(kFloat64).matmul(b.to(kFloat64)).to_vector<double>(); });
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatmulTest,
                         testing::Values(Product{1, 1, 1}, Product{1, 784, 10}, Product{64, 784, 1},
                                         Product{3, 5, 7}, Product{64, 784, 256},
                                         Product{256, 64, 784}, Product{384, 768, 128},
                                         Product{10, 64, 128}, Product{33, 129, 65},
                                         Product{1000, 100, 300}, Product{16, 20000, 16},
                                         Product{1, 4096, 4096}));

TEST(MatmulTest, NothingToSumGivesZeros) {
  const Tensor out = matmul(random({3, 0}), random({0, 4}));
  EXPECT_EQ(out.to_vector<float>(), std::vector<float>(12, 0));
}

TEST(MatmulTest, BatchesBroadcast) {
  const Tensor a = random({5, 1, 20, 30});
  const Tensor b = random({3, 30, 25});
  const Tensor all = matmul(a, b);
  ASSERT_EQ(all.sizes(), (Shape{5, 3, 20, 25}));
  const Tensor one = matmul(a.slice(0, 4, 5).reshape({20, 30}), b.slice(0, 2, 3).reshape({30, 25}));
  expect_close(all.slice(0, 4, 5).slice(1, 2, 3).reshape({20, 25}), one, 30);
}

struct ConvCase {
  Shape x, w;
  ConvGeometry geometry;
};

Conv2dOptions options_of(const ConvGeometry& g) {
  return {.stride = g.stride, .padding = g.padding, .dilation = g.dilation, .groups = g.groups};
}

class ConvTest : public testing::TestWithParam<ConvCase> {
 protected:
  const ConvCase& p_ = GetParam();
  const Tensor x_ = random_image(p_.x);
  const Tensor w_ = random(p_.w);
  const Tensor bias_ = random({p_.w[0]});
  const Conv2dOptions options_ = options_of(p_.geometry);
  const Tensor gy_ = random_image(gradus::conv2d(x_, w_, bias_, options_).sizes());
};

TEST_P(ConvTest, EqualsTheNaiveLoops) {
  const Tensor fast = new_image(gy_.sizes());
  const Tensor slow = new_image(gy_.sizes());
  conv2d(fast.raw(), x_.raw(), w_.raw(), bias_.raw(), p_.geometry);
  conv2d_naive(slow.raw(), x_.raw(), w_.raw(), bias_.raw(), p_.geometry);
  expect_close(fast, slow, p_.w.numel() / p_.w[0]);

  const Tensor gx_fast = new_image(p_.x);
  const Tensor gx_slow = new_image(p_.x);
  conv2d_input_grad(gx_fast.raw(), gy_.raw(), w_.raw(), p_.geometry);
  conv2d_input_grad_naive(gx_slow.raw(), gy_.raw(), w_.raw(), p_.geometry);
  expect_close(gx_fast, gx_slow, p_.w.numel() / p_.w[1]);

  const Tensor gw_fast(p_.w, kFloat32);
  const Tensor gw_slow(p_.w, kFloat32);
  const Tensor gbias_fast({gy_.size(1)}, kFloat32);
  const Tensor gbias_slow({gy_.size(1)}, kFloat32);
  conv2d_weight_grad(gw_fast.raw(), gbias_fast.raw(), x_.raw(), gy_.raw(), p_.geometry);
  conv2d_weight_grad_naive(gw_slow.raw(), gbias_slow.raw(), x_.raw(), gy_.raw(), p_.geometry);
  expect_close(gw_fast, gw_slow, gy_.numel() / gy_.size(1));
  expect_close(gbias_fast, gbias_slow, gy_.numel() / gy_.size(1));
  conv2d_weight_grad(gw_slow.raw(), x_.raw(), gy_.raw(), p_.geometry);
  EXPECT_EQ(gw_slow.to_vector<float>(), gw_fast.to_vector<float>());
}

TEST_P(ConvTest, HasTheSameBitsForAnyNumberOfThreads) {
  expect_same_bits([&] { return gradus::conv2d(x_, w_, bias_, options_).to_vector<float>(); });
  expect_same_bits(
      [&] { return conv2d_input_grad(gy_, w_, p_.x, p_.geometry).to_vector<float>(); });
  expect_same_bits(
      [&] { return conv2d_weight_grad(gy_, x_, p_.w, p_.geometry).to_vector<float>(); });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ConvTest,
    testing::Values(ConvCase{{7, 1, 28, 28}, {32, 1, 3, 3}, {.padding = {1, 1}}},
                    ConvCase{{37, 32, 14, 14}, {64, 32, 3, 3}, {.padding = {1, 1}}},
                    ConvCase{{2, 3, 17, 11},
                             {5, 3, 3, 2},
                             {.stride = {2, 3}, .padding = {1, 2}, .dilation = {2, 1}}},
                    ConvCase{{3, 8, 9, 9}, {12, 4, 3, 3}, {.groups = 2}},
                    ConvCase{{2, 6, 8, 8}, {6, 1, 3, 3}, {.padding = {1, 1}, .groups = 6}},
                    ConvCase{{4, 16, 7, 7}, {8, 16, 1, 1}, {}},
                    ConvCase{{9, 16, 17, 13}, {8, 16, 3, 3}, {.padding = {0, 1}}},
                    ConvCase{{20, 8, 11, 12}, {24, 8, 5, 3}, {.padding = {2, 1}}},
                    ConvCase{{1, 2, 5, 5}, {3, 2, 5, 5}, {}}));

TEST(PrimitiveCacheTest, TheKernelsOfTheShippedModelsAreNotReferenceCode) {
  const auto desc = [](const Shape& sizes) {
    return dnnl_desc(sizes, contiguous_strides(sizes), kFloat32);
  };
  const auto pd = make_pd<dnnl::matmul>(desc({64, 784}), desc({784, 256}), desc({64, 256}));
  EXPECT_FALSE(std::string(pd.impl_info_str()).starts_with("ref")) << pd.impl_info_str();
  const auto image = [](const Shape& sizes) {
    return dnnl_desc(sizes, channels_last_strides(sizes), kFloat32);
  };
  const auto conv = make_pd<dnnl::convolution_forward>(
      dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct,
      image({8, 32, 14, 14}), dnnl_any({64, 32, 3, 3}, kFloat32), image({8, 64, 14, 14}),
      dnnl::memory::dims{1, 1}, dnnl::memory::dims{0, 0}, dnnl::memory::dims{1, 1},
      dnnl::memory::dims{1, 1});
  EXPECT_FALSE(std::string(conv.impl_info_str()).starts_with("ref")) << conv.impl_info_str();
}

TEST(PrimitiveCacheTest, NativeConvolutionsOfBfloat16AreNotReferenceCode) {
  if (!has_native_bfloat16()) GTEST_SKIP() << "this CPU has no native bfloat16";
  const auto image = [](const Shape& sizes) {
    return Tensor(sizes, kBFloat16, MemoryFormat::ChannelsLast);
  };
  const Tensor x = image({8, 32, 14, 14});
  const Tensor y = image({8, 64, 14, 14});
  const Tensor w({64, 32, 3, 3}, kFloat32);
  const Convolution c(x.raw(), w.raw(), y.raw(), {}, {.padding = {1, 1}});
  for (const auto pass : {ConvPass::Forward, ConvPass::InputGrad, ConvPass::WeightGrad}) {
    EXPECT_TRUE(c.is_fast(pass)) << c.primitive(pass)->implementation();
  }
}

TEST(PrimitiveCacheTest, VaryingShapesDoNotGrowItWithoutEnd) {
  for (std::int64_t rows = 1; rows < 1500; ++rows) matmul(random({rows, 64}), random({64, 32}));
  EXPECT_LE(primitive_cache_size(), kPrimitiveCacheCapacity);
}

TEST(SingleThreadTest, ThePreviousSettingComesBack) {
  omp_set_num_threads(3);
  matmul(random({64, 64}), random({64, 64}));
  EXPECT_EQ(omp_get_max_threads(), 3);
}

}  // namespace
}  // namespace gradus::kernels
