// Hooks, retained gradients, and backward() towards chosen inputs.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

Tensor leaf(double value) {
  return tensor(value, kFloat64).requires_grad_();
}

TEST(HookTest, SeesTheWholeGradientOnce) {
  const Tensor x = leaf(3);
  const Tensor y = x * 2;
  std::vector<double> seen;
  y.register_hook([&](const Tensor& g) { seen.push_back(g.item<double>()); });
  (y * y + y).backward();
  EXPECT_EQ(seen, std::vector<double>{13});
  EXPECT_EQ(x.grad().item<double>(), 26);
}

TEST(HookTest, MayReplaceTheGradient) {
  const Tensor x = leaf(3);
  const Tensor y = x * 2;
  y.register_hook([](const Tensor& g) { return g * 10; });
  y.register_hook([](const Tensor& g) { return g + 1; });
  (y * 5).backward();
  EXPECT_EQ(x.grad().item<double>(), 102);
}

TEST(HookTest, OfALeafRunsBeforeTheGradientIsAdded) {
  const Tensor x = leaf(3);
  x.register_hook([](const Tensor& g) { return g * 0.5; });
  (x * x).backward();
  (x * x).backward();
  EXPECT_EQ(x.grad().item<double>(), 6);
}

TEST(HookTest, IsGoneWhenRemoved) {
  const Tensor x = leaf(3);
  int calls = 0;
  HookHandle handle = x.register_hook([&](const Tensor&) { ++calls; });
  (x * x).backward();
  handle.remove();
  (x * x).backward();
  EXPECT_EQ(calls, 1);
}

TEST(HookTest, OfANodeSeesBothSides) {
  const Tensor x = leaf(3);
  const Tensor y = leaf(4);
  const Tensor z = x * y;
  z.grad_fn()->register_hook([](autograd::Gradients& inputs, const Tensor& output) {
    EXPECT_EQ(output.item<double>(), 2);
    EXPECT_EQ(inputs[0].item<double>(), 8);
    inputs[1] = inputs[1] * 100;
  });
  (z * 2).backward();
  EXPECT_EQ(x.grad().item<double>(), 8);
  EXPECT_EQ(y.grad().item<double>(), 600);
}

TEST(HookTest, AWrongShapeIsRefused) {
  const Tensor x = leaf(3);
  x.register_hook([](const Tensor&) { return zeros({2}, kFloat64); });
  const Tensor y = x * x;
  EXPECT_NE(
      message_of([&] { y.backward(); }).find("a hook returned a float64 gradient of shape [2]"),
      std::string::npos);
  EXPECT_FALSE(x.grad().defined());
}

TEST(HookTest, AnExceptionLeavesNoGradients) {
  const Tensor x = leaf(3);
  const Tensor w = leaf(2);
  x.register_hook([](const Tensor&) { throw std::runtime_error("stop"); });
  const Tensor y = x * w;
  EXPECT_THROW(y.backward(), std::runtime_error);
  EXPECT_FALSE(w.grad().defined());
}

TEST(HookTest, MayRunAnotherBackwardPass) {
  const Tensor x = leaf(3);
  const Tensor other = leaf(5);
  const Tensor y = x * 2;
  const Tensor square = other * other;
  y.register_hook([&](const Tensor&) { square.backward(); });
  y.backward();
  EXPECT_EQ(x.grad().item<double>(), 2);
  EXPECT_EQ(other.grad().item<double>(), 10);
}

TEST(HookTest, SeesGradientsThatCanBeDifferentiated) {
  const Tensor x = leaf(3);
  const Tensor y = x * x;
  HookHandle handle = y.register_hook([](const Tensor& g) { return g * g; });
  const Tensor dx = grad({y * y}, {x}, {}, {.create_graph = true})[0];  // (2 x^2)^2 * 2 x
  EXPECT_EQ(dx.item<double>(), 1944);
  handle.remove();
  EXPECT_EQ(grad({dx}, {x})[0].item<double>(), 3240);
}

TEST(RetainGradTest, KeepsTheGradientOfAResult) {
  const Tensor x = leaf(3);
  const Tensor y = x * 2;
  EXPECT_FALSE(y.retains_grad());
  y.retain_grad();
  EXPECT_TRUE(y.retains_grad());
  const Tensor z = y * y;
  z.backward({}, {.retain_graph = true});
  EXPECT_EQ(y.grad().item<double>(), 12);
  EXPECT_EQ(x.grad().item<double>(), 24);
  z.backward();
  EXPECT_EQ(y.grad().item<double>(), 24);
}

TEST(RetainGradTest, OutlivesNobody) {
  const Tensor x = leaf(3);
  Tensor z;
  {
    const Tensor y = x * 2;
    y.retain_grad();
    z = y * y;
  }
  z.backward();
  EXPECT_EQ(x.grad().item<double>(), 24);
  EXPECT_NE(message_of([] { tensor(1.0).retain_grad(); }).find("requires no gradient"),
            std::string::npos);
}

TEST(BackwardInputsTest, OnlyTheseReceiveGradients) {
  const Tensor x = leaf(3);
  const Tensor w = leaf(2);
  const Tensor y = x * w;
  (y * y).backward({}, {.inputs = {w, y}});
  EXPECT_EQ(w.grad().item<double>(), 36);
  EXPECT_EQ(y.grad().item<double>(), 12);
  EXPECT_FALSE(x.grad().defined());
}

TEST(BackwardInputsTest, OneThatTakesNoPartIsAnError) {
  const Tensor x = leaf(3);
  const Tensor other = leaf(2);
  const Tensor y = x * x;
  EXPECT_NE(message_of([&] {
              y.backward({}, {.inputs = {x, other}});
            }).find("backward: input 1 takes no part"),
            std::string::npos);
  EXPECT_FALSE(x.grad().defined());
}

}  // namespace
}  // namespace gradus
