// Custom functions.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

struct Cube : Function<Cube> {
  static constexpr std::string_view kName = "cube";
  static Tensor forward(FunctionContext& context, const Tensor& x) {
    context.save_for_backward({x});
    return x * x * x;
  }
  static std::vector<Tensor> backward(FunctionContext& context, const Tensor& gradient) {
    const Tensor x = context.saved_tensors()[0];
    return {gradient * 3 * x * x};
  }
};

// exp(a * scale) * b, from its own result.
struct ScaledExp : Function<ScaledExp> {
  static constexpr std::string_view kName = "scaled_exp";
  static Tensor forward(FunctionContext& context, const Tensor& a, double scale, const Tensor& b) {
    const Tensor y = exp(a * scale) * b;
    context.save_for_backward({y, b});
    context.saved_data["scale"] = scale;
    return y;
  }
  static std::vector<Tensor> backward(FunctionContext& context, const Tensor& gradient) {
    const Tensor y = context.saved_tensors()[0];
    const Tensor b = context.saved_tensors()[1];
    const double scale = std::any_cast<double>(context.saved_data.at("scale"));
    return {context.needs_input_grad(0) ? gradient * y * scale : Tensor(),
            context.needs_input_grad(1) ? gradient * y / b : Tensor()};
  }
};

struct Wrong : Function<Wrong> {
  static constexpr std::string_view kName = "wrong";
  static Tensor forward(FunctionContext& /*context*/, const Tensor& x) { return x * 2; }
  static std::vector<Tensor> backward(FunctionContext& /*context*/, const Tensor& /*gradient*/) {
    return {zeros({7})};
  }
};

TEST(FunctionTest, GradientsOfAnyOrder) {
  const std::vector<Tensor> at = {tensor({{1.5, -2.0}, {0.5, 3.0}}, kFloat64)};
  const auto cube = [](std::span<const Tensor> in) { return Cube::apply(in[0]); };
  EXPECT_NO_THROW(gradcheck(cube, at));
  EXPECT_NO_THROW(gradgradcheck(cube, at));
}

TEST(FunctionTest, TakesOtherArgumentsAndSavesItsResult) {
  const std::vector<Tensor> at = {tensor({0.5, -1.0}, kFloat64), tensor({2.0, 3.0}, kFloat64)};
  const auto call = [](std::span<const Tensor> in) { return ScaledExp::apply(in[0], 1.5, in[1]); };
  EXPECT_NO_THROW(gradcheck(call, at));
  EXPECT_NO_THROW(gradgradcheck(call, at));
  const Tensor y = ScaledExp::apply(tensor(1.0).requires_grad_(), 1.0, tensor(2.0));
  EXPECT_EQ(y.name(), "scaled_exp");
}

TEST(FunctionTest, LeaksNothing) {
  const std::int64_t before = memory_stats().in_use;
  {
    const Tensor a = tensor(1.0).requires_grad_();
    const Tensor y = ScaledExp::apply(a, 2.0, a);
    grad({y}, {a}, {}, {.create_graph = true})[0].backward();
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(FunctionTest, ErrorsNameIt) {
  const Tensor x = tensor(2.0).requires_grad_();
  const Tensor y = Wrong::apply(x);
  EXPECT_NE(message_of([&] { y.backward(); }).find("backward of wrong"), std::string::npos);
  const Tensor z = Cube::apply(x);
  z.backward();
  EXPECT_NE(message_of([&] { z.backward(); }).find("retain_graph"), std::string::npos);
}

struct Masked : Function<Masked> {
  static constexpr std::string_view kName = "masked";
  static Tensor forward(FunctionContext& context, const Tensor& x, const Tensor& mask) {
    context.save_for_backward({mask});
    return mask.defined() ? x * mask : x * 1;
  }
  static std::vector<Tensor> backward(FunctionContext& context, const Tensor& gradient) {
    const Tensor mask = context.saved_tensors()[0];
    return {mask.defined() ? gradient * mask : gradient, Tensor()};
  }
};

struct TooFew : Function<TooFew> {
  static constexpr std::string_view kName = "too_few";
  static Tensor forward(FunctionContext&, const Tensor& x, const Tensor& y) { return x + y; }
  static std::vector<Tensor> backward(FunctionContext&, const Tensor& gradient) {
    return {gradient};
  }
};

struct Writes : Function<Writes> {
  static constexpr std::string_view kName = "writes";
  static Tensor forward(FunctionContext&, const Tensor& x) { return x.mul_(2); }
  static std::vector<Tensor> backward(FunctionContext&, const Tensor& gradient) {
    return {gradient * 2};
  }
};

TEST(FunctionTest, AnArgumentMayBeUndefined) {
  const Tensor x = ones({2}).requires_grad_();
  Masked::apply(x, Tensor()).sum().backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{1, 1}));
}

TEST(FunctionTest, BrokenContractsAreNamed) {
  const Tensor x = ones({2}).requires_grad_();
  const Tensor y = TooFew::apply(x, x).sum();
  const std::string text = message_of([&] { y.backward(); });
  EXPECT_NE(text.find("backward of too_few (called at function_test.cpp:"), std::string::npos)
      << text;
  EXPECT_NE(text.find("1 gradients for 2 tensor arguments"), std::string::npos) << text;
  const std::string written = message_of([&] { Writes::apply(x * 1); });
  EXPECT_NE(written.find("writes: forward() wrote to one of its inputs"), std::string::npos);
}

TEST(FunctionTest, IsNotRecordedWithoutNeed) {
  EXPECT_FALSE(Cube::apply(tensor(2.0)).requires_grad());
  const NoGradGuard no_grad;
  EXPECT_FALSE(Cube::apply(tensor(2.0).requires_grad_()).requires_grad());
}

}  // namespace
}  // namespace gradus
