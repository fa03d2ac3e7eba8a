// Summaries: shapes, parameters, work and memory against numbers that were worked out by hand.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "framework/kernels/profile.h"
#include "framework/train/model.h"

#include "tests/support/json.h"

namespace gradus {
namespace {

std::map<std::string, nn::LayerSummary> by_name(const nn::Summary& summary) {
  std::map<std::string, nn::LayerSummary> result;
  for (const auto& each : summary.layers) result[each.name] = each;
  return result;
}

std::shared_ptr<nn::Module> model_of(const Json& config, const Shape& input, std::int64_t outputs) {
  return models().make(config, {input, outputs});
}

TEST(SummaryTest, AnMlpCostsTheProductsOfItsSizes) {
  const auto model = model_of({{"type", "mlp"}, {"hidden", {256, 128}}}, {1, 28, 28}, 10);
  const nn::Summary seen = nn::summary(*model, rand({64, 1, 28, 28}));
  EXPECT_EQ(seen.multiply_adds, 64 * (784 * 256 + 256 * 128 + 128 * 10));
  EXPECT_EQ(seen.parameters, 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
  EXPECT_EQ(seen.parameter_bytes, 4 * seen.parameters);
  EXPECT_EQ(seen.frozen(), 0);
  const auto layers = by_name(seen);
  EXPECT_EQ(layers.at("3").multiply_adds, 64 * 256 * 128);
  EXPECT_EQ(layers.at("3").input, (Shape{64, 256}));
  EXPECT_EQ(layers.at("3").output, (Shape{64, 128}));
  EXPECT_EQ(layers.at("0").result_bytes, 0);  // a view
  EXPECT_EQ(layers.at("3").result_bytes, 64 * 128 * 4);
  EXPECT_EQ(seen.result_bytes, 64 * 4 * (2 * 256 + 2 * 128 + 10));
  EXPECT_EQ(layers.at("").multiply_adds, 0);
}

TEST(SummaryTest, ACnnCostsItsKernelsAtEachPlace) {
  const auto model =
      model_of({{"type", "cnn"}, {"channels", {6, 9}}, {"hidden", 20}}, {1, 28, 28}, 10);
  const nn::Summary seen = nn::summary(*model, rand({3, 1, 28, 28}));
  std::int64_t work = 0;
  for (const auto& layer : seen.layers) {
    if (layer.type == "Conv2d") {
      const std::int64_t in = layer.input[1];
      work += layer.output.numel() * in * 9;
      EXPECT_EQ(layer.multiply_adds, layer.output.numel() * in * 9) << layer.name;
      EXPECT_EQ(layer.parameters, layer.output[1] * (in * 9 + 1)) << layer.name;
    } else if (layer.type == "Linear") {
      work += layer.input.numel() * layer.output[1];
    } else {
      EXPECT_EQ(layer.multiply_adds, 0) << layer.name;
    }
  }
  EXPECT_EQ(seen.multiply_adds, work);
  EXPECT_GT(work, 3 * (784 * 6 * 9 + 196 * 9 * 6 * 9));
}

// conv1, then three stages of six convolutions; stages 2 and 3 begin with half the channels.
TEST(SummaryTest, AResNet20Costs41Millions) {
  const auto model = model_of({{"type", "resnet"}, {"depth", 20}}, {3, 32, 32}, 10);
  const nn::Summary seen = nn::summary(*model, rand({2, 3, 32, 32}));
  const std::int64_t stage1 = 6 * 16 * 16 * 9 * 1024;
  const std::int64_t later = (16 * 32 + 5 * 32 * 32) * 9 * 256;
  const std::int64_t one = 3 * 16 * 9 * 1024 + stage1 + 2 * later + 64 * 10;
  EXPECT_EQ(one, 40'551'040);
  EXPECT_EQ(seen.multiply_adds, 2 * one);
  EXPECT_EQ(seen.parameters, 269'722);  // 0.27 M, as in the paper
  const auto layers = by_name(seen);
  EXPECT_EQ(layers.at("layer2.0.conv1").multiply_adds, 2 * 16 * 32 * 9 * 256);
  EXPECT_EQ(layers.at("layer2.0.bn1").calls, 1);
  EXPECT_EQ(layers.at("layer3.2").output, (Shape{2, 64, 8, 8}));
  EXPECT_EQ(layers.at("layer3.2").depth, 2);
}

TEST(SummaryTest, SharedModulesAndParametersCountOnce) {
  const auto gpt =
      model_of({{"type", "gpt"}, {"layers", 1}, {"heads", 2}, {"embedding", 16}}, {8}, 11);
  const nn::Summary seen = nn::summary(*gpt, zeros({2, 8}, kInt64));
  EXPECT_EQ(seen.parameters, (11 + 8) * 16 + 12 * 16 * 16 + 13 * 16 + 2 * 16);
  EXPECT_EQ(by_name(seen).at("lm_head").parameters, 0);
  EXPECT_EQ(by_name(seen).at("lm_head").multiply_adds, 2 * 8 * 16 * 11);
  // Linear layers, the head, and scores and sums of 8 * 9 / 2 pairs a sample.
  EXPECT_EQ(seen.multiply_adds, 2 * 8 * (12 * 16 * 16 + 16 * 11) + 2 * 36 * 2 * 16);
  const nn::Linear layer(4, 4);
  nn::Sequential twice(layer, nn::ReLU(), layer);
  const nn::Summary shared = nn::summary(*twice, rand({3, 4}));
  ASSERT_EQ(shared.layers.size(), 3U);
  EXPECT_EQ(shared.layers[1].calls, 2);
  EXPECT_EQ(shared.layers[1].multiply_adds, 2 * 3 * 16);
  EXPECT_EQ(shared.parameters, 20);
}

TEST(SummaryTest, LeavesTheModelAsItWas) {
  manual_seed(5);
  nn::Sequential net(nn::Linear(4, 6), nn::BatchNorm1d(6), nn::Dropout(0.5), nn::Linear(6, 2));
  net->children()[0].second->requires_grad_(false);
  const auto values = [&] {
    std::vector<float> all;
    for (const auto& [name, tensor] : net->state_dict()) {
      for (const float each : tensor.to(kFloat32).to_vector<float>()) all.push_back(each);
    }
    return all;
  };
  const auto before = values();
  const Generator::State draws = default_generator().state();
  const nn::Summary seen = nn::summary(*net, rand({8, 4}, kFloat32));
  default_generator().set_state(draws);
  const Tensor x = rand({8, 4});
  default_generator().set_state(draws);
  nn::summary(*net, x);
  EXPECT_TRUE(equal(rand({8, 4}), x));
  EXPECT_EQ(values(), before);
  for (const auto& [name, child] : net->children()) EXPECT_FALSE(child->has_hooks());
  EXPECT_FALSE(net->has_hooks());
  EXPECT_EQ(seen.frozen(), 30);
  EXPECT_EQ(seen.trainable, 12 + 14);
  EXPECT_EQ(seen.buffer_bytes, 2 * 6 * 4 + 8);
}

TEST(SummaryTest, MeasuresWhatIsKeptForTheBackwardPass) {
  // tanh keeps its result, and so does the sum; nothing else is made.
  nn::Sequential net(nn::Tanh(), nn::Lambda([](const Tensor& x) { return x + 1; }));
  const Tensor x = rand({256, 1024}).requires_grad_();
  const nn::Summary seen = nn::summary(*net, x);
  EXPECT_NEAR(static_cast<double>(seen.activation_bytes), 2.0 * 256 * 1024 * 4, 64 * 1024);
  EXPECT_EQ(seen.result_bytes, 2 * 256 * 1024 * 4);
}

TEST(SummaryTest, AnErrorTakesTheHooksAway) {
  nn::Sequential net(nn::Linear(4, 3), nn::Linear(4, 3));
  EXPECT_THROW(nn::summary(*net, rand({2, 4})), ShapeError);
  EXPECT_FALSE(net->has_hooks());
  EXPECT_FALSE(net->children()[0].second->has_hooks());
  EXPECT_FALSE(kernels::profile::is_on());
}

TEST(SummaryTest, TextAndJsonSayTheSame) {
  nn::Sequential net(nn::Linear(1000, 100), nn::ReLU());
  net->children()[0].second->named_parameters()[1].tensor.requires_grad_(false);
  const nn::Summary seen = nn::summary(*net, rand({20, 1000}));
  const std::string text = nn::to_text(seen);
  const std::string start =
      "layer    type        input       output     parameters  multiply-adds  results\n"
      "(model)  Sequential  [20, 1000]  [20, 100]\n"
      "  0      Linear      [20, 1000]  [20, 100]    100,100*      2,000,000  8,000 B\n"
      "  1      ReLU        [20, 100]   [20, 100]                             8,000 B\n"
      "100,100 parameters (391.0 KiB), 100,000 trainable, 100 frozen (*)\n"
      "2,000,000 multiply-adds; 15.6 KiB of results; ";
  EXPECT_EQ(text.substr(0, start.size()), start);
  const Json json = nn::to_json(seen);
  EXPECT_EQ(json["layers"][1]["multiply_adds"], 2'000'000);
  EXPECT_EQ(json["layers"][1]["output"], test::parse_json("[20, 100]"));
  EXPECT_EQ(json["frozen"], 100);
}

}  // namespace
}  // namespace gradus
