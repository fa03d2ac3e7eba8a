// MultiheadAttention on query, key and value under masks, against PyTorch; what it and the blocks
// of transformers refuse. layers_golden_test.cpp has them on one sequence.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using test::message_of;

nn::MultiheadAttentionOptions options_of(const Json& json) {
  return {.bias = json.value("bias", true), .batch_first = json.value("batch_first", false)};
}

void check_attention(const Json& json, DType dtype) {
  const auto& tolerance = dtype == kFloat64 ? golden::kDoubleTolerance : golden::kFloatTolerance;
  const auto read = [&](const Json& value) { return golden::tensor_of(value, dtype); };
  const nn::MultiheadAttention layer(4, 2, options_of(json["options"]));
  layer->to(dtype);
  nn::StateDict state;
  for (const auto& [name, value] : json["state"].items()) state.push_back({name, read(value)});
  layer->load_state_dict(state);
  nn::AttentionMasks masks;
  for (const auto& [name, value] : json["masks"].items()) {
    Tensor mask = read(value);
    if (value.contains("dtype")) mask = golden::tensor_of(value);
    (name == "attn_mask" ? masks.attn_mask : masks.key_padding_mask) = mask;
  }
  std::vector<Tensor> in;
  for (const Json& each : json["inputs"]) in.push_back(read(each).requires_grad_());
  const auto call = [&] { return layer->forward(in[0], in[1], in[2], masks); };
  EXPECT_FALSE(call().weights.defined());
  golden::expect_close(call().output, golden::tensor_of(json["output"]), tolerance);
  for (const bool mean : {true, false}) {
    masks.need_weights = true;
    masks.average_attn_weights = mean;
    const Json& expected = json[mean ? "weights" : "weights_by_head"];
    golden::expect_close(call().weights, golden::tensor_of(expected), tolerance);
    golden::expect_close(call().output, golden::tensor_of(json["output"]), tolerance);
  }
  masks.need_weights = false;
  call().output.backward(read(json["grad_output"]));
  for (std::size_t i = 0; i < in.size(); ++i) {
    golden::expect_close(in[i].grad(), golden::tensor_of(json["input_grads"][i]), tolerance);
  }
  for (const auto& [name, parameter] : layer->named_parameters()) {
    SCOPED_TRACE(name);
    golden::expect_close(parameter.grad(), golden::tensor_of(json["grads"][name]), tolerance);
  }
}

TEST(AttentionLayersTest, AgreesWithPyTorchUnderMasks) {
  static const Json all = golden::load("layers.json").at("attentions");
  EXPECT_EQ(all.size(), 5U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    check_attention(all[i], kFloat64);
    check_attention(all[i], kFloat32);
  }
}

TEST(AttentionLayersTest, CausalityIsTheMaskOfWhatComesLater) {
  manual_seed(1);
  const nn::MultiheadAttention causal(
      8, 2, nn::MultiheadAttentionOptions{.batch_first = true, .is_causal = true});
  const Tensor x = randn({2, 5, 8});
  const Tensor later = triu(ones({5, 5}), 1).to(kBool);
  const Tensor expected = causal->forward(x, x, x, {.attn_mask = later}).output;
  const auto close = [&](const Tensor& y) {
    EXPECT_LT((y - expected).detach().abs().max().item<double>(), 1e-6);
  };
  close(causal(x));
  close(causal->forward(x, x, x, {.is_causal = true}).output);
  close(causal->forward(x, x.clone(), x, {.is_causal = true}).output);
  const auto weighed = causal->forward(x, x, x, {.is_causal = true, .need_weights = true});
  close(weighed.output);
  EXPECT_EQ(weighed.weights.detach().masked_select(later).to_vector<float>(),
            std::vector<float>(2 * 10, 0));
}

TEST(AttentionLayersTest, OneSequenceAloneNeedsNoBatch) {
  const nn::MultiheadAttention layer(4, 2);
  const Tensor q = randn({3, 4});
  const Tensor k = randn({5, 4});
  const nn::AttentionMasks masks = {.key_padding_mask = tensor({false, true, false, false, true}),
                                    .need_weights = true};
  const auto alone = layer->forward(q, k, k, masks);
  const auto batch = layer->forward(q.unsqueeze(1), k.unsqueeze(1), k.unsqueeze(1), masks);
  EXPECT_TRUE(equal(alone.output, batch.output.squeeze(1)));
  EXPECT_EQ(alone.weights.sizes(), (Shape{3, 5}));
  EXPECT_TRUE(equal(alone.weights, batch.weights.squeeze(0)));
}

TEST(AttentionLayersTest, AQueryThatMaySeeNoKeyGetsTheBiasOfTheProjection) {
  const nn::MultiheadAttention layer(4, 2);
  const Tensor x = randn({3, 1, 4});
  const Tensor none = ones({1, 3}).to(kBool);
  const Tensor y = layer->forward(x, x, x, {.key_padding_mask = none}).output;
  EXPECT_EQ(y.detach().to_vector<float>(), std::vector<float>(12, 0));
}

TEST(AttentionLayersTest, StartsAsPyTorchs) {
  manual_seed(2);
  const nn::MultiheadAttention layer(64, 4);
  const double bound = std::sqrt(6.0 / (64 + 3 * 64));
  const Tensor weight = layer->in_proj_weight.detach();
  EXPECT_LE(weight.abs().max().item<double>(), bound);
  EXPECT_NEAR(weight.square().mean().item<double>(), bound * bound / 3, 0.03 * bound * bound);
  EXPECT_EQ(layer->in_proj_bias.detach().abs().max().item<double>(), 0);
  EXPECT_EQ(layer->out_proj->bias.detach().abs().max().item<double>(), 0);
}

TEST(AttentionLayersTest, DropsInTrainingOnly) {
  const nn::TransformerEncoderLayer layer(
      8, 2, nn::TransformerEncoderLayerOptions{.dim_feedforward = 16, .dropout = 0.5});
  const Tensor x = randn({4, 2, 8});
  EXPECT_FALSE(equal(layer(x), layer(x)));
  layer->eval();
  EXPECT_TRUE(equal(layer(x), layer(x)));
  EXPECT_TRUE(equal(layer(x), layer->forward(x, nn::AttentionMasks{})));
}

TEST(AttentionLayersTest, AnEncoderLayerTakesMasks) {
  const nn::TransformerEncoderLayer layer(
      8, 2, nn::TransformerEncoderLayerOptions{.dim_feedforward = 16, .batch_first = true});
  layer->eval();
  const Tensor x = randn({1, 4, 8});
  const nn::AttentionMasks masks = {.key_padding_mask = tensor({{false, false, false, true}})};
  const Tensor y = layer->forward(x, masks).slice(1, 0, 3);
  const Tensor shorter = layer(x.slice(1, 0, 3));
  EXPECT_LT((y - shorter).detach().abs().max().item<double>(), 1e-6);
}

TEST(AttentionLayersTest, AnInitialBlockIsSmallerTheMoreThereAre) {
  manual_seed(3);
  const nn::TransformerDecoderBlock block(64, 4, nn::TransformerDecoderBlockOptions{.blocks = 8});
  for (const auto& [name, parameter] : block->named_parameters()) {
    if (parameter.dim() != 2) continue;
    const double expected = name.ends_with("c_proj.weight") ? 0.02 / 4 : 0.02;
    EXPECT_NEAR(parameter.detach().square().mean().sqrt().item<double>(), expected, 0.04 * expected)
        << name;
  }
}

TEST(AttentionLayersTest, RefuseWhatMakesNoSense) {
  const auto expect = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  const nn::MultiheadAttention layer(4, 2);
  const Tensor x = zeros({3, 2, 4});
  expect(message_of([] { nn::MultiheadAttention(4, 3); }), "num_heads 3 does not divide embed_dim");
  expect(message_of([] { nn::TransformerDecoderBlock(4, 3); }), "nhead 3 does not divide d_model");
  expect(message_of([] {
           nn::TransformerEncoderLayer(4, 2,
                                       nn::TransformerEncoderLayerOptions{.activation = "tanh"});
         }),
         "\"relu\" or \"gelu\", got \"tanh\"");
  expect(message_of([&] {
           layer(zeros({3, 2, 5}));
         }),
         "needs query, key and value [T, N, 4] or [T, 4], got [3, 2, 5]");
  expect(message_of([&] {
           layer->forward(x, zeros({3, 1, 4}), zeros({3, 1, 4}));
         }),
         "got [3, 2, 4], [3, 1, 4] and [3, 1, 4]");
  expect(message_of([&] {
           layer->forward(x, x, x, {.attn_mask = zeros({2, 3})});
         }),
         "attn_mask must be [3, 3] or [4, 3, 3], got [2, 3]");
  expect(message_of([&] {
           layer->forward(x, x, x, {.key_padding_mask = zeros({3, 2})});
         }),
         "key_padding_mask must be [2, 3], got [3, 2]");
  expect(message_of([&] {
           layer->forward(x, x, x, {.attn_mask = zeros({3, 3}, kInt64)});
         }),
         "masks are bool or floating, got int64");
  const auto by_name = [](Json config) { return message_of([&] { nn::layers().make(config); }); };
  expect(by_name({{"type", "multihead_attention"}, {"embed_dim", 4}, {"num_heads", 3}}),
         "/num_heads: 3 does not divide embed_dim 4");
  expect(by_name({{"type", "transformer_encoder_layer"}, {"d_model", 4}, {"nhead", 3}}),
         "/nhead: 3 does not divide d_model 4");
  expect(
      by_name(
          {{"type", "embedding"}, {"num_embeddings", 4}, {"embedding_dim", 4}, {"padding_idx", 4}}),
      "/padding_idx: 4 is out of range: must be >= -4 and < 4, or \"none\"");
  const Json conv = {
      {"type", "conv2d"}, {"in_channels", 1}, {"out_channels", 1}, {"kernel_size", 3}};
  const auto padded = [&](const Json& more) {
    Json config = conv;
    config.update(more);
    return by_name(config);
  };
  expect(padded({{"padding", "sane"}}), "/padding: expected an integer >= 0 or two of them");
  expect(padded({{"padding", -1}}), "\"same\" or \"valid\"; got -1");
  expect(padded({{"padding", "same"}, {"stride", 2}}), "/padding: \"same\" needs a stride of 1");
}

}  // namespace
}  // namespace gradus
