// Embedding, LayerNorm and GELU: initial weights, options, names in configs, errors.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

TEST(TransformerLayersTest, AnEmbeddingStartsNormalAndLeavesItsPaddingAlone) {
  manual_seed(2);
  const nn::Embedding plain(300, 200);
  EXPECT_NEAR(plain->weight.detach().square().mean().item<double>(), 1, 0.02);
  const nn::Embedding padded(5, 3, -1);
  EXPECT_EQ(padded->weight.detach().select(0, 4).to_vector<float>(), std::vector<float>(3, 0));
  const Tensor y = padded(tensor({{0, 4}, {4, 2}}));
  EXPECT_EQ(y.sizes(), (Shape{2, 2, 3}));
  y.sum().backward();
  EXPECT_EQ(padded->weight.grad().sum(Shape{1}).to_vector<float>(),
            (std::vector<float>{3, 0, 3, 0, 0}));
}

TEST(TransformerLayersTest, ALayerNormHasTheParametersThatItsOptionsLeave) {
  const auto names = [](const nn::LayerNorm& layer) {
    std::vector<std::string> result;
    for (const auto& each : layer->named_parameters()) result.push_back(each.name);
    return result;
  };
  EXPECT_EQ(names(nn::LayerNorm(4)), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(names(nn::LayerNorm(4, nn::LayerNormOptions{.bias = false})),
            std::vector<std::string>{"weight"});
  const nn::LayerNorm bare(Shape{2, 3}, nn::LayerNormOptions{.elementwise_affine = false});
  EXPECT_TRUE(names(bare).empty());
  const Tensor y = bare(randn({5, 2, 3})).reshape({5, 6});
  EXPECT_LT(y.mean({1}).abs().max().item<double>(), 1e-6);
}

TEST(TransformerLayersTest, AreMadeByName) {
  const Tensor x = randn({2, 4});
  const auto call = [&](const Json& config) { return (*nn::layers().make(config))(x); };
  EXPECT_TRUE(equal(call({{"type", "gelu"}}), gelu(x)));
  EXPECT_TRUE(equal(call({{"type", "gelu"}, {"approximate", "tanh"}}), gelu(x, "tanh")));
  EXPECT_TRUE(equal(call({{"type", "layer_norm"}, {"normalized_shape", {4}}}).detach(),
                    layer_norm(x, {4})));
  const auto layer =
      nn::layers().make({{"type", "embedding"}, {"num_embeddings", 3}, {"embedding_dim", 2}});
  EXPECT_EQ((*layer)(tensor({0, 2})).sizes(), (Shape{2, 2}));
}

TEST(TransformerLayersTest, RefuseWhatMakesNoSense) {
  using test::message_of;
  const auto expect = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  expect(message_of([] { nn::Embedding(0, 4); }), "num_embeddings must be at least 1, got 0");
  expect(message_of([] { nn::Embedding(4, 4, 4); }), "padding_idx 4 is out of range");
  expect(message_of([] { nn::LayerNorm(Shape{}); }), "normalized_shape is empty");
  expect(message_of([] { nn::LayerNorm(Shape{4, 0}); }), "must be at least 1, got 0");
  expect(message_of([] { nn::GELU("sigmoid"); }), "\"none\" or \"tanh\", got \"sigmoid\"");
  expect(message_of([] { nn::LayerNorm(4)(zeros({2, 3})); }), "is not that of the last dims");
}

}  // namespace
}  // namespace gradus
