#include "framework/ops/pointwise.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

Samples over(Tensor (*op)(const Tensor&, Location), double low, double high) {
  const auto call = [op](Inputs in) { return op(in[0], Location::current()); };
  return {.good = {{{sample({3, 4}, low, high)}, call},
                   {{sample({2, 3, 2}, low, high)}, call},
                   {{sample({}, low, high)}, call},
                   {{sample({0, 3})}, call}},
          .bad = {{{Tensor()}, call, "undefined tensor"}}};
}

struct Exp {
  static constexpr OpInfo kInfo{.name = "exp",
                                .doc = "e to the power of x, element by element.",
                                .floating = true,
                                .saves = kSaveOutput};
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) { return std::exp(x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) { return {g * s.output()}; }
  static Samples samples() { return over(exp, -2, 2); }
};

struct Log {
  static constexpr OpInfo kInfo{
      .name = "log",
      .doc = "The natural logarithm, element by element; -inf at 0, NaN below.",
      .floating = true,
      .saves = kSaveInput0};
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) { return std::log(x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) { return {g / s.input(0)}; }
  static Samples samples() { return over(log, 0.5, 3); }
};

struct Sqrt {
  static constexpr OpInfo kInfo{.name = "sqrt",
                                .doc = "The square root, element by element; NaN below 0.",
                                .floating = true,
                                .saves = kSaveOutput};
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) { return std::sqrt(x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g / (2 * s.output())};
  }
  static Samples samples() { return over(sqrt, 0.5, 3); }
};

struct Relu {
  static constexpr OpInfo kInfo{
      .name = "relu",
      .doc = "max(x, 0), element by element. The gradient at 0 is 0; NaN stays NaN.",
      .floating = true,
      .saves = kSaveOutput};
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) { return x <= 0 ? decltype(x){} : x; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {relu_backward(g, s.output())};
  }
  static Samples samples();
};

struct ReluBackward {
  static constexpr OpInfo kInfo{.name = "relu_backward",
                                .doc = "The gradient where y > 0, else 0; no gradient flows to y.",
                                .inputs = 2,
                                .saves = kSaveInput1};
  Tensor forward(Inputs in) {
    return binary(in, [](auto g, auto y) { return y > 0 ? g : decltype(g){}; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {relu_backward(g, s.input(1)), Tensor()};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return relu_backward(in[0], in[1]); };
    return {.good = {{{sample({3, 4}), sample({3, 4}, 0.1, 1)}, call},
                     {{sample({3, 4}), sample({4}, -1, -0.1)}, call}}};
  }
};

struct Sigmoid {
  static constexpr OpInfo kInfo{.name = "sigmoid",
                                .doc = "1 / (1 + exp(-x)), element by element, without overflow.",
                                .floating = true,
                                .saves = kSaveOutput};
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) {
      using T = decltype(x);
      const T e = std::exp(-std::abs(x));  // at most 1
      return (x >= 0 ? T{1} : e) / (T{1} + e);
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor y = s.output();
    return {g * y * (1 - y)};
  }
  static Samples samples() { return over(sigmoid, -3, 3); }
};

struct Tanh {
  static constexpr OpInfo kInfo{.name = "tanh",
                                .doc = "The hyperbolic tangent, element by element.",
                                .floating = true,
                                .saves = kSaveOutput};
  Tensor forward(Inputs in) {
    return unary(in[0], [](auto x) { return std::tanh(x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor y = s.output();
    return {g * (1 - y * y)};
  }
  static Samples samples() { return over(tanh, -2, 2); }
};

// Both sides of the kink, but not the kink itself, where finite differences have no answer.
Samples Relu::samples() {
  Samples result = over(relu, 0.2, 2);
  Samples negative = over(relu, -2, -0.2);
  result.good.insert(result.good.end(), negative.good.begin(), negative.good.end());
  return result;
}

const RegisterOps<Exp, Log, Sqrt, Relu, ReluBackward, Sigmoid, Tanh> kRegistered;

}  // namespace
}  // namespace ops

Tensor exp(const Tensor& x, Location at) {
  return ops::apply(ops::Exp(), {x}, at);
}
Tensor log(const Tensor& x, Location at) {
  return ops::apply(ops::Log(), {x}, at);
}
Tensor sqrt(const Tensor& x, Location at) {
  return ops::apply(ops::Sqrt(), {x}, at);
}
Tensor relu(const Tensor& x, Location at) {
  return ops::apply(ops::Relu(), {x}, at);
}
Tensor relu_backward(const Tensor& gradient, const Tensor& y, Location at) {
  return ops::apply(ops::ReluBackward(), {gradient, y}, at);
}
Tensor sigmoid(const Tensor& x, Location at) {
  return ops::apply(ops::Sigmoid(), {x}, at);
}
Tensor tanh(const Tensor& x, Location at) {
  return ops::apply(ops::Tanh(), {x}, at);
}

}  // namespace gradus
