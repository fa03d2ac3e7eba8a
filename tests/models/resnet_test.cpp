// resnet: its parameters, its forward pass against a composition by hand, its config.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/train/model.h"

#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

std::shared_ptr<nn::Module> resnet(std::int64_t depth, const Shape& input = {3, 32, 32}) {
  return models().make({{"type", "resnet"}, {"depth", depth}}, {input, 10});
}

std::int64_t parameter_count(const nn::Module& model) {
  std::int64_t count = 0;
  for (const Tensor& each : model.parameters()) count += each.numel();
  return count;
}

class Weights {
 public:
  explicit Weights(const nn::Module& model) : all_(model.state_dict()) {}
  [[nodiscard]] Tensor operator()(const std::string& name) const {
    for (const auto& [each, tensor] : all_) {
      if (each == name) return tensor.detach().to(kFloat64);
    }
    throw ValueError("no weight " + name);
  }

 private:
  nn::StateDict all_;
};

Tensor norm(const Tensor& x, const Weights& w, const std::string& name) {
  const Shape others = {0, 2, 3};
  const Tensor centred = x - x.mean(others, true);
  const Tensor variance = (centred * centred).mean(others, true);
  const auto channel = [&](const char* part) { return w(name + part).reshape({1, -1, 1, 1}); };
  return centred / (variance + 1e-5).sqrt() * channel(".weight") + channel(".bias");
}

Tensor by_hand(const Tensor& x, const Weights& w, int stages, int blocks, bool projects) {
  const auto conv = [&](const Tensor& in, const std::string& name, std::int64_t stride) {
    const Tensor weight = w(name + ".weight");
    return conv2d(in, weight, {}, {.stride = stride, .padding = weight.size(2) / 2});
  };
  Tensor y = relu(norm(conv(x, "conv1", 1), w, "bn1"));
  for (int stage = 1; stage <= stages; ++stage) {
    for (int block = 0; block < blocks; ++block) {
      const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(block) + ".";
      const bool narrows = stage > 1 && block == 0;
      Tensor shortcut = y;
      if (narrows && projects) {
        shortcut = norm(conv(y, name + "downsample.0", 2), w, name + "downsample.1");
      } else if (narrows) {
        const Tensor zeros_beside =
            zeros({y.size(0), y.size(1) / 2, (y.size(2) + 1) / 2, (y.size(3) + 1) / 2}, kFloat64);
        const Tensor every_second = y.slice(2, 0, kEnd, 2).slice(3, 0, kEnd, 2);
        shortcut = cat({zeros_beside, every_second, zeros_beside}, 1);
      }
      const Tensor inner = relu(norm(conv(y, name + "conv1", narrows ? 2 : 1), w, name + "bn1"));
      y = relu(norm(conv(inner, name + "conv2", 1), w, name + "bn2") + shortcut);
    }
  }
  return y.mean(Shape{2, 3}).matmul(w("fc.weight").t()) + w("fc.bias");
}

TEST(ResNetTest, HasTheParametersOfThePaper) {
  EXPECT_EQ(parameter_count(*resnet(20)), 269722);  // 0.27 M
  EXPECT_EQ(parameter_count(*resnet(32)), 464154);  // 0.46 M
  EXPECT_EQ(parameter_count(*resnet(56)), 853018);  // 0.85 M
}

TEST(ResNetTest, ItsForwardPassIsTheOneByHand) {
  const auto model = resnet(14, {3, 9, 8});
  const Tensor x = randn({3, 3, 9, 8});
  const Tensor expected = by_hand(x.to(kFloat64), Weights(*model), 3, 2, false);
  const Tensor y = (*model)(x);
  EXPECT_LT((y.detach().to(kFloat64) - expected).abs().max().item<double>(), 1e-4);
  const AnomalyModeGuard layer_by_layer;
  EXPECT_EQ((*model)(x).to_vector<float>(), y.to_vector<float>());
}

TEST(ResNetTest, NamesAndInitialValuesAreTorchvisions) {
  const auto model = resnet(20);
  const Weights w(*model);
  EXPECT_EQ(w("layer2.0.conv1.weight").sizes(), (Shape{32, 16, 3, 3}));
  EXPECT_EQ(w("layer3.2.bn2.running_var").sizes(), (Shape{64}));
  const Tensor conv = w("layer3.1.conv2.weight");
  EXPECT_NEAR((conv * conv).mean().item<double>(), 2.0 / (64 * 9), 2e-4);
  EXPECT_EQ(w("bn1.weight").sum().item<double>(), 16);
}

TEST(ResNetTest, OfImageNetsFormHasItsParametersAndItsNames) {
  // Those of torchvision's resnet18 and resnet34 for ten classes, but for the stem, which has
  // 9 * 3 * 64 weights in place of 49 * 3 * 64.
  EXPECT_EQ(parameter_count(*resnet(18)), 11173962);  // 11.17 M
  EXPECT_EQ(parameter_count(*resnet(34)), 21282122);
  const auto model = resnet(18, {1, 28, 28});
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model->state_dict()) names.push_back(name);
  const auto has = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_TRUE(has("layer2.0.downsample.0.weight"));
  EXPECT_TRUE(has("layer4.0.downsample.1.running_var"));
  EXPECT_TRUE(has("layer4.1.bn2.num_batches_tracked"));
  EXPECT_FALSE(has("layer1.0.downsample.0.weight"));
  EXPECT_EQ(names.size(), 122U);  // as many as in torchvision's
}

TEST(ResNetTest, OfImageNetsFormComputesTheOneByHand) {
  const auto model = resnet(18, {3, 9, 8});
  const Tensor x = randn({3, 3, 9, 8});
  const Tensor expected = by_hand(x.to(kFloat64), Weights(*model), 4, 2, true);
  EXPECT_LT(((*model)(x).detach().to(kFloat64) - expected).abs().max().item<double>(), 1e-4);
}

TEST(ResNetTest, EvaluationUsesTheRunningStatistics) {
  const auto model = resnet(8, {1, 8, 8});
  const Tensor x = randn({4, 1, 8, 8});
  for (int i = 0; i < 3; ++i) (void)(*model)(x);
  model->eval();
  const Tensor all = (*model)(x);
  const Tensor one = (*model)(x.slice(0, 2, 3));
  EXPECT_LT((all.slice(0, 2, 3) - one).abs().max().item<float>(), 1e-5F);
}

TEST(ResNetTest, RefusesOtherDepthsAndOtherData) {
  EXPECT_EQ(test::message_of([] { (void)resnet(21); }),
            "/depth: must be 6n + 2, such as 20, 32, 44, 56 or 110, or 18 or 34; got 21");
  EXPECT_NE(test::message_of([] { (void)resnet(2); }).find("/depth"), std::string::npos);
  EXPECT_NE(test::message_of([] { (void)resnet(20, {784}); }).find("resnet: needs images"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus
