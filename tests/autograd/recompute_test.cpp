// Recompute checkpointing: the same gradients, bit for bit, in less memory.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

struct Net {
  std::vector<Tensor> weights;

  explicit Net(int layers, std::int64_t width = 64) {
    Generator generator(5);
    for (int i = 0; i < layers; ++i) {
      weights.push_back((rand({width, width}, kFloat32, generator) - 0.5).requires_grad_());
    }
  }
  [[nodiscard]] Tensor run(const Tensor& x, bool checkpointed) const {
    Tensor y = x;
    for (const Tensor& w : weights) {
      const auto block = [w](const Tensor& in) { return dropout(tanh(matmul(in, w)), 0.3) * in; };
      y = checkpointed ? checkpoint(block, y) : block(y);
    }
    return y.sum();
  }
  [[nodiscard]] std::vector<std::vector<float>> gradients(const Tensor& x,
                                                          bool checkpointed) const {
    manual_seed(17);
    for (const Tensor& w : weights) w.set_grad({});
    run(x, checkpointed).backward();
    std::vector<std::vector<float>> result;
    for (const Tensor& w : weights) result.push_back(w.grad().to_vector<float>());
    return result;
  }
};

TEST(RecomputeTest, GivesTheSameBitsWithDropout) {
  const Net net(4);
  const Tensor x = rand({32, 64});
  const auto plain = net.gradients(x, false);
  const auto drawn = default_generator().state().draws;
  EXPECT_EQ(net.gradients(x, true), plain);
  EXPECT_EQ(default_generator().state().draws, drawn);
}

TEST(RecomputeTest, HoldsLessMemoryBetweenForwardAndBackward) {
  const Net net(6);
  const Tensor x = rand({256, 64});
  const auto held = [&](bool checkpointed) {
    const std::int64_t before = memory_stats().in_use;
    const Tensor loss = net.run(x, checkpointed);
    return memory_stats().in_use - before;
  };
  EXPECT_LT(held(true), held(false) / 2);
}

TEST(RecomputeTest, LeavesNothingBehind) {
  const Net net(2);
  const Tensor x = rand({32, 64});
  static_cast<void>(net.gradients(x, true));
  const std::int64_t before = memory_stats().in_use;
  static_cast<void>(net.gradients(x, true));
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(RecomputeTest, HigherDerivativesFlowThrough) {
  const Tensor x = tensor(2.0, kFloat64).requires_grad_();
  const Tensor y = checkpoint([](const Tensor& in) { return exp(in * in) * in; }, x);
  const Tensor plain = exp(x * x) * x;
  const Tensor first = grad({y}, {x}, {}, {.create_graph = true})[0];
  const Tensor expected = grad({plain}, {x}, {}, {.create_graph = true})[0];
  EXPECT_EQ(first.item<double>(), expected.item<double>());
  EXPECT_EQ(grad({first}, {x})[0].item<double>(), grad({expected}, {x})[0].item<double>());
}

TEST(RecomputeTest, RunsTheFunctionAgainOnceForEachPass) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  int calls = 0;
  const Tensor y = checkpoint(
                       [&](const Tensor& in) {
                         ++calls;
                         return exp(tanh(in)) * in;
                       },
                       x)
                       .sum();
  EXPECT_EQ(calls, 1);
  y.backward({}, {.retain_graph = true});
  EXPECT_EQ(calls, 2);
  y.backward();
  EXPECT_EQ(calls, 3);
}

TEST(RecomputeTest, MayBeNested) {
  const Tensor x = tensor({0.5, -0.25}, kFloat64).requires_grad_();
  const auto inner = [](const Tensor& in) { return tanh(in) * in; };
  const auto outer = [inner](const Tensor& in) { return exp(checkpoint(inner, in * 2)) * in; };
  const Tensor plain = grad({(exp(inner(x * 2)) * x).sum()}, {x})[0];
  const Tensor nested = grad({checkpoint(outer, x).sum()}, {x})[0];
  EXPECT_EQ(nested.to_vector<double>(), plain.to_vector<double>());
}

TEST(RecomputeTest, NoticesAWeightThatAnOptimizerChanged) {
  const Tensor w = tensor(3.0).requires_grad_();
  optim::SGD optimizer(std::vector{w}, {.lr = 0.1});
  const Tensor x = tensor(2.0).requires_grad_();
  const Tensor y = checkpoint([&](const Tensor& in) { return in * w * w; }, x);
  w.set_grad(tensor(1.0F));
  optimizer.step();
  EXPECT_NE(message_of([&] { y.backward(); }).find("changed since by SGD.step"), std::string::npos);
}

TEST(RecomputeTest, NoticesAFunctionThatComputesSomethingElse) {
  const Tensor x = tensor(2.0).requires_grad_();
  double factor = 2;
  const Tensor y = checkpoint([&](const Tensor& in) { return exp(in * factor); }, x);
  factor = 3;
  EXPECT_NE(message_of([&] { y.backward(); }).find("computed other values when it ran again"),
            std::string::npos);
  EXPECT_FALSE(x.grad().defined());
}

TEST(RecomputeTest, NoticesAnInputThatWasChanged) {
  const Tensor x = tensor(2.0);
  const Tensor w = tensor(2.0).requires_grad_();
  const Tensor y = checkpoint([&](const Tensor& in) { return exp(in * w); }, x);
  x.fill_(5);
  EXPECT_NE(message_of([&] { y.backward(); }).find("changed since by fill_"), std::string::npos);
}

TEST(RecomputeTest, BitsDoNotDependOnThreads) {
  const Net net(3, 256);
  const Tensor x = rand({256, 256});
  const int before = num_threads();
  set_num_threads(1);
  const auto one = net.gradients(x, true);
  set_num_threads(4);
  EXPECT_EQ(net.gradients(x, true), one);
  set_num_threads(before);
}

TEST(RecomputeTest, AnInputMayBeUndefined) {
  const Tensor x = tensor(2.0).requires_grad_();
  const auto masked = [](const Tensor& in, const Tensor& mask) {
    return mask.defined() ? in * mask : exp(in);
  };
  checkpoint(masked, x, Tensor()).backward();
  EXPECT_FLOAT_EQ(x.grad().item<float>(), std::exp(2.0F));
}

TEST(RecomputeTest, UnderNoGradTheFunctionJustRuns) {
  const NoGradGuard no_grad;
  const Tensor y = checkpoint([](const Tensor& in) { return in * 2; }, tensor(2.0));
  EXPECT_EQ(y.item<double>(), 4);
}

}  // namespace
}  // namespace gradus
