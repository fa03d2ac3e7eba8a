// What all optimizers share: which parameters they take, and what a refusal leaves behind.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/support/temp_dir.h"

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
  expect_one_result<optim::RMSprop>();
  expect_one_result<optim::Adagrad>();
  expect_one_result<optim::Adadelta>();
  expect_one_result<optim::NAdam>();
  expect_one_result<optim::RAdam>();
  expect_one_result<optim::Lion>();
  expect_one_result<optim::LAMB>();
  expect_one_result<optim::Muon>();
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

TEST(OptimizerTest, AClosureIsCalledOnceBeforeTheStep) {
  const Tensor w = ones({2}).requires_grad_();
  optim::SGD optimizer(std::vector{w}, {.lr = 1});
  const NoGradGuard no_grad;  // the closure records all the same
  int calls = 0;
  const Tensor loss = optimizer.step([&] {
    ++calls;
    Tensor value = (w * w).sum();
    value.backward();
    return value;
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(loss.item<float>(), 2);
  EXPECT_EQ(w.to_vector<float>(), (std::vector<float>{-1, -1}));
}

// Numbers beside tensors, also for parameters that are numbers.
TEST(OptimizerTest, StateIsCheckedBeforeItIsTaken) {
  const Tensor w = ones({2}).requires_grad_();
  const Tensor s = ones({}).requires_grad_();
  optim::NAdam optimizer(nn::StateDict{{"w", w}, {"s", s}});
  w.set_grad(ones({2}));
  s.set_grad(ones({}));
  optimizer.step();
  const nn::StateDict state = optimizer.state_dict();
  std::set<std::string> names;
  for (const auto& each : state) names.insert(each.name);
  EXPECT_EQ(names, (std::set<std::string>{"s/exp_avg", "s/exp_avg_sq", "s/mu_product", "s/step",
                                          "w/exp_avg", "w/exp_avg_sq", "w/mu_product", "w/step"}));
  EXPECT_NO_THROW(optimizer.load_state_dict(state));
  for (const char* name : {"w/exp_avg", "w/mu_product", "w/step"}) {
    const std::string message = test::message_of<ValueError>([&] {
      optimizer.load_state_dict({{name, ones({3}, kFloat64)}});
    });
    const std::string expected = std::string(name) == "w/exp_avg" ? "[2]" : "[]";
    EXPECT_EQ(message,
              "optimizer state \"" + std::string(name) + "\" has shape [3]; expected " + expected);
  }
  EXPECT_EQ(optimizer.state_dict().size(), state.size());
}

// Where PyTorch has NaN: the variance of equal gradients comes out a little less than 0.
TEST(OptimizerTest, CenteredRMSpropTakesEqualGradients) {
  const Tensor w = ones({64}).requires_grad_();
  optim::RMSprop optimizer(std::vector{w}, {.alpha = 0.5, .centered = true});
  for (int step = 0; step < 60; ++step) {
    w.set_grad(linspace(0.1, 7, 64));
    optimizer.step();
  }
  for (const float each : w.to_vector<float>()) EXPECT_TRUE(std::isfinite(each));
}

TEST(OptimizerTest, LionTakesTheSignOfZeroAndNaN) {
  const Tensor w = ones({4}).requires_grad_();
  optim::Lion optimizer(std::vector{w}, {.lr = 0.25});
  w.set_grad(tensor({0.0F, NAN, 3.0F, -3.0F}));
  optimizer.step();
  const std::vector<float> after = w.to_vector<float>();
  EXPECT_EQ(after[0], 1);
  EXPECT_TRUE(std::isnan(after[1]));
  EXPECT_EQ(after[2], 0.75F);
  EXPECT_EQ(after[3], 1.25F);
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
