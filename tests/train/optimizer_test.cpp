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

// Every optimizer and dtype, with parameters from one element to several chunks.
template <class Optimizer>
std::vector<double> after_steps(int threads, DType dtype, bool one_by_one) {
  const int before = num_threads();
  set_num_threads(threads);
  manual_seed(5);
  std::vector<Tensor> parameters;
  for (const Shape& sizes : {Shape{1}, Shape{300, 70}, Shape{0}, Shape{37}, Shape{250, 211}}) {
    parameters.push_back(randn(sizes).to(dtype).requires_grad_());
  }
  std::vector<std::unique_ptr<Optimizer>> optimizers;
  if (one_by_one) {
    for (const Tensor& each : parameters) {
      optimizers.push_back(std::make_unique<Optimizer>(std::vector{each}));
    }
  } else {
    optimizers.push_back(std::make_unique<Optimizer>(parameters));
  }
  for (int step = 0; step < 3; ++step) {
    for (const Tensor& each : parameters) each.set_grad(randn(each.sizes()).to(dtype));
    for (const auto& each : optimizers) each->step();
  }
  set_num_threads(before);
  std::vector<double> result;
  for (const Tensor& each : parameters) {
    for (const double value : each.to_vector<double>()) result.push_back(value);
  }
  return result;
}

template <class Optimizer>
void expect_one_result() {
  for (const DType dtype : {kFloat32, kFloat64, kBFloat16}) {
    const auto expected = after_steps<Optimizer>(1, dtype, true);
    EXPECT_EQ(after_steps<Optimizer>(1, dtype, false), expected);
    EXPECT_EQ(after_steps<Optimizer>(4, dtype, false), expected);
  }
}

TEST(OptimizerTest, AStepOverAllParametersIsThatOverEach) {
  expect_one_result<optim::SGD>();
  expect_one_result<optim::Adam>();
  expect_one_result<optim::AdamW>();
}

TEST(OptimizerTest, ASteadyStepAsksForNoMemory) {
  const Tensor w = randn({100, 50}).requires_grad_();
  const Tensor b = randn({50}).requires_grad_();
  optim::Adam optimizer(nn::StateDict{{"w", w}, {"b", b}});
  w.set_grad(randn({100, 50}));
  b.set_grad(randn({50}));
  optimizer.step();
  const auto before = memory_stats();
  for (int i = 0; i < 5; ++i) optimizer.step();
  EXPECT_EQ(memory_stats().in_use, before.in_use);
  EXPECT_EQ(memory_stats().system_allocations, before.system_allocations);
}

TEST(OptimizerTest, FreesGradientsWhereItIsTold) {
  const Tensor w = ones({1000}).requires_grad_();
  optim::SGD optimizer(std::vector{w}, {.lr = 1});
  w.set_grad(ones({1000}));
  optimizer.step();
  EXPECT_TRUE(w.grad().defined());
  optimizer.set_frees_gradients(true);
  const auto before = memory_stats().in_use;
  optimizer.step();
  EXPECT_FALSE(w.grad().defined());
  EXPECT_LE(memory_stats().in_use, before - 4000);
  EXPECT_EQ(w.to_vector<float>(), std::vector<float>(1000, -1));
  optimizer.step();
  EXPECT_EQ(w.to_vector<float>(), std::vector<float>(1000, -1));
}

TEST(OptimizerTest, TakesAGradientInAnyLayout) {
  const Tensor w = ones({2, 3}).requires_grad_();
  optim::SGD optimizer(std::vector{w}, {.lr = 1});
  w.set_grad(arange(6.0F).reshape({3, 2}).t());
  optimizer.step();
  EXPECT_EQ(w.to_vector<float>(), (std::vector<float>{1, -1, -3, 0, -2, -4}));
}

TEST(OptimizerTest, ALaterStepForgetsOneThatWasRefused) {
  const Tensor w = ones({2}).requires_grad_();
  optim::SGD optimizer(std::vector{w}, {.lr = 1});
  w.set_grad(ones({2}));
  optimizer.param_groups()[0].options.nesterov = true;
  EXPECT_THROW(optimizer.step(), ValueError);
  optimizer.param_groups()[0].options.nesterov = false;
  optimizer.step();
  EXPECT_EQ(w.to_vector<float>(), (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace gradus
