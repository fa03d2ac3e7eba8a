// Layers that Sequential runs as one op: the same bits as one by one, and every node where it is to
// be seen.
#include "framework/nn/fusion.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

namespace gradus::nn {
namespace {

Sequential small_net() {
  return Sequential(Conv2d(3, 8, 3, Conv2dOptions{.padding = 1}), BatchNorm2d(8), ReLU(),
                    Conv2d(8, 20, 3), ReLU(), MaxPool2d(2), ReLU(), Flatten(), Linear(180, 6),
                    BatchNorm1d(6), ReLU(), Linear(6, 4));
}

std::vector<std::string> ops_of(const Tensor& y) {
  std::vector<std::string> ops;
  for (const auto& node : gradus::graph(y).nodes) ops.emplace_back(node.op);
  return ops;
}

bool has(const std::vector<std::string>& ops, std::string_view op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

struct Results {
  std::vector<float> output;
  std::vector<std::vector<float>> gradients;
  std::vector<std::vector<float>> buffers;
  friend bool operator==(const Results&, const Results&) = default;
};

Results train_once(Sequential& net, const Tensor& x) {
  net->zero_grad();
  const Tensor y = net(x);
  (y * y).sum().backward();
  Results results{y.to_vector<float>(), {}, {}};
  for (const Tensor& p : net->parameters())
    results.gradients.push_back(p.grad().to_vector<float>());
  for (const auto& [name, b] : net->named_buffers())
    results.buffers.push_back(b.to_vector<float>());
  return results;
}

TEST(FusionTest, GivesTheBitsOfTheLayersOneByOne) {
  Sequential fused = small_net();
  Sequential plain = small_net();
  plain->load_state_dict(fused->state_dict());
  const Tensor x = randn({6, 3, 8, 8});
  for (const bool training : {true, false}) {
    fused->train(training);
    plain->train(training);
    const Results expected = [&] {
      const AnomalyModeGuard one_by_one;
      return train_once(plain, x);
    }();
    EXPECT_EQ(train_once(fused, x), expected) << training;
  }
}

TEST(FusionTest, EveryNodeIsThereWhereValuesAreKept) {
  Sequential net = small_net();
  const Tensor x = randn({2, 3, 8, 8});
  const auto fused = ops_of(net(x));
  EXPECT_TRUE(has(fused, "batch_norm_relu") && has(fused, "relu_max_pool2d"));
  const KeepValuesGuard keep;
  const auto plain = ops_of(net(x));
  EXPECT_FALSE(has(plain, "batch_norm_relu") || has(plain, "relu_max_pool2d"));
  EXPECT_TRUE(has(plain, "relu") && has(plain, "batch_norm") && has(plain, "max_pool2d"));
}

// Layers of a user's own are left alone.
class Doubling : public ReLUImpl {
 public:
  Tensor forward(const Tensor& x) override { return x * 2; }
};

TEST(FusionTest, ADerivedLayerKeepsItsOwnForward) {
  Sequential net;
  net->push_back(std::make_shared<Doubling>());
  net->push_back(MaxPool2d(2));
  EXPECT_EQ(net(full({1, 1, 2, 2}, -3.0)).item<float>(), -6);
}

TEST(FusionTest, AnErrorNamesTheLayers) {
  Sequential net(ReLU(), MaxPool2d(3));
  try {
    (void)net(ones({1, 1, 2, 2}));
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("layers 0 (ReLU), 1 (MaxPool2d)"), std::string::npos) << text;
    EXPECT_NE(text.find("does not fit into input"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace gradus::nn
