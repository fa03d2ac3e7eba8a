// What all optimizers share: which parameters they take, and what a refusal leaves behind.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

namespace gradus {
namespace {

TEST(OptimizerTest, ARefusedGroupLeavesNothingBehind) {
  const Tensor a = zeros({2}).requires_grad_();
  const Tensor b = zeros({2}).requires_grad_();
  optim::SGD optimizer(nn::StateDict{{"a", a}}, {.lr = 0.5});
  EXPECT_THROW(optimizer.add_param_group({{"b", b}, {"again", a}}, {}), ValueError);
  EXPECT_THROW(optimizer.add_param_group({{"b", b}, {"a", zeros({1}).requires_grad_()}}, {}),
               ValueError);
  EXPECT_EQ(optimizer.param_groups().size(), 1U);
  EXPECT_NO_THROW(optimizer.add_param_group({{"b", b}}, {.lr = 0.25}));
}

TEST(OptimizerTest, TakesOnlyContiguousLeavesThatRequireAGradient) {
  const Tensor leaf = zeros({2, 3}).requires_grad_();
  EXPECT_THROW(optim::SGD(nn::StateDict{{"w", zeros({2})}}), ValueError);
  EXPECT_THROW(optim::SGD(nn::StateDict{{"w", leaf * 2}}), ValueError);
  EXPECT_THROW(optim::SGD(nn::StateDict{{"w", zeros({2, 3}).t().requires_grad_()}}), ValueError);
}

TEST(OptimizerTest, ATensorIsSteppedOnce) {
  const Tensor w = zeros({1}).requires_grad_();
  EXPECT_THROW(optim::SGD(std::vector{w, w}), ValueError);
}

}  // namespace
}  // namespace gradus
