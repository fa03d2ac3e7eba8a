#include "framework/ops/activation.h"
#include "framework/kernels/gelu.h"
#include "framework/kernels/vector_math.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"
#include "framework/ops/shape.h"

#include <cmath>
#include <numbers>

namespace gradus {
namespace ops {
namespace {

// Both sides of the kink at 0, with a function of the gradient and the input.
Samples of_gradient(const std::function<Tensor(Inputs)>& call) {
  return {.good = {{{sample({3, 4}), sample({3, 4}, 0.2, 2)}, call},
                   {{sample({3, 4}), sample({4}, -2, -0.2)}, call},
                   {{sample({}), sample({}, 0.2, 2)}, call},
                   {{sample({0, 3}), sample({0, 3})}, call}},
          .bad = {{{sample({3}), sample({2})}, call, "do not broadcast"}}};
}

struct Relu {
  static constexpr OpInfo kInfo{
      .name = "relu",
      .doc = "max(x, 0), element by element. The gradient at 0 is 0; NaN stays NaN.",
      .saves = kSaveOutput};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("needs numbers, got bool");
    return same_type_unary(in[0], [](auto x) { return kernels::relu(x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {relu_backward(g, s.output())};
  }
  static Samples samples() { return around_zero(relu); }
};

struct ReluBackward {
  static constexpr OpInfo kInfo{.name = "relu_backward",
                                .doc = "The gradient where y > 0, else 0; that of y is zero.",
                                .inputs = 2,
                                .saves = kSaveInput1};
  Tensor forward(Inputs in) {
    return binary(in, [](auto g, auto y) { return kernels::relu_grad(g, y); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {needs[0] ? relu_backward(g, s.input(1)) : Tensor(),
            needs[1] ? zero_gradient(g) : Tensor()};
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return relu_backward(in[0], in[1]); });
  }
};

struct LeakyRelu {
  static constexpr OpInfo kInfo =
      function("leaky_relu", "x where x > 0, else slope * x, which holds for the gradient at 0.",
               kSaveInput0);
  double slope;

  void describe(Attributes& a) const { a("slope", slope); }
  Tensor forward(Inputs in) {
    return unary(in[0], [*this](auto x) {
      return x * (x > 0 ? 1 : static_cast<decltype(x)>(slope));  // a factor, as vectors have it
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {leaky_relu_backward(g, s.input(0), slope)};
  }
  static Samples samples() {
    return around_zero([](const Tensor& x, Location at) { return leaky_relu(x, 0.1, at); });
  }
};

struct LeakyReluBackward {
  static constexpr OpInfo kInfo{.name = "leaky_relu_backward",
                                .doc = "The gradient times 1 where x > 0, else times slope.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInput1};
  double slope;

  Tensor forward(Inputs in) {
    return floating_binary(
        in, [*this](auto g, auto x) { return g * (x > 0 ? 1 : static_cast<decltype(x)>(slope)); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {needs[0] ? leaky_relu_backward(g, s.input(1), slope) : Tensor(),
            needs[1] ? zero_gradient(g) : Tensor()};
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return leaky_relu_backward(in[0], in[1], 0.1); });
  }
};

struct Elu {
  static constexpr OpInfo kInfo =
      function("elu", "scale * x where x > 0, else scale * alpha * (exp(input_scale * x) - 1).",
               kSaveInput0);
  double alpha;
  double scale;
  double input_scale;

  void describe(Attributes& a) const {
    a("alpha", alpha);
    a("scale", scale);
    a("input_scale", input_scale);
  }
  Tensor forward(Inputs in) {
    if (input_scale < 0) throw ValueError("input_scale must not be negative");
    return unary(in[0], [*this](auto x) {
      using T = decltype(x);
      const T below = kernels::expm1_of_negative(x > 0 ? 0 : x * static_cast<T>(input_scale));
      return x <= 0 ? below * static_cast<T>(alpha * scale) : x * static_cast<T>(scale);
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {elu_backward(g, s.input(0), alpha, scale, input_scale)};
  }
  static Samples samples() {
    return around_zero([](const Tensor& x, Location at) { return elu(x, 0.7, 1.1, 1.3, at); });
  }
};

struct EluBackward {
  static constexpr OpInfo kInfo{.name = "elu_backward",
                                .doc = "The gradient times the derivative of elu at x.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  double alpha;
  double scale;
  double input_scale;

  Tensor forward(Inputs in) {
    return floating_binary(in, [*this](auto g, auto x) {
      using T = decltype(x);
      const T below = kernels::exp_of_negative(x <= 0 ? x * static_cast<T>(input_scale) : 0);
      const T factor = static_cast<T>(alpha * scale * input_scale);
      return g * (below * (x <= 0 ? factor : static_cast<T>(scale)));
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(1);
    const auto again = [&](const Tensor& t) {
      return elu_backward(t, x, alpha, scale, input_scale);
    };
    return {needs[0] ? again(g) : Tensor(),
            needs[1] ? where(x <= 0, input_scale * again(g * s.input(0)), 0) : Tensor()};
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return elu_backward(in[0], in[1], 0.7, 1.1, 1.3); });
  }
};

constexpr double kCube = 0.044715;
constexpr double kSlope = std::numbers::inv_sqrtpi * std::numbers::sqrt2;  // sqrt(2 / pi)

constexpr double kPeak = std::numbers::inv_sqrtpi / std::numbers::sqrt2;  // 1 / sqrt(2 pi)

bool by_tanh(std::string_view approximate) {
  if (approximate != "none" && approximate != "tanh") {
    throw ValueError("approximate is \"none\" or \"tanh\", got \"" + std::string(approximate) +
                     "\"");
  }
  return approximate == "tanh";
}

struct Gelu {
  static constexpr OpInfo kInfo =
      function("gelu", "x times the normal distribution's function at x.", kSaveInput0);
  std::string approximate;

  void describe(Attributes& a) const { a("approximate", approximate); }
  Tensor forward(Inputs in) {
    const bool approximated = by_tanh(approximate);
    const Tensor x = is_dense(in[0].sizes(), in[0].strides()) ? in[0] : in[0].contiguous();
    Tensor out = empty_like(x);
    kernels::gelu(out.raw(), x.raw(), approximated);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {gelu_backward(g, s.input(0), approximate)};
  }
  static Samples samples() {
    Samples result = over([](const Tensor& x, Location at) { return gelu(x, "none", at); }, -2, 2);
    const auto call = [](Inputs in) { return gelu(in[0], "tanh"); };
    const auto refused = [](Inputs in) { return gelu(in[0], "sigmoid"); };
    result.good.push_back({{sample({3, 4}, -2, 2)}, call});
    result.bad.push_back({{sample({3})}, refused, "\"none\" or \"tanh\", got \"sigmoid\""});
    return result;
  }
};

struct GeluBackward {
  static constexpr OpInfo kInfo{.name = "gelu_backward",
                                .doc = "The gradient times the derivative of gelu at x.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  std::string approximate;

  Tensor forward(Inputs in) {
    const bool approximated = by_tanh(approximate);
    const Shape sizes = broadcast_shapes(in[0].sizes(), in[1].sizes());
    Tensor g = in[0];
    Tensor x = in[1];
    const bool as_they_are = g.sizes() == sizes && x.sizes() == sizes &&
                             g.strides() == x.strides() && is_dense(sizes, x.strides());
    if (!as_they_are) {
      g = expand(g, sizes).contiguous();
      x = expand(x, sizes).contiguous();
    }
    Tensor out = empty_like(x);
    kernels::gelu_grad(out.raw(), g.raw(), x.raw(), approximated);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(1);
    return {needs[0] ? gelu_backward(g, x, approximate) : Tensor(),
            needs[1] ? g * s.input(0) * curvature(x) : Tensor()};
  }
  [[nodiscard]] Tensor curvature(const Tensor& x) const {
    const Tensor squared = square(x);
    if (!by_tanh(approximate)) {
      return (2 - squared) * (kPeak * exp(squared / -2));
    }
    const Tensor t = tanh(kSlope * x * (1 + kCube * squared));
    const Tensor slope = kSlope * (1 + (3 * kCube) * squared);
    const Tensor bend = (3 * kCube * kSlope) * squared;  // half of x times the slope's derivative
    return (1 - square(t)) * (slope + bend - x * t * square(slope));
  }
  static Samples samples() {
    Samples result = of_gradient([](Inputs in) { return gelu_backward(in[0], in[1], "none"); });
    const auto call = [](Inputs in) { return gelu_backward(in[0], in[1], "tanh"); };
    result.good.push_back({{sample({3, 4}), sample({4}, -2, 2)}, call});
    return result;
  }
};

struct Silu {
  static constexpr OpInfo kInfo = function("silu", "x * sigmoid(x).", kSaveInput0);
  Tensor forward(Inputs in) { return unary(in[0], kernels::native::Silu()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {silu_backward(g, s.input(0))};
  }
  static Samples samples() { return over(silu, -3, 3); }
};

struct SiluBackward {
  static constexpr OpInfo kInfo{.name = "silu_backward",
                                .doc = "The gradient times the derivative of silu at x.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  Tensor forward(Inputs in) { return floating_binary(in, kernels::native::SiluBackward()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(1);
    Gradients gradients = {needs[0] ? silu_backward(g, x) : Tensor(), Tensor()};
    if (needs[1]) {
      const Tensor y = sigmoid(x);
      gradients[1] = sigmoid_backward(g * s.input(0), y) * (2 + x * (1 - 2 * y));
    }
    return gradients;
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return silu_backward(in[0], in[1]); });
  }
};

struct Softplus {
  static constexpr OpInfo kInfo =
      function("softplus", "log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold.",
               kSaveInput0);
  double beta;
  double threshold;

  void describe(Attributes& a) const {
    a("beta", beta);
    a("threshold", threshold);
  }
  Tensor forward(Inputs in) {
    return unary(in[0], [*this](auto x) {
      using T = decltype(x);
      const T v = x * static_cast<T>(beta);
      const T rest = kernels::log1p_of_fraction(kernels::exp_of_negative(-std::abs(v)));
      const T bent = v > static_cast<T>(threshold) ? 0 : 1;
      return ((v > 0 ? v : 0) + bent * rest) / static_cast<T>(beta);
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {softplus_backward(g, s.input(0), beta, threshold)};
  }
  static Samples samples() {
    Samples result =
        over([](const Tensor& x, Location at) { return softplus(x, 1, 20, at); }, -3, 3);
    const auto call = [](Inputs in) { return softplus(in[0], 2, 3); };
    result.good.push_back({{tensor({-2.0, 0.0, 1.25, 1.75, 4.0}, kFloat64)}, call});
    return result;
  }
};

struct SoftplusBackward {
  static constexpr OpInfo kInfo{.name = "softplus_backward",
                                .doc = "The gradient times the derivative of softplus at x.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  double beta;
  double threshold;

  Tensor forward(Inputs in) {
    return floating_binary(in, [*this](auto g, auto x) {
      using T = decltype(x);
      const T v = x * static_cast<T>(beta);
      return v > static_cast<T>(threshold) ? g : g * kernels::sigmoid(v);
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(1);
    Gradients gradients = {needs[0] ? softplus_backward(g, x, beta, threshold) : Tensor(),
                           Tensor()};
    if (needs[1]) {
      const Tensor v = x * beta;
      const Tensor bent = sigmoid_backward(beta * (g * s.input(0)), sigmoid(v));
      gradients[1] = where(v > threshold, 0, bent);
    }
    return gradients;
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return softplus_backward(in[0], in[1], 2, 3); });
  }
};

struct Sigmoid {
  static constexpr OpInfo kInfo =
      function("sigmoid", "1 / (1 + exp(-x)), element by element, without overflow.", kSaveOutput);
  Tensor forward(Inputs in) { return unary(in[0], kernels::native::Sigmoid()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {sigmoid_backward(g, s.output())};
  }
  static Samples samples() { return over(sigmoid, -3, 3); }
};

struct SigmoidBackward {
  static constexpr OpInfo kInfo{.name = "sigmoid_backward",
                                .doc = "The gradient times y * (1 - y).",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  Tensor forward(Inputs in) { return floating_binary(in, kernels::native::SigmoidBackward()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor y = s.input(1);
    return {needs[0] ? sigmoid_backward(g, y) : Tensor(),
            needs[1] ? g * s.input(0) * (1 - 2 * y) : Tensor()};
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return sigmoid_backward(in[0], in[1]); });
  }
};

struct Tanh {
  static constexpr OpInfo kInfo =
      function("tanh", "The hyperbolic tangent, element by element.", kSaveOutput);
  Tensor forward(Inputs in) { return unary(in[0], kernels::native::Tanh()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {tanh_backward(g, s.output())};
  }
  static Samples samples() { return over(tanh, -2, 2); }
};

struct TanhBackward {
  static constexpr OpInfo kInfo{.name = "tanh_backward",
                                .doc = "The gradient times 1 - y * y.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  Tensor forward(Inputs in) { return floating_binary(in, kernels::native::TanhBackward()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor y = s.input(1);
    return {needs[0] ? tanh_backward(g, y) : Tensor(),
            needs[1] ? g * s.input(0) * (-2 * y) : Tensor()};
  }
  static Samples samples() {
    return of_gradient([](Inputs in) { return tanh_backward(in[0], in[1]); });
  }
};

const RegisterOps<Relu, ReluBackward, LeakyRelu, LeakyReluBackward, Elu, EluBackward, Gelu,
                  GeluBackward, Silu, SiluBackward, Softplus, SoftplusBackward, Sigmoid,
                  SigmoidBackward, Tanh, TanhBackward>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor relu(const Tensor& x, Location at) {
  return ops::apply(ops::Relu(), {x}, at);
}
Tensor relu_backward(const Tensor& gradient, const Tensor& y, Location at) {
  return ops::apply(ops::ReluBackward(), {gradient, y}, at);
}
Tensor leaky_relu(const Tensor& x, double negative_slope, Location at) {
  return ops::apply(ops::LeakyRelu{negative_slope}, {x}, at);
}
Tensor leaky_relu_backward(const Tensor& gradient, const Tensor& x, double negative_slope,
                           Location at) {
  return ops::apply(ops::LeakyReluBackward{negative_slope}, {gradient, x}, at);
}
Tensor elu(const Tensor& x, double alpha, double scale, double input_scale, Location at) {
  return ops::apply(ops::Elu{alpha, scale, input_scale}, {x}, at);
}
Tensor elu_backward(const Tensor& gradient, const Tensor& x, double alpha, double scale,
                    double input_scale, Location at) {
  return ops::apply(ops::EluBackward{alpha, scale, input_scale}, {gradient, x}, at);
}
Tensor gelu(const Tensor& x, std::string_view approximate, Location at) {
  return ops::apply(ops::Gelu{std::string(approximate)}, {x}, at);
}
Tensor gelu_backward(const Tensor& gradient, const Tensor& x, std::string_view approximate,
                     Location at) {
  return ops::apply(ops::GeluBackward{std::string(approximate)}, {gradient, x}, at);
}
Tensor silu(const Tensor& x, Location at) {
  return ops::apply(ops::Silu(), {x}, at);
}
Tensor silu_backward(const Tensor& gradient, const Tensor& x, Location at) {
  return ops::apply(ops::SiluBackward(), {gradient, x}, at);
}
Tensor softplus(const Tensor& x, double beta, double threshold, Location at) {
  return ops::apply(ops::Softplus{beta, threshold}, {x}, at);
}
Tensor softplus_backward(const Tensor& gradient, const Tensor& x, double beta, double threshold,
                         Location at) {
  return ops::apply(ops::SoftplusBackward{beta, threshold}, {gradient, x}, at);
}
Tensor sigmoid(const Tensor& x, Location at) {
  return ops::apply(ops::Sigmoid(), {x}, at);
}
Tensor sigmoid_backward(const Tensor& gradient, const Tensor& y, Location at) {
  return ops::apply(ops::SigmoidBackward(), {gradient, y}, at);
}
Tensor tanh(const Tensor& x, Location at) {
  return ops::apply(ops::Tanh(), {x}, at);
}
Tensor tanh_backward(const Tensor& gradient, const Tensor& y, Location at) {
  return ops::apply(ops::TanhBackward(), {gradient, y}, at);
}

}  // namespace gradus
