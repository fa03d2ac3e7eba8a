// lenet and linear: parameters, names, forward passes by hand, what they refuse.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/train/model.h"
#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

std::shared_ptr<nn::Module> make(const Json& config, const Shape& input, std::int64_t outputs) {
  return models().make(config, {input, outputs});
}

std::shared_ptr<nn::Module> lenet(const Shape& input, const Json& more = Json::object()) {
  Json config = {{"type", "lenet"}};
  config.update(more);
  return make(config, input, 10);
}

std::int64_t parameter_count(const nn::Module& model) {
  std::int64_t count = 0;
  for (const Tensor& each : model.parameters()) count += each.numel();
  return count;
}

std::vector<std::string> names_of(const nn::Module& model) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model.named_parameters()) names.push_back(name);
  return names;
}

TEST(LeNetTest, HasTheParametersOfTheCommonForm) {
  EXPECT_EQ(parameter_count(*lenet({1, 28, 28})), 61706);
  EXPECT_EQ(parameter_count(*lenet({1, 32, 32}, {{"padding", 0}})), 61706);
  EXPECT_EQ(names_of(*lenet({1, 28, 28})),
            (std::vector<std::string>{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
                                      "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias",
                                      "fc3.weight", "fc3.bias"}));
}

TEST(LeNetTest, ItsForwardPassIsTheOneByHand) {
  for (const bool modern : {false, true}) {
    const Json options = modern ? Json{{"activation", "relu"}, {"pooling", "max"}} : Json::object();
    const auto model = lenet({3, 20, 17}, options);
    std::map<std::string, Tensor> w;
    for (const auto& [name, tensor] : model->state_dict()) w[name] = tensor;
    const auto act = [&](const Tensor& x) { return modern ? relu(x) : tanh(x); };
    const auto pool = [&](const Tensor& x) { return modern ? max_pool2d(x, 2) : avg_pool2d(x, 2); };
    const auto full = [&](const Tensor& x, const std::string& name) {
      return x.matmul(w[name + ".weight"].t()) + w[name + ".bias"];
    };
    const Tensor x = randn({4, 3, 20, 17});
    Tensor y = pool(act(conv2d(x, w["conv1.weight"], w["conv1.bias"], {.padding = 2})));
    y = pool(act(conv2d(y, w["conv2.weight"], w["conv2.bias"])));
    y = full(act(full(act(full(y.flatten(1), "fc1")), "fc2")), "fc3");
    EXPECT_LT(((*model)(x)-y).abs().max().item<float>(), 1e-5F);
  }
}

TEST(LeNetTest, RefusesOtherData) {
  EXPECT_EQ(test::message_of([] { (void)lenet({784}); }),
            "lenet: needs images [C, H, W], the data has shape [784]");
  EXPECT_EQ(test::message_of([] {
              (void)lenet({1, 28, 11});
            }),
            "lenet: its convolutions and poolings leave nothing of images [1, 28, 11]; they need "
            "sides of at least 12");
  const auto smallest = lenet({1, 12, 12});
  EXPECT_EQ((*smallest)(zeros({2, 1, 12, 12})).sizes(), (Shape{2, 10}));
}

TEST(LinearModelTest, IsOneLinearLayer) {
  const auto model = make({{"type", "linear"}}, {2, 3}, 4);
  EXPECT_EQ(names_of(*model), (std::vector<std::string>{"linear.weight", "linear.bias"}));
  const Tensor x = randn({5, 2, 3});
  const auto state = model->state_dict();
  const Tensor expected = x.flatten(1).matmul(state[0].tensor.t()) + state[1].tensor;
  EXPECT_LT(((*model)(x)-expected).abs().max().item<float>(), 1e-5F);
  EXPECT_EQ(parameter_count(*make({{"type", "linear"}, {"bias", false}}, {2, 3}, 4)), 24);
}

}  // namespace
}  // namespace gradus
