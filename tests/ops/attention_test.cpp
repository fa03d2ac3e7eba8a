// Attention in one pass against the composition that masks take; gelu against float64.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

double worst(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0) return 0;
  return (a.to(kFloat64) - b.to(kFloat64)).abs().max().item<double>();
}

struct Case {
  Shape q, k, v;
  bool causal;
};

// Edges of tiles and panels on both sides, broadcast batches, keys that nobody sees.
const Case kCases[] = {
    {{2, 3, 64, 32}, {2, 3, 64, 32}, {2, 3, 64, 32}, true},
    {{2, 3, 64, 32}, {2, 3, 64, 32}, {2, 3, 64, 32}, false},
    {{1, 2, 37, 24}, {1, 2, 37, 24}, {1, 2, 37, 40}, true},
    {{130, 33}, {70, 33}, {70, 7}, true},
    {{5, 8}, {130, 8}, {130, 64}, true},
    {{3, 1, 9, 4}, {2, 65, 4}, {1, 1, 65, 5}, false},
};

Tensor composed(const Tensor& q, const Tensor& k, const Tensor& v, bool causal) {
  Tensor mask = ones({q.size(-2), k.size(-2)}, kBool);
  if (causal) mask = arange(q.size(-2)).unsqueeze(1) >= arange(k.size(-2));
  return scaled_dot_product_attention(q, k, v, mask);
}

TEST(FusedAttentionTest, EqualsTheComposition) {
  for (const auto& [dtype, tolerance] :
       {std::pair(kFloat64, 1e-13), std::pair(kFloat32, 1e-5), std::pair(kBFloat16, 0.1)}) {
    for (const Case& each : kCases) {
      const auto leaf = [&](const Shape& sizes) {
        return randn(sizes, kFloat64).to(dtype).requires_grad_();
      };
      const Tensor q = leaf(each.q);
      const Tensor k = leaf(each.k);
      const Tensor v = leaf(each.v);
      const Tensor fused = scaled_dot_product_attention(q, k, v, {}, {.is_causal = each.causal});
      const Tensor expected = composed(q, k, v, each.causal);
      ASSERT_EQ(fused.sizes(), expected.sizes());
      EXPECT_LT(worst(fused.detach(), expected.detach()), tolerance) << to_string(each.q);
      {
        const NoGradGuard no_grad;  // keeps no weights
        EXPECT_TRUE(equal(scaled_dot_product_attention(q, k, v, {}, {.is_causal = each.causal}),
                          fused.detach()));
      }
      const Tensor g = randn(fused.sizes(), kFloat64).to(dtype);
      const auto actual = grad({fused}, {q, k, v}, {g});
      const auto wanted = grad({expected}, {q, k, v}, {g});
      for (std::size_t i = 0; i < 3; ++i) {
        const double size = 1 + wanted[i].abs().max().item<double>();
        EXPECT_LT(worst(actual[i], wanted[i]), tolerance * size) << to_string(each.q) << ", " << i;
      }
    }
  }
}

TEST(FusedAttentionTest, ItsGradientsEqualThoseOfCreateGraph) {
  const auto leaf = [] { return randn({2, 19, 6}, kFloat64).requires_grad_(); };
  const Tensor q = leaf();
  const Tensor k = leaf();
  const Tensor v = leaf();
  const Tensor g = randn({2, 19, 6}, kFloat64);
  const auto gradients = [&](bool create_graph) {
    const Tensor y = scaled_dot_product_attention(q, k, v, {}, {.is_causal = true});
    return grad({y}, {q, k, v}, {g}, {.create_graph = create_graph});
  };
  const auto fused = gradients(false);
  const auto composite = gradients(true);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LT(worst(fused[i], composite[i].detach()), 1e-13) << i;
  }
}

TEST(FusedAttentionTest, PackedPartsGiveWhatApartTheyGive) {
  constexpr std::int64_t kHeads = 3;
  const Tensor qkv = randn({2, 41, 3 * kHeads * 32}).requires_grad_();
  const auto part = [&](std::int64_t i) {
    return qkv.chunk(3, -1)[static_cast<std::size_t>(i)]
        .reshape({2, 41, kHeads, 32})
        .transpose(1, 2);
  };
  const AttentionOptions options{.is_causal = true};
  const Tensor packed = self_attention(qkv, kHeads, options);
  const Tensor apart = scaled_dot_product_attention(part(0), part(1), part(2), {}, options)
                           .transpose(1, 2)
                           .reshape({2, 41, kHeads * 32});
  EXPECT_TRUE(equal(packed.detach(), apart.detach()));
  const Tensor g = randn(packed.sizes());
  EXPECT_TRUE(equal(grad({packed}, {qkv}, {g})[0], grad({apart}, {qkv}, {g})[0]));
}

TEST(FusedAttentionTest, AQueryOfInfiniteScoresGetsWhatTheCompositionGives) {
  const Tensor q = tensor({{-INFINITY, 0.0F}, {0.0F, 0.0F}});  // the last sees both keys alike
  const Tensor k = tensor({{1.0F, 0.0F}, {1.0F, 1.0F}});
  const Tensor v = tensor({{1.0F, 2.0F}, {3.0F, 4.0F}});
  const Tensor fused = scaled_dot_product_attention(q, k, v, {}, {.is_causal = true});
  EXPECT_TRUE(equal(fused, composed(q, k, v, true)));
  EXPECT_TRUE(equal(fused, tensor({{0.0F, 0.0F}, {2.0F, 3.0F}})));
}

TEST(FusedAttentionTest, TakesPackedInputsOfAnyStrides) {
  const Tensor wide = randn({3, 3 * 4 * 8, 20});
  const Tensor strided = wide.transpose(1, 2);
  const AttentionOptions options{.is_causal = true};
  const Tensor a = strided.detach().requires_grad_();
  const Tensor b = strided.contiguous().requires_grad_();
  ASSERT_FALSE(a.is_contiguous());
  const Tensor y = self_attention(a, 4, options);
  const Tensor expected = self_attention(b, 4, options);
  EXPECT_TRUE(equal(y.detach(), expected.detach()));
  const Tensor g = randn(y.sizes());
  EXPECT_TRUE(equal(grad({y}, {a}, {g})[0], grad({expected}, {b}, {g})[0]));
}

TEST(FusedAttentionTest, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor qkv = randn({5, 50, 3 * 48}).requires_grad_();
  const Tensor g = randn({5, 50, 48});
  const int before = num_threads();
  const auto run = [&] {
    const Tensor y = self_attention(qkv, 4, {.is_causal = true});
    return std::pair(y.to_vector<float>(), grad({y}, {qkv}, {g})[0].to_vector<float>());
  };
  set_num_threads(1);
  const auto alone = run();
  for (const int threads : {2, 3, 8}) {
    set_num_threads(threads);
    EXPECT_EQ(run(), alone) << threads << " threads";
  }
  set_num_threads(before);
}

TEST(GeluTest, Float32IsRightToAFewUnitsInTheLastPlace) {
  const Tensor x = linspace(-13, 13, 400001);
  const Tensor exact_x = x.to(kFloat64);
  const Tensor exact = gelu(exact_x);
  const Tensor off = (gelu(x).to(kFloat64) - exact).abs() - exact.abs() * 4e-7;
  EXPECT_LE(off.max().item<double>(), 1e-37);
  const Tensor slope = gelu_backward(ones_like(exact_x), exact_x, "none");
  EXPECT_LE(worst(gelu_backward(ones_like(x), x, "none"), slope), 4e-7);
  const Tensor far = tensor({-1e30F, -100.0F, 100.0F, 1e30F});
  EXPECT_EQ(gelu(far).to_vector<float>(), (std::vector<float>{0, 0, 100.0F, 1e30F}));
  EXPECT_TRUE(std::isnan(gelu(tensor({std::nanf("")})).item<double>()));
}

}  // namespace
}  // namespace gradus
