#include "framework/ops/special.h"
#include "framework/kernels/special.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"

#include <cmath>
#include <numbers>

namespace gradus {
namespace ops {
namespace {

// Between the poles of the gamma function too.
Samples below_too(Tensor (*op)(const Tensor&, Location), Location at = Location::current()) {
  Samples result = over(op, 0.5, 4, at);
  result.good.push_back({{sample({3}, -0.75, -0.25)}, result.good[0].call});
  result.good.push_back({{sample({3}, -2.75, -2.25)}, result.good[0].call});
  return result;
}

struct Erf {
  static constexpr OpInfo kInfo = function("erf", "The error function.", kSaveInput0);
  static auto value(auto x) { return std::erf(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * (2 * std::numbers::inv_sqrtpi) * exp(-square(s.input(0)));
  }
  static Samples samples() { return over(erf, -2, 2); }
};

struct Erfc {
  static constexpr OpInfo kInfo =
      function("erfc", "1 - erf(x), exact where it is small.", kSaveInput0);
  static auto value(auto x) { return std::erfc(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * (-2 * std::numbers::inv_sqrtpi) * exp(-square(s.input(0)));
  }
  static Samples samples() { return over(erfc, -2, 2); }
};

struct Erfinv {
  static constexpr OpInfo kInfo =
      function("erfinv", "The inverse of erf; infinite at -1 and 1, NaN beyond.", kSaveOutput);
  static auto value(auto x) { return kernels::erfinv(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * (0.5 / std::numbers::inv_sqrtpi) * exp(square(s.output()));
  }
  static Samples samples() { return over(erfinv, -0.8, 0.8); }
};

struct Lgamma {
  static constexpr OpInfo kInfo =
      function("lgamma", "The logarithm of |gamma(x)|; inf at 0, -1, -2, ...", kSaveInput0);
  static auto value(auto x) { return kernels::lgamma(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * digamma(s.input(0)); }
  static Samples samples() { return over(lgamma, 0.5, 4); }
};

struct Digamma {
  static constexpr OpInfo kInfo =
      function("digamma", "The derivative of lgamma; NaN at -1, -2, ...", kSaveInput0);
  static auto value(auto x) { return kernels::digamma(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * polygamma(1, s.input(0)); }
  static Samples samples() { return below_too(digamma); }
};

struct Polygamma {
  static constexpr OpInfo kInfo = function(
      "polygamma", "The derivative of order n of digamma; infinite at 0, -1, ...", kSaveInput0);
  int n;

  Tensor forward(Inputs in) {
    if (n < 0) throw ValueError("the order must not be negative, got " + std::to_string(n));
    return unary(in[0], [order = n](auto x) { return kernels::polygamma(order, x); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g * polygamma(n + 1, s.input(0))};
  }
  static Samples samples() {
    const auto of = [](int n) { return [=](Inputs in) { return polygamma(n, in[0]); }; };
    Samples result = below_too([](const Tensor& x, Location at) { return polygamma(1, x, at); });
    result.good.push_back({{sample({2, 3}, 1, 4)}, of(0)});
    result.good.push_back({{sample({2, 3}, 1, 4)}, of(3)});
    result.good.push_back({{sample({3}, -1.75, -1.25)}, of(2)});
    result.bad.push_back({{sample({3})}, of(-1), "the order must not be negative, got -1"});
    return result;
  }
};

// The derivative of some order of sinc, so that sinc can be differentiated at 0 as elsewhere.
struct Sinc {
  static constexpr OpInfo kInfo =
      function("sinc", "sin(pi x) / (pi x), element by element; 1 at 0.", kSaveInput0);
  int order = 0;

  Tensor forward(Inputs in) {
    const double scale = std::pow(std::numbers::pi, order);
    return unary(in[0], [=, n = order](auto x) {
      return scale * kernels::sin_over_x(n, std::numbers::pi * x);
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g * apply(Sinc{order + 1}, {s.input(0)}, Location::current())};
  }
  static Samples samples() {
    Samples result = over(sinc, -3, 3);
    result.good.push_back({{tensor({0.0, 1e-3, 0.4, 0.5, 1.0}, kFloat64)}, result.good[0].call});
    return result;
  }
};

struct Xlogy {
  static constexpr OpInfo kInfo{.name = "xlogy",
                                .doc = "a * log(b), and 0 where a is 0 unless b is NaN.",
                                .inputs = 2,
                                .floating = true,
                                .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    return floating_binary(in, [](auto a, auto b) {
      const double log = std::log(static_cast<double>(b));
      return static_cast<decltype(a)>(b != b ? b : a == 0 ? a : a * log);
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor a = s.input(0);
    const Tensor b = s.input(1);
    Gradients gradients = {Tensor(), Tensor()};
    if (needs[0]) gradients[0] = g * log(where((a == 0) & (b <= 0), 1, b));
    if (needs[1]) gradients[1] = g * a / b;
    return gradients;
  }
  static Samples samples() {
    Samples result = pairs(xlogy);
    const auto call = [](Inputs in) { return xlogy(in[0], in[1]); };
    const Tensor some = tensor({0.0, 0.0, 2.0}, kFloat64);
    result.good.push_back({{some, tensor({0.5, 2.0, 3.0}, kFloat64)}, call});
    return result;
  }
};

struct Logit {
  static constexpr OpInfo kInfo =
      function("logit", "log(x / (1 - x)); infinite at 0 and 1, NaN beyond.", kSaveInput0);
  static auto value(auto x) { return std::log(x / (1 - x)); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    const Tensor x = s.input(0);
    const Tensor inside = where((x >= 0) & (x <= 1), x, std::nan(""));
    return g / (inside * (1 - inside));
  }
  static Samples samples() {
    Samples result = over([](const Tensor& x, Location at) { return logit(x, {}, at); }, 0.1, 0.9);
    const auto kept = [](Inputs in) { return logit(in[0], 0.1); };
    result.good.push_back({{tensor({-0.5, 0.05, 0.3, 0.8, 0.97, 2.0}, kFloat64)}, kept});
    return result;
  }
};

const RegisterOps<FunctionOp<Erf>, FunctionOp<Erfc>, FunctionOp<Erfinv>, FunctionOp<Lgamma>,
                  FunctionOp<Digamma>, Polygamma, Sinc, Xlogy, FunctionOp<Logit>>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor erf(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Erf>(), {x}, at);
}
Tensor erfc(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Erfc>(), {x}, at);
}
Tensor erfinv(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Erfinv>(), {x}, at);
}
Tensor lgamma(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Lgamma>(), {x}, at);
}
Tensor digamma(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Digamma>(), {x}, at);
}
Tensor polygamma(int n, const Tensor& x, Location at) {
  if (n == 0) return digamma(x, at);
  return ops::apply(ops::Polygamma{n}, {x}, at);
}
Tensor sinc(const Tensor& x, Location at) {
  return ops::apply(ops::Sinc(), {x}, at);
}
Tensor xlogy(const Operand& a, const Operand& b) {
  return ops::call<ops::Xlogy>(a, b);
}
Tensor logit(const Tensor& x, std::optional<double> eps, Location at) {
  return ops::compose("logit", at, [&] {
    return ops::apply(ops::FunctionOp<ops::Logit>(), {eps ? clamp(x, *eps, 1 - *eps) : x}, at);
  });
}

}  // namespace gradus
