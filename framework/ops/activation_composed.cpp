// The activation functions that are composed of ops.
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"
#include "framework/ops/shape.h"

#include <limits>

namespace gradus {
namespace ops {
namespace {

// All pieces of a function that has kinks at 0, +-0.4, +-1, +-3 and 6 at most, away from them.
Samples between(Tensor (*op)(const Tensor&, Location), Location at = Location::current()) {
  Samples result = over(op, 0.5, 0.9, at);
  const Tensor some = tensor({-4.0, -2.0, -0.7, -0.2, 0.2, 1.5, 3.5, 7.0}, kFloat64);
  result.good.push_back({{some}, result.good[0].call});
  return result;
}

struct Relu6 {
  static constexpr OpInfo kInfo{.name = "relu6",
                                .doc = "min(max(x, 0), 6), with gradient 0 at both ends."};
  static Samples samples() { return between(relu6); }
};

struct Selu {
  static constexpr OpInfo kInfo{
      .name = "selu",
      .doc = "elu with the alpha and scale that keep the mean 0 and the variance 1."};
  static Samples samples() { return around_zero(selu); }
};

struct Celu {
  static constexpr OpInfo kInfo{.name = "celu",
                                .doc = "x where x > 0, else alpha * (exp(x / alpha) - 1)."};
  static Samples samples() {
    Samples result = around_zero([](const Tensor& x, Location at) { return celu(x, 1.5, at); });
    const auto refused = [](Inputs in) { return celu(in[0], 0); };
    result.bad.push_back({{sample({3})}, refused, "alpha must be positive"});
    return result;
  }
};

struct Mish {
  static constexpr OpInfo kInfo{.name = "mish", .doc = "x * tanh(softplus(x))."};
  static Samples samples() { return over(mish, -3, 3); }
};

struct Logsigmoid {
  static constexpr OpInfo kInfo{.name = "logsigmoid",
                                .doc = "log(sigmoid(x)), without overflow or loss."};
  static Samples samples() { return over(logsigmoid, -3, 3); }
};

struct Softsign {
  static constexpr OpInfo kInfo{.name = "softsign", .doc = "x / (1 + |x|)."};
  static Samples samples() { return around_zero(softsign); }
};

struct Tanhshrink {
  static constexpr OpInfo kInfo{.name = "tanhshrink", .doc = "x - tanh(x)."};
  static Samples samples() { return over(tanhshrink, -2, 2); }
};

struct Hardtanh {
  static constexpr OpInfo kInfo{.name = "hardtanh",
                                .doc = "x kept within two bounds, with gradient 0 at both ends."};
  static Samples samples() {
    Samples result = between([](const Tensor& x, Location at) { return hardtanh(x, -1, 1, at); });
    const auto refused = [](Inputs in) { return hardtanh(in[0], 1, -1); };
    result.bad.push_back({{sample({3})}, refused, "min_val must not be above max_val"});
    return result;
  }
};

struct Hardsigmoid {
  static constexpr OpInfo kInfo{.name = "hardsigmoid", .doc = "relu6(x + 3) / 6."};
  static Samples samples() { return between(hardsigmoid); }
};

struct Hardswish {
  static constexpr OpInfo kInfo{.name = "hardswish", .doc = "x * relu6(x + 3) / 6."};
  static Samples samples() { return between(hardswish); }
};

struct Softshrink {
  static constexpr OpInfo kInfo{.name = "softshrink",
                                .doc = "x brought nearer to 0 by lambd, 0 where |x| <= lambd."};
  static Samples samples() {
    Samples result = between([](const Tensor& x, Location at) { return softshrink(x, 0.4, at); });
    const auto refused = [](Inputs in) { return softshrink(in[0], -1); };
    result.bad.push_back({{sample({3})}, refused, "lambd must not be negative"});
    return result;
  }
};

struct Hardshrink {
  static constexpr OpInfo kInfo{.name = "hardshrink", .doc = "x, but 0 where |x| <= lambd."};
  static Samples samples() {
    return between([](const Tensor& x, Location at) { return hardshrink(x, 0.4, at); });
  }
};

struct Threshold {
  static constexpr OpInfo kInfo{.name = "threshold", .doc = "x, but a value where x <= threshold."};
  static Samples samples() {
    return between([](const Tensor& x, Location at) { return threshold(x, -0.9, 7, at); });
  }
};

struct Prelu {
  static constexpr OpInfo kInfo{
      .name = "prelu",
      .doc = "x where x > 0, else weight * x, with one weight or one for each channel."};
  static Samples samples() {
    const auto call = [](Inputs in) { return prelu(in[0], in[1]); };
    return {.good = {{{sample({2, 3, 2}, 0.2, 1), sample({3})}, call},
                     {{sample({2, 3}, -1, -0.2), sample({3})}, call},
                     {{sample({2, 3}, -1, -0.2), sample({1})}, call},
                     {{sample({}, -1, -0.2), sample({})}, call},
                     {{sample({0, 3}), sample({3})}, call}},
            .bad = {{{sample({2, 3}), sample({2})}, call, "a weight for each of 3 channels"},
                    {{sample({3}), sample({3})}, call, "a weight for each of 1 channels"}}};
  }
};

struct Glu {
  static constexpr OpInfo kInfo{
      .name = "glu", .doc = "The first half of x along a dim, times the sigmoid of the second."};
  static Samples samples() {
    const auto along = [](int dim) { return [=](Inputs in) { return glu(in[0], dim); }; };
    return {.good = {{{sample({3, 4})}, along(-1)},
                     {{sample({2, 6, 3})}, along(1)},
                     {{sample({0, 2})}, along(1)}},
            .bad = {{{sample({3, 5})}, along(1), "size 5 of dim 1 is odd"},
                    {{sample({})}, along(-1), "has no dims to halve"},
                    {{sample({2})}, along(1), "dim 1"}}};
  }
};

const RegisterOps<Relu6, Selu, Celu, Mish, Logsigmoid, Softsign, Tanhshrink, Hardtanh, Hardsigmoid,
                  Hardswish, Softshrink, Hardshrink, Threshold, Prelu, Glu>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor hardtanh(const Tensor& x, Scalar min_val, Scalar max_val, Location at) {
  return ops::compose("hardtanh", at, [&] {
    if (min_val.to_double() > max_val.to_double()) {
      throw ValueError("min_val must not be above max_val");
    }
    return where(x <= min_val, min_val, where(x >= max_val, max_val, x));
  });
}

Tensor relu6(const Tensor& x, Location at) {
  return ops::compose("relu6", at, [&] { return hardtanh(x, 0, 6); });
}

Tensor selu(const Tensor& x, Location at) {
  constexpr double kAlpha = 1.6732632423543772848170429916717;
  constexpr double kScale = 1.0507009873554804934193349852946;
  return ops::compose("selu", at, [&] { return elu(x, kAlpha, kScale); });
}

Tensor celu(const Tensor& x, double alpha, Location at) {
  return ops::compose("celu", at, [&] {
    if (!(alpha > 0)) throw ValueError("alpha must be positive");
    return elu(x, alpha, 1, 1 / alpha);
  });
}

Tensor mish(const Tensor& x, Location at) {
  return ops::compose("mish", at, [&] { return x * tanh(softplus(x)); });
}

Tensor logsigmoid(const Tensor& x, Location at) {
  return ops::compose("logsigmoid", at,
                      [&] { return -softplus(-x, 1, std::numeric_limits<double>::infinity()); });
}

Tensor softsign(const Tensor& x, Location at) {
  return ops::compose("softsign", at, [&] { return x / (1 + abs(x)); });
}

Tensor tanhshrink(const Tensor& x, Location at) {
  return ops::compose("tanhshrink", at, [&] { return x - tanh(x); });
}

Tensor hardsigmoid(const Tensor& x, Location at) {
  return ops::compose("hardsigmoid", at, [&] { return relu6(x + 3) / 6; });
}

Tensor hardswish(const Tensor& x, Location at) {
  return ops::compose("hardswish", at, [&] { return x * hardsigmoid(x); });
}

Tensor softshrink(const Tensor& x, double lambd, Location at) {
  return ops::compose("softshrink", at, [&] {
    if (!(lambd >= 0)) throw ValueError("lambd must not be negative");
    return x - clamp(x, -lambd, lambd);
  });
}

Tensor hardshrink(const Tensor& x, double lambd, Location at) {
  return ops::compose("hardshrink", at, [&] { return where(abs(x) <= lambd, 0, x); });
}

Tensor threshold(const Tensor& x, Scalar threshold, Scalar value, Location at) {
  return ops::compose("threshold", at, [&] { return where(x <= threshold, value, x); });
}

Tensor prelu(const Tensor& x, const Tensor& weight, Location at) {
  return ops::compose("prelu", at, [&] {
    const std::int64_t channels = x.dim() < 2 ? 1 : x.size(1);
    if (weight.numel() != 1 && (weight.dim() != 1 || weight.numel() != channels)) {
      throw ShapeError("needs one weight, or a weight for each of " + std::to_string(channels) +
                       " channels, got " + to_string(weight.sizes()));
    }
    Shape sizes = Shape::filled(std::max(x.dim() - 1, 0), 1);
    if (!sizes.empty()) sizes[0] = weight.numel();
    return where(x > 0, x, reshape(weight, sizes) * x);
  });
}

Tensor glu(const Tensor& x, int dim, Location at) {
  return ops::compose("glu", at, [&] {
    if (x.dim() == 0) throw ShapeError("input [] has no dims to halve");
    const int d = normalize_dim(dim, x.dim());
    const std::int64_t size = x.size(d);
    if (size % 2 != 0) {
      throw ShapeError("size " + std::to_string(size) + " of dim " + std::to_string(d) +
                       " is odd, in input " + to_string(x.sizes()));
    }
    return x.narrow(d, 0, size / 2) * sigmoid(x.narrow(d, size / 2, size / 2));
  });
}

}  // namespace gradus
