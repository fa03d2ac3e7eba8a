// What modules add to the loss: the sum over all of them, each once.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

namespace gradus {
namespace {

// Adds `factor` times the mean square of what comes by in training.
struct ActivityPenalty : nn::Module {
  explicit ActivityPenalty(double f) : factor(f) {}
  Tensor forward(const Tensor& x) override {
    const Tensor penalty = (x * x).mean() * factor;
    if (!is_recomputing()) added = is_training() ? penalty : Tensor();
    return x;
  }
  [[nodiscard]] Tensor added_loss() const override { return added; }
  double factor;
  Tensor added;
};

struct Net : nn::Module {
  nn::Linear first = register_module("first", nn::Linear(3, 4));
  std::shared_ptr<ActivityPenalty> a = register_module("a", std::make_shared<ActivityPenalty>(0.5));
  nn::Sequential rest = register_module(
      "rest", nn::Sequential(nn::Linear(4, 2), std::make_shared<ActivityPenalty>(2)));
  std::shared_ptr<ActivityPenalty> again = register_module("again", a);
  Tensor forward(const Tensor& x) override { return rest((*a)(first(x))); }
};

TEST(AddedLossTest, IsTheSumOverAllModulesEachOnce) {
  Net net;
  EXPECT_FALSE(net.added_losses().defined());
  const Tensor x = rand({5, 3});
  const Tensor y = net(x);
  const Tensor h = net.first(x);
  const double expected = 0.5 * (h * h).mean().item<double>() + 2 * (y * y).mean().item<double>();
  EXPECT_NEAR(net.added_losses().item<double>(), expected, 1e-6);
  EXPECT_FALSE(net.first->added_losses().defined());
  EXPECT_NEAR(net.rest->added_losses().item<double>(), 2 * (y * y).mean().item<double>(), 1e-6);
  net.eval();
  (void)net(x);
  EXPECT_FALSE(net.added_losses().defined());
}

TEST(AddedLossTest, CarriesGradients) {
  Net net;
  const Tensor x = rand({5, 3});
  (void)net(x);
  net.added_losses().backward();
  const Tensor gradient = net.first->weight.grad();
  net.zero_grad();
  const Tensor h = net.first(x);
  const Tensor y = net.rest(h);
  ((h * h).mean() * 0.5 + (y * y).mean() * 2).backward();
  EXPECT_LT((gradient - net.first->weight.grad()).abs().max().item<float>(), 1e-6F);
}

}  // namespace
}  // namespace gradus
