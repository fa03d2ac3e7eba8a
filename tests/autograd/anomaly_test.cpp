// Anomaly mode names the op, its place and its inputs.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(AnomalyTest, NamesTheFirstOpThatFails) {
  const AnomalyModeGuard guard;
  const Tensor x = tensor({{1.0, 0.5}, {0.0, 2.0}}).requires_grad_().set_name("x");
  const std::string text = message_of([&] { const Tensor y = exp(log(x) * 2); });
  expect_contains(text, "log: the result has -inf at [1, 0]");
  expect_contains(text, "input 0: float32 [2, 2], from 0 to 2, x");
  expect_contains(text, "anomaly_test.cpp:");
}

TEST(AnomalyTest, NamesTheGradientThatFails) {
  const Tensor x = tensor({4.0, 0.0}).requires_grad_().set_name("x");
  const AnomalyModeGuard guard;
  const Tensor y = sqrt(x).sum();
  const std::string text = message_of([&] { y.backward(); });
  expect_contains(text, "backward of sqrt (called at anomaly_test.cpp:");
  expect_contains(text, "has inf at [1]");
  EXPECT_FALSE(x.grad().defined());
}

TEST(AnomalyTest, HoldsInParallelPassesToo) {
  const int before = num_threads();
  set_num_threads(4);
  const Tensor x = rand({256, 256}).requires_grad_();
  Tensor total = sqrt(x * 0).sum();
  for (int i = 1; i < 8; ++i) total = total + tanh(x * i).sum();
  {
    const AnomalyModeGuard guard;
    EXPECT_THROW(total.backward({}, {.retain_graph = true}), AnomalyError);
  }
  EXPECT_FALSE(x.grad().defined());
  set_num_threads(before);
}

TEST(AnomalyTest, AMaskOfInfinitiesMayPass) {
  const AnomalyModeGuard guard;
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}).requires_grad_();
  const Tensor masked = masked_fill(x, tensor({{false, true}, {false, false}}), -INFINITY);
  EXPECT_NO_THROW(masked.softmax(1).square().sum().backward());
  expect_contains(message_of([&] { const Tensor y = masked - masked; }),
                  "the result has nan at [0, 1]");
}

TEST(AnomalyTest, IsOffUnlessAskedFor) {
  const Tensor x = tensor(0.0).requires_grad_();
  EXPECT_NO_THROW(log(x).backward());
  { const AnomalyModeGuard guard; }
  EXPECT_NO_THROW(log(x));
}

}  // namespace
}  // namespace gradus
