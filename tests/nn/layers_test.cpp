// Layers: initial weights, dropout, containers, what configs make of nested ones, errors. Their
// values and gradients are held by layers_golden_test.cpp.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/json.h"

#include <cmath>

namespace gradus {
namespace {

using test::message_of;

void expect_message(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

std::vector<std::string> names_of(const nn::StateDict& state) {
  std::vector<std::string> names;
  for (const auto& each : state) names.push_back(each.name);
  return names;
}

// ---- Initial weights ----------------------------------------------------------------------------

// Uniform in +-bound: never beyond, nearly up to it, and of its variance.
void expect_uniform(const Tensor& weight, double bound) {
  const Tensor values = weight.detach();
  const double largest = values.abs().max().item<double>();
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.99 * bound);
  EXPECT_NEAR(values.square().mean().item<double>(), bound * bound / 3, 0.03 * bound * bound);
}

TEST(LayersTest, InitialWeightsAreUniformByTheFanInOfPyTorch) {
  manual_seed(5);
  expect_uniform(nn::Conv1d(16, 80, 9)->weight, 1 / std::sqrt(16.0 * 9));
  expect_uniform(nn::Conv1d(16, 80, 9, nn::Conv1dOptions{.groups = 4})->weight,
                 1 / std::sqrt(4.0 * 9));
  // The fan-in of a transposed convolution counts its second dim, as PyTorch's does.
  const nn::ConvTranspose2d transposed(40, 16, 5);
  EXPECT_EQ(transposed->weight.sizes(), (Shape{40, 16, 5, 5}));
  expect_uniform(transposed->weight, 1 / std::sqrt(16.0 * 25));
  EXPECT_LE(transposed->bias.detach().abs().max().item<double>(), 1 / std::sqrt(16.0 * 25));
  expect_uniform(nn::Bilinear(25, 30, 20)->weight, 1 / std::sqrt(25.0));
}

TEST(LayersTest, NormalisationAndPReluStartAtTheirConstants) {
  for (const Tensor& ones : {nn::GroupNorm(2, 4)->weight, nn::RMSNorm(4)->weight,
                             nn::BatchNorm1d(4)->weight, nn::BatchNorm1d(4)->running_var}) {
    EXPECT_EQ(ones.to_vector<float>(), std::vector<float>(4, 1));
  }
  EXPECT_EQ(nn::GroupNorm(2, 4)->bias.to_vector<float>(), std::vector<float>(4, 0));
  EXPECT_EQ(nn::PReLU()->weight.to_vector<float>(), std::vector<float>{0.25});
  EXPECT_EQ(nn::PReLU(2, 0.5)->weight.to_vector<float>(), (std::vector<float>{0.5, 0.5}));
}

TEST(LayersTest, WhatOptionsLeaveOutIsNoParameter) {
  EXPECT_TRUE(nn::GroupNorm(2, 4, nn::GroupNormOptions{.affine = false})->parameters().empty());
  EXPECT_TRUE(
      nn::RMSNorm(4, nn::RMSNormOptions{.elementwise_affine = false})->parameters().empty());
  const nn::BatchNorm1d bare(4,
                             nn::BatchNormSettings{.affine = false, .track_running_stats = false});
  EXPECT_TRUE(bare->state_dict().empty());
  EXPECT_EQ(names_of(nn::ConvTranspose2d(2, 3, 2, nn::ConvTranspose2dOptions{.bias = false})
                         ->named_parameters()),
            std::vector<std::string>{"weight"});
}

// ---- Dropout ------------------------------------------------------------------------------------

TEST(LayersTest, Dropout2dDropsWholeChannelsAndScalesTheOthers) {
  manual_seed(7);
  nn::Dropout2d layer(0.25);
  const Tensor x = ones({40, 50, 2, 3});
  const std::vector<float> y = layer(x).to_vector<float>();
  int kept = 0;
  for (std::size_t channel = 0; channel < y.size(); channel += 6) {
    EXPECT_TRUE(y[channel] == 0 || y[channel] == 1 / 0.75F);
    for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(y[channel + i], y[channel]);
    if (y[channel] != 0) ++kept;
  }
  EXPECT_NEAR(kept, 1500, 80);  // four standard deviations
  layer->eval();
  EXPECT_TRUE(equal(layer(x), x));
}

// ---- Two inputs, containers ---------------------------------------------------------------------

TEST(LayersTest, BilinearTakesTwoTensors) {
  const nn::Bilinear layer(2, 3, 4);
  const Tensor a = randn({5, 2});
  const Tensor b = randn({5, 3});
  EXPECT_TRUE(equal(layer->forward(a, b), bilinear(a, b, layer->weight, layer->bias)));
  EXPECT_EQ(names_of(layer->named_parameters()), (std::vector<std::string>{"weight", "bias"}));
  expect_message(message_of([&] { layer(a); }), "Bilinear: takes two tensors");
}

TEST(LayersTest, AModuleListHoldsModulesByNumber) {
  const nn::ModuleList list(nn::Linear(2, 3), nn::ReLU());
  list->push_back(nn::Linear(3, 1));
  ASSERT_EQ(list->size(), 3U);
  EXPECT_EQ(names_of(list->named_parameters()),
            (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"}));
  Tensor x = ones({4, 2});
  for (const auto& module : *list) x = (*module)(x);
  EXPECT_EQ(x.sizes(), (Shape{4, 1}));
  EXPECT_EQ(list->at(1)->type_name(), "ReLU");
  list->eval();
  EXPECT_FALSE(list->at(0)->is_training());
  expect_message(message_of([&] { (void)list->at(3); }), "ModuleList: index 3 is outside [0, 3)");
  expect_message(message_of([&] { list(x); }), "ModuleList: call its modules");
}

TEST(LayersTest, ALambdaIsAFunction) {
  nn::Sequential net(nn::Lambda([](const Tensor& x) { return x * x; }), nn::ReLU());
  EXPECT_EQ(net(tensor({-3.0, 2.0})).to_vector<float>(), (std::vector<float>{9, 4}));
  EXPECT_TRUE(net->parameters().empty());
  nn::Sequential faulty(nn::Lambda([](const Tensor& x) { return x.reshape({7}); }));
  expect_message(message_of([&] { faulty(ones({2})); }), "layer 0 (Lambda): reshape: ");
}

TEST(LayersTest, AResidualMustKeepTheShape) {
  nn::Residual layer(nn::Linear(3, 3), nn::Tanh());
  const Tensor x = randn({2, 3});
  EXPECT_TRUE(equal(layer(x), x + layer->SequentialImpl::forward(x)));
  nn::Sequential net(nn::Residual(nn::Linear(3, 1)));
  expect_message(message_of([&] { net(x); }),
                 "layer 0 (Residual): Residual: the layers make [2, 1] of [2, 3]");
}

TEST(LayersTest, ErrorsOfNestedLayersNameTheWholePath) {
  nn::Sequential net(nn::ReLU(), nn::Sequential(nn::Tanh(), nn::Residual(nn::Linear(4, 4))));
  expect_message(message_of([&] {
                   net(ones({2, 3}));
                 }),
                 "layer 1 (Sequential): layer 1 (Residual): layer 0 (Linear): linear: ");
}

// ---- By name ------------------------------------------------------------------------------------

TEST(LayersTest, NestedLayersAreCheckedAndResolvedWithTheConfig) {
  const Json config = test::parse_json(R"({"type": "residual", "layers": [
      {"type": "relu"}, {"type": "sequential", "layers": [{"type": "dropout"}]}]})");
  Json resolved;
  nn::layers().prepare(config, "/model/layers/3", &resolved);
  EXPECT_EQ(resolved["layers"][1]["layers"][0], Json({{"type", "dropout"}, {"p", 0.5}}));
  Json again;
  nn::layers().prepare(resolved, "", &again);
  EXPECT_EQ(again, resolved);
  Json wrong = config;
  wrong["layers"][1]["layers"][0]["p"] = 2;
  EXPECT_EQ(message_of([&] { nn::layers().prepare(wrong, "/model/layers/3"); }),
            "/model/layers/3/layers/1/layers/0/p: 2 is out of range: must be >= 0 and <= 1");
  expect_message(message_of([] {
                   nn::layers().make({{"type", "residual"}});
                 }),
                 "/layers: missing; the layers in a row");
}

TEST(LayersTest, RefuseWhatMakesNoSense) {
  expect_message(message_of([] { nn::GroupNorm(3, 4); }),
                 "GroupNorm: num_groups 3 does not divide num_channels 4");
  expect_message(message_of([] { nn::RMSNorm(Shape{}); }), "RMSNorm: normalized_shape is empty");
  expect_message(message_of([] { nn::Conv1d(3, 4, 3, nn::Conv1dOptions{.groups = 2}); }),
                 "Conv1d: groups 2 does not divide in_channels 3 and out_channels 4");
  expect_message(message_of([] { nn::ConvTranspose2d(3, 4, 0); }),
                 "ConvTranspose2d: kernel_size must be at least 1, got 0");
  expect_message(message_of([] { nn::Bilinear(1, 0, 1); }),
                 "Bilinear: in2_features must be at least 1, got 0");
  expect_message(message_of([] { nn::PReLU(0); }), "PReLU: num_parameters must be at least 1");
  expect_message(message_of([] { nn::Dropout2d(-0.5); }), "Dropout2d: p must be in [0, 1]");
  expect_message(message_of([] { nn::BatchNorm1d(0); }),
                 "BatchNorm1d: num_features must be at least 1, got 0");
  expect_message(message_of([] {
                   nn::BatchNorm1d(3)(zeros({2, 3, 4, 4}));
                 }),
                 "BatchNorm1d: needs [N, C] or [N, C, L], got [2, 3, 4, 4]");
  EXPECT_EQ(message_of([] {
              nn::layers().make({{"type", "hardtanh"}, {"min_val", 2}});
            }),
            "/max_val: must not be below min_val");
}

}  // namespace
}  // namespace gradus
