// Activations where golden values cannot show it: second gradients at large inputs, threads.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"

namespace gradus {
namespace {

struct Activation {
  const char* name;
  Tensor (*call)(const Tensor&);
};

const Activation kActivations[] = {
    {"relu", [](const Tensor& x) { return relu(x); }},
    {"relu6", [](const Tensor& x) { return relu6(x); }},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
    {"elu", [](const Tensor& x) { return elu(x); }},
    {"selu", [](const Tensor& x) { return selu(x); }},
    {"celu", [](const Tensor& x) { return celu(x, 2); }},
    {"gelu", [](const Tensor& x) { return gelu(x); }},
    {"gelu_tanh", [](const Tensor& x) { return gelu(x, "tanh"); }},
    {"silu", [](const Tensor& x) { return silu(x); }},
    {"mish", [](const Tensor& x) { return mish(x); }},
    {"softplus", [](const Tensor& x) { return softplus(x); }},
    {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
    {"logsigmoid", [](const Tensor& x) { return logsigmoid(x); }},
    {"tanh", [](const Tensor& x) { return tanh(x); }},
    {"softsign", [](const Tensor& x) { return softsign(x); }},
    {"tanhshrink", [](const Tensor& x) { return tanhshrink(x); }},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x); }},
    {"hardsigmoid", [](const Tensor& x) { return hardsigmoid(x); }},
    {"hardswish", [](const Tensor& x) { return hardswish(x); }},
    {"softshrink", [](const Tensor& x) { return softshrink(x); }},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x); }},
};

// All of them are straight far out, so their second gradients vanish there.
TEST(ActivationTest, SecondGradientsVanishAtLargeInputs) {
  for (const DType dtype : {kFloat32, kFloat64}) {
    for (const Activation& each : kActivations) {
      const Tensor x = tensor({-1e4, -800.0, -110.0, 110.0, 800.0, 1e4}, dtype).requires_grad_();
      const Tensor first = grad({each.call(x).sum()}, {x}, {}, {.create_graph = true})[0];
      const std::vector<double> second =
          grad({(first * (x * 0 + 1)).sum()}, {x})[0].to_vector<double>();
      for (std::size_t i = 0; i < second.size(); ++i) {
        EXPECT_NEAR(second[i], 0, 2e-6) << each.name << " " << name_of(dtype) << ", " << i;
      }
    }
  }
}

TEST(ActivationTest, ResultsDoNotDependOnThreadsOrPlace) {
  Generator generator(5);
  const Tensor x = randn({70001}, kFloat32, generator) * 4;
  const int before = num_threads();
  for (const Activation& each : kActivations) {
    set_num_threads(1);
    const Tensor alone = each.call(x);
    set_num_threads(3);
    EXPECT_TRUE(equal(each.call(x), alone)) << each.name;
    const Tensor from_third = each.call(x.slice(0, 3, kEnd).clone());
    EXPECT_TRUE(equal(from_third, alone.slice(0, 3, kEnd))) << each.name;
  }
  set_num_threads(before);
}

TEST(ActivationTest, LogsigmoidLosesNothingFarOut) {
  const Tensor y = logsigmoid(tensor({-1e4, -40.0, 40.0}, kFloat64));
  EXPECT_DOUBLE_EQ(y.slice(0, 0, 1).item<double>(), -1e4);
  EXPECT_DOUBLE_EQ(y.slice(0, 1, 2).item<double>(), -40 - std::exp(-40.0));
  EXPECT_DOUBLE_EQ(y.slice(0, 2, 3).item<double>(), -std::log1p(std::exp(-40.0)));
}

TEST(ActivationTest, ReluLetsNanThrough) {
  const Tensor x = tensor({std::nan("")}).requires_grad_();
  const Tensor y = relu(x);
  EXPECT_TRUE(std::isnan(y.item<double>()));
  EXPECT_EQ(grad({y}, {x})[0].item<double>(), 1);
}

TEST(ActivationTest, ReversedBoundsAreRefusedAtTheCallersPlace) {
  const std::string text = test::message_of([] { hardtanh(tensor({1.0}), 2, 1); });
  EXPECT_NE(text.find("hardtanh: min_val must not be above max_val (at activation_test.cpp:"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace gradus
