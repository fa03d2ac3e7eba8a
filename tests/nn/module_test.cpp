// Modules: names, modes, initial weights, state dicts, errors with the place of the layer; losses.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

std::vector<std::string> names_of(const nn::StateDict& state) {
  std::vector<std::string> names;
  for (const auto& each : state) names.push_back(each.name);
  return names;
}

struct Net : nn::Module {
  nn::Conv2d conv = register_module("conv", nn::Conv2d(1, 4, 3));
  nn::BatchNorm2d norm = register_module("norm", nn::BatchNorm2d(4));
  nn::Linear head = register_module("head", nn::Linear(4 * 6 * 6, 10));
  nn::Dropout drop = register_module("drop", nn::Dropout(0.5));
  Tensor forward(const Tensor& x) override { return head(drop(relu(norm(conv(x))).flatten(1))); }
};

TEST(ModuleTest, NamesArePyTorchs) {
  const Net net;
  EXPECT_EQ(names_of(net.named_parameters()),
            (std::vector<std::string>{"conv.weight", "conv.bias", "norm.weight", "norm.bias",
                                      "head.weight", "head.bias"}));
  EXPECT_EQ(names_of(net.named_buffers()),
            (std::vector<std::string>{"norm.running_mean", "norm.running_var",
                                      "norm.num_batches_tracked"}));
}

TEST(ModuleTest, InitialWeightsAreUniformWithinTheBoundOfPyTorch) {
  manual_seed(3);
  const nn::Linear layer(400, 300);
  const double bound = 1 / std::sqrt(400.0);
  const double largest = layer->weight.detach().abs().max().item<double>();
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.999 * bound);
  const Tensor squares = layer->weight.detach() * layer->weight.detach();
  EXPECT_NEAR(squares.mean().item<double>(), bound * bound / 3, 0.01 * bound * bound);
  const nn::Conv2d conv(8, 16, 5);
  EXPECT_LE(conv->weight.detach().abs().max().item<double>(), 1 / std::sqrt(8.0 * 25));
}

TEST(ModuleTest, EvaluationIsDeterministicAndTrainingTracksStatistics) {
  Net net;
  const Tensor x = rand({5, 1, 8, 8});
  net.eval();
  EXPECT_EQ(net(x).to_vector<float>(), net(x).to_vector<float>());
  EXPECT_EQ(net.norm->num_batches_tracked.item<int>(), 0);
  net.train();
  EXPECT_NE(net(x).to_vector<float>(), net(x).to_vector<float>());
  EXPECT_EQ(net.norm->num_batches_tracked.item<int>(), 2);
  EXPECT_NE(net.norm->running_mean.to_vector<float>(), std::vector<float>(4, 0));
}

TEST(ModuleTest, StateMovesByName) {
  Net from;
  Net to;
  from(rand({5, 1, 8, 8}));
  to.load_state_dict(from.state_dict());
  from.eval();
  to.eval();
  const Tensor x = rand({2, 1, 8, 8});
  EXPECT_EQ(from(x).to_vector<float>(), to(x).to_vector<float>());
}

TEST(ModuleTest, AMisfitChangesNothingAndListsAllFaults) {
  Net net;
  const std::vector<float> before = net.head->weight.to_vector<float>();
  nn::StateDict state = Net().state_dict();
  state[0] = {"conv.wieght", state[0].tensor};
  state[1].tensor = zeros({7});
  try {
    net.load_state_dict(state);
    FAIL();
  } catch (const ValueError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("missing: conv.weight [4, 1, 3, 3]"), std::string::npos) << text;
    EXPECT_NE(text.find("unexpected: conv.wieght"), std::string::npos) << text;
    EXPECT_NE(text.find("misfit: conv.bias is [4] here and [7] there"), std::string::npos) << text;
  }
  EXPECT_EQ(net.head->weight.to_vector<float>(), before);
}

TEST(ModuleTest, ConvertsToAnotherDtypeInPlace) {
  Net net;
  const Tensor weight = net.head->weight;
  net.to(kFloat64);
  EXPECT_EQ(weight.dtype(), kFloat64);
  net(rand({3, 1, 8, 8}, kFloat64)).sum().backward();
  EXPECT_EQ(weight.grad().dtype(), kFloat64);
  EXPECT_EQ(net.norm->num_batches_tracked.dtype(), kInt64);
}

TEST(ModuleTest, AnErrorNamesTheLayerTheShapesAndTheCaller) {
  nn::Sequential net(nn::Linear(4, 3), nn::ReLU(), nn::Linear(5, 2));
  try {
    net(zeros({2, 4}));
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find("layer 2 (Linear): linear: input of shape [2, 3] has 3 features, weight "
                        "[2, 5] takes 5 (at module_test.cpp:"),
              0U)
        << text;
  }
}

struct Tied : nn::Module {
  nn::Linear a = register_module("a", nn::Linear(2, 2));
  nn::Linear b = register_module("b", a);
  Tensor forward(const Tensor& x) override { return b(a(x)); }
};

TEST(ModuleTest, ASharedModuleIsTrainedOnceAndSavedUnderBothNames) {
  const Tied net;
  EXPECT_EQ(names_of(net.named_parameters()), (std::vector<std::string>{"a.weight", "a.bias"}));
  EXPECT_EQ(names_of(net.state_dict()),
            (std::vector<std::string>{"a.weight", "a.bias", "b.weight", "b.bias"}));
}

// Its gradient is the sum over both places, and an optimizer moves it once.
TEST(ModuleTest, ASharedModuleIsTrainedByAllItsPlaces) {
  manual_seed(4);
  Tied net;
  const Tensor x = randn({3, 2});
  const Tensor w = net.a->weight.detach().clone().requires_grad_();
  const Tensor b = net.a->bias.detach().clone().requires_grad_();
  net(x).square().sum().backward();
  linear(linear(x, w, b), w, b).square().sum().backward();
  EXPECT_EQ(net.a->weight.grad().to_vector<float>(), w.grad().to_vector<float>());
  const Tensor expected = w.detach() - w.grad() * 0.5;
  optim::SGD optimizer(net.named_parameters(), {.lr = 0.5});
  optimizer.step();
  EXPECT_EQ(net.b->weight.to_vector<float>(), expected.to_vector<float>());
  Tied other;
  other.load_state_dict(net.state_dict());
  EXPECT_TRUE(other.a->weight.is_same(other.b->weight));
  EXPECT_EQ(other(x).to_vector<float>(), net(x).to_vector<float>());
}

TEST(ModuleTest, FrozenParametersGetNoGradientUntilTheyAreThawed) {
  Net net;
  const Tensor x = rand({5, 1, 8, 8});
  net.conv->requires_grad_(false);
  EXPECT_EQ(net.named_parameters().size(), 6U);
  net(x).sum().backward();
  EXPECT_FALSE(net.conv->weight.grad().defined());
  EXPECT_TRUE(net.head->weight.grad().defined());
  EXPECT_THROW(optim::SGD(net.conv->named_parameters(), {.lr = 0.1}), ValueError);
  EXPECT_EQ(&net.requires_grad_(), &net);
  net(x).sum().backward();
  EXPECT_TRUE(net.conv->weight.grad().defined());
  EXPECT_EQ(net.conv->weight.name(), "weight");
  net.requires_grad_(false);
  EXPECT_FALSE(net(x).requires_grad());
  net.to(kFloat64);
  EXPECT_FALSE(net.conv->weight.requires_grad());
}

TEST(ModuleTest, HooksSeeAndReplaceWhatGoesThrough) {
  nn::Sequential net(nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2));
  const Tensor x = randn({2, 4});
  const Tensor plain = net(x);
  std::vector<std::string> seen;
  const auto& [name, relu_layer] = net->children()[1];
  const int before = relu_layer->register_forward_pre_hook([&](nn::Module& m, const Tensor& in) {
    seen.push_back(m.type_name() + " takes " + to_string(in.sizes()));
    return Tensor();
  });
  const int after =
      relu_layer->register_forward_hook([&](nn::Module&, const Tensor& in, const Tensor& out) {
        EXPECT_TRUE(equal(out, relu(in)));
        seen.emplace_back("and is done");
        return Tensor();
      });
  EXPECT_TRUE(equal(net(x), plain));
  EXPECT_EQ(seen, (std::vector<std::string>{"ReLU takes [2, 3]", "and is done"}));
  relu_layer->remove_hook(before);
  relu_layer->remove_hook(after);
  EXPECT_FALSE(relu_layer->has_hooks());
  const auto& head = net->children()[2].second;
  head->register_forward_pre_hook([](nn::Module&, const Tensor& in) { return zeros_like(in); });
  head->register_forward_hook(
      [](nn::Module&, const Tensor&, const Tensor& out) { return out * 2; });
  const Tensor bias = head->named_parameters()[1].tensor;
  EXPECT_TRUE(equal(net(x), (bias * 2).expand({2, 2})));
  EXPECT_EQ(seen.size(), 2U);
}

TEST(ModuleTest, CopiesOfAHandleShareTheModule) {
  nn::Sequential net(nn::Linear(2, 2));
  nn::Sequential copy(net);
  EXPECT_EQ(copy.ptr(), net.ptr());
  EXPECT_EQ(copy->named_parameters()[0].name, "0.weight");
}

struct TwoOfOneName : nn::Module {
  TwoOfOneName() {
    register_parameter("w", zeros({1}));
    register_parameter("w", zeros({1}));
  }
  Tensor forward(const Tensor& x) override { return x; }
};

TEST(ModuleTest, NamesAreUnique) {
  EXPECT_THROW(TwoOfOneName(), ValueError);
}

TEST(ModuleTest, RefusesSenselessSizes) {
  EXPECT_THROW(nn::Linear(0, 3), ValueError);
  EXPECT_THROW(nn::Conv2d(3, 4, 3, nn::Conv2dOptions{.groups = 2}), ValueError);
  EXPECT_THROW(nn::Dropout(1.5), ValueError);
}

TEST(LossTest, CrossEntropyIsStableAndChecksLabels) {
  const Tensor scores = tensor({{1000.0, 0.0}, {-1000.0, 0.0}}).requires_grad_();
  const Tensor loss = cross_entropy(scores, tensor({1, 1}), Reduction::None);
  EXPECT_EQ(loss.to_vector<float>(), (std::vector<float>{1000, 0}));
  EXPECT_THROW(cross_entropy(scores, tensor({0, 2})), ValueError);
  EXPECT_THROW(cross_entropy(scores, tensor({0, -1})), ValueError);
  EXPECT_THROW(cross_entropy(scores, tensor({0})), ShapeError);
  EXPECT_THROW(cross_entropy(scores, tensor({0.0, 1.0})), DTypeError);
}

TEST(LossTest, MseNeedsEqualShapes) {
  EXPECT_EQ(mse_loss(tensor({1.0, 3.0}), tensor({0.0, 1.0})).item<float>(), 2.5F);
  EXPECT_THROW(mse_loss(zeros({3, 1}), zeros({3})), ShapeError);
}

TEST(BatchNormTest, TheFusedGradientEqualsTheComposite) {
  const Tensor x = randn({6, 5, 4, 3}, kFloat64).requires_grad_();
  const Tensor weight = rand({5}, kFloat64).requires_grad_();
  const Tensor bias = rand({5}, kFloat64).requires_grad_();
  const Tensor g = randn({6, 5, 4, 3}, kFloat64);
  const auto gradients = [&](bool composite) {
    const Tensor y = batch_norm(x, {}, {}, weight, bias, {.training = true});
    return grad({y}, {x, weight, bias}, {g}, {.create_graph = composite});
  };
  const auto fused = gradients(false);
  const auto composite = gradients(true);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LT((fused[i] - composite[i].detach()).abs().max().item<double>(), 1e-12) << i;
  }
}

}  // namespace
}  // namespace gradus
