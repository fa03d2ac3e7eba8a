// The backward engine: graphs that are deep, wide or shared, saved values, errors, threads.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/errors.h"

namespace gradus {
namespace {

Tensor leaf(double value) {
  return tensor(value, kFloat64).requires_grad_();
}

using test::message_of;

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(EngineTest, TheExampleOfTheReadme) {
  auto x = tensor(1.0F).requires_grad_(true);
  auto y = (x - 3) * (x - 6) * (x - 4);
  y.backward();
  EXPECT_EQ(to_string(x.grad()), "tensor(31.)");
}

TEST(EngineTest, GradientsAccumulateOverCalls) {
  const Tensor x = leaf(3);
  (x * x).backward();
  (x * x).backward();
  EXPECT_EQ(x.grad().item<double>(), 12);
}

TEST(EngineTest, LeavesThatShareAGradientDoNotShareItsMemory) {
  const Tensor a = leaf(1);
  const Tensor b = leaf(2);
  (a + b).backward();
  a.grad().zero_();
  EXPECT_EQ(b.grad().item<double>(), 1);
}

TEST(EngineTest, ATensorKnowsWhatItDependsOn) {
  const Tensor w = leaf(2).set_name("weight");
  const Tensor y = exp(w * 3);
  EXPECT_EQ(y.name(), "exp");
  ASSERT_TRUE(y.grad_fn());
  const auto product = y.grad_fn()->inputs()[0];
  EXPECT_EQ(product->op(), "mul");
  EXPECT_EQ(product->inputs()[0]->name(), "weight");
  EXPECT_TRUE(product->inputs()[0]->is_leaf());
  EXPECT_FALSE(product->inputs()[1]);
  EXPECT_FALSE(w.grad_fn());
  expect_contains(to_string(y.grad_fn()->location()), "engine_test.cpp:");
}

TEST(EngineTest, AChainOfAMillionOpsRunsBackwardAndIsFreed) {
  const Tensor x = leaf(1);
  Tensor y = x;
  for (int i = 0; i < 1'000'000; ++i) y = neg(y);
  y.backward();
  EXPECT_EQ(x.grad().item<double>(), 1);
}

TEST(EngineTest, TenThousandLeavesMeetInOneSum) {
  std::vector<Tensor> leaves;
  for (int i = 0; i < 10'000; ++i) leaves.push_back(tensor({1.0 * i}, kFloat64).requires_grad_());
  const Tensor all = cat(leaves);
  (all * all).sum().backward();
  for (int i = 0; i < 10'000; i += 999) {
    EXPECT_EQ(leaves[static_cast<std::size_t>(i)].grad().item<double>(), 2.0 * i);
  }
}

TEST(EngineTest, SharedSubgraphsRunOnce) {
  // 2^60 paths through 60 nodes.
  const Tensor x = leaf(1);
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  y.backward();
  EXPECT_EQ(x.grad().item<double>(), 0x1p60);
}

TEST(EngineTest, HigherDerivatives) {
  const Tensor x = leaf(2);
  Tensor y = pow(x, 4);
  const double expected[] = {32, 48, 48, 24, 0};
  for (const double value : expected) {
    y = grad({y}, {x}, {}, {.create_graph = true})[0];
    EXPECT_DOUBLE_EQ(y.item<double>(), value);
  }
}

TEST(EngineTest, GradLeavesTheLeavesAlone) {
  const Tensor x = leaf(3);
  const Tensor y = x * x;
  const Tensor z = y * y;
  const auto gradients = grad({z}, {x, y});
  EXPECT_EQ(gradients[0].item<double>(), 108);
  EXPECT_EQ(gradients[1].item<double>(), 18);
  EXPECT_FALSE(x.grad().defined());
}

TEST(EngineTest, GradOfSomethingUnusedIsAnError) {
  const Tensor x = leaf(3);
  const Tensor other = leaf(4);
  expect_contains(message_of([&] { grad({x * x}, {other}); }), "takes no part");
  EXPECT_FALSE(grad({x * x}, {other}, {}, {}, true)[0].defined());
}

TEST(EngineTest, CreateGraphLeaksNothing) {
  const std::int64_t before = memory_stats().in_use;
  {
    const Tensor x = leaf(3);
    const Tensor y = pow(x, 3) * exp(x);
    y.backward({}, {.create_graph = true});
    x.grad().backward();
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(EngineTest, ASecondBackwardSaysWhatToDo) {
  const Tensor x = leaf(3);
  const Tensor y = exp(x);
  y.backward({}, {.retain_graph = true});
  y.backward();
  const std::string text = message_of([&] { y.backward(); });
  expect_contains(text, "backward of exp (called at engine_test.cpp:");
  expect_contains(text, "retain_graph");
}

TEST(EngineTest, ChangingASavedValueNamesBothOps) {
  const Tensor x = leaf(3);
  const Tensor factor = tensor(2.0, kFloat64);
  const Tensor y = x * factor;
  factor.fill_(5);
  const std::string text = message_of([&] { y.backward(); });
  expect_contains(text, "mul: a value saved for its gradient was changed since by fill_");
  EXPECT_FALSE(x.grad().defined());
}

TEST(EngineTest, AStaleGraphRefusesNewWeights) {
  const Tensor w = leaf(3);
  optim::SGD optimizer(std::vector{w}, {.lr = 0.1});
  const Tensor y = w * w;
  (w * 2).backward();
  optimizer.step();
  expect_contains(message_of([&] { y.backward(); }), "changed since by SGD.step");
}

TEST(EngineTest, InPlaceWritesToLeavesNeedNoGrad) {
  const Tensor w = leaf(3);
  expect_contains(message_of([&] { w.fill_(1); }), "NoGradGuard");
  EXPECT_EQ(w.item<double>(), 3);
  const NoGradGuard no_grad;
  w.fill_(1);
  EXPECT_EQ(w.item<double>(), 1);
}

TEST(EngineTest, AHeldGradientSeesWhatIsAddedToIt) {
  const Tensor x = leaf(3);
  (x * 2).backward();
  const Tensor held = x.grad();
  (x * 2).backward();
  EXPECT_EQ(held.item<double>(), 4);
}

TEST(EngineTest, OpsThatSaveNothingRunBackwardAgain) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const Tensor shared = x.reshape({2, 1}) + 1;
  shared.sum().backward();
  (shared * 2).sum().backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{3, 3}));
}

TEST(EngineTest, IntegersCutTheGraph) {
  const Tensor x = tensor({1.5, 2.5}).requires_grad_();
  EXPECT_FALSE(x.to(kInt64).requires_grad());
  EXPECT_FALSE(x.to(kInt64).to(kFloat32).requires_grad());
}

TEST(EngineTest, ChangingAnIndexIsNoticed) {
  const Tensor x = tensor({{1.0, 2.0}}).requires_grad_();
  const Tensor index = tensor({{1}});
  const Tensor y = x.gather(1, index).sum();
  index.fill_(0);
  expect_contains(message_of([&] { y.backward(); }), "gather: a value saved");
}

TEST(EngineTest, BackwardWithoutAGraphSaysSo) {
  expect_contains(message_of([] { tensor(1.0).backward(); }), "requires no gradient");
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  expect_contains(message_of([&] { (x * 2).backward(); }), "shape [2] needs a gradient");
}

TEST(EngineTest, AnErrorLeavesNoHalfMadeGradients) {
  const Tensor a = leaf(2);
  const Tensor b = leaf(3);
  const Tensor broken = tensor(1.0, kFloat64);
  const Tensor y = a * 2 + b * broken * a;
  broken.fill_(9);
  EXPECT_THROW(y.backward(), StateError);
  EXPECT_FALSE(a.grad().defined());
  EXPECT_FALSE(b.grad().defined());
}

TEST(EngineTest, NothingIsRecordedUnderNoGrad) {
  const Tensor x = leaf(2);
  const NoGradGuard no_grad;
  EXPECT_FALSE((x * x).requires_grad());
}

TEST(EngineTest, NodesKeepValuesAndConstantsOnRequest) {
  const Tensor x = leaf(2);
  const Tensor plain = exp(x);
  EXPECT_FALSE(plain.grad_fn()->value().defined());
  const KeepValuesGuard keep;
  const Tensor y = x * tensor(3.0, kFloat64);
  EXPECT_EQ(y.grad_fn()->value().item<double>(), 6);
  ASSERT_EQ(y.grad_fn()->constants().size(), 2U);
  EXPECT_FALSE(y.grad_fn()->constants()[0].defined());
  EXPECT_EQ(y.grad_fn()->constants()[1].item<double>(), 3);
  EXPECT_EQ(y.grad_fn()->inputs()[0]->value().item<double>(), 2);
}

TEST(EngineTest, DetachCutsTheGraph) {
  const Tensor x = leaf(2);
  const Tensor y = x * (x * x).detach();
  y.backward();
  EXPECT_EQ(x.grad().item<double>(), 4);
}

// Eight heavy branches from one input, and back.
std::vector<float> heavy_gradients(int threads) {
  const int before = num_threads();
  set_num_threads(threads);
  Generator generator(3);
  const Tensor x = rand({256, 256}, kFloat32, generator).requires_grad_();
  Tensor total;
  for (int i = 0; i < 8; ++i) {
    const Tensor branch = tanh(matmul(x, rand({256, 256}, kFloat32, generator))).mean();
    total = total.defined() ? total + branch : branch;
  }
  total.backward();
  set_num_threads(before);
  return x.grad().to_vector<float>();
}

TEST(EngineTest, TheBitsDoNotDependOnThreads) {
  const std::vector<float> one = heavy_gradients(1);
  for (const int threads : {2, 4, 8}) EXPECT_EQ(heavy_gradients(threads), one) << threads;
}

TEST(EngineTest, ThreadsMayShareLeaves) {
  const Tensor w = rand({64, 64}).requires_grad_();
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) (w * 2).sum().backward();
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(w.grad().to_vector<float>(), std::vector<float>(64 * 64, 80));
}

TEST(EngineTest, ThreadsMayRunOnSharedWeights) {
  const Tensor w = rand({64, 64}).requires_grad_();
  const Tensor b = rand({64}).requires_grad_();
  const Tensor x = rand({8, 64});
  const auto work = [&](std::vector<float>& gradient) {
    for (int i = 0; i < 20; ++i) {
      const Tensor loss = tanh(matmul(x, w.t()) + b.reshape({1, 64})).sum();
      gradient = grad({loss}, {w, b})[0].to_vector<float>();
    }
  };
  std::vector<float> here;
  std::vector<float> there;
  std::thread other([&] { work(there); });
  work(here);
  other.join();
  EXPECT_EQ(here, there);
  EXPECT_FALSE(w.grad().defined());
}

TEST(EngineTest, AnErrorInAParallelPassComesOut) {
  set_num_threads(4);
  const Tensor x = rand({256, 256}).requires_grad_();
  const Tensor factor = rand({256, 256});
  Tensor total = (x * factor).sum();
  for (int i = 0; i < 7; ++i) total = total + tanh(x * i).sum();
  factor.zero_();
  EXPECT_THROW(total.backward(), StateError);
  EXPECT_FALSE(x.grad().defined());
  set_num_threads(2);
}

}  // namespace
}  // namespace gradus
