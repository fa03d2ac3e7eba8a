#include "framework/ops/pointwise.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"

#include <cmath>
#include <numbers>

namespace gradus {
namespace ops {
namespace {

struct Exp {
  static constexpr OpInfo kInfo =
      function("exp", "e to the power of x, element by element.", kSaveOutput);
  Tensor forward(Inputs in) { return unary(in[0], kernels::native::Exp()); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) { return {g * s.output()}; }
  static Samples samples() { return over(exp, -2, 2); }
};

struct Exp2 {
  static constexpr OpInfo kInfo =
      function("exp2", "2 to the power of x, element by element.", kSaveOutput);
  static auto value(auto x) { return std::exp2(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * s.output() * std::numbers::ln2;
  }
  static Samples samples() { return over(exp2, -2, 2); }
};

struct Expm1 {
  static constexpr OpInfo kInfo = function("expm1", "exp(x) - 1, exact near 0.", kSaveOutput);
  static auto value(auto x) { return std::expm1(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * (s.output() + 1); }
  static Samples samples() { return over(expm1, -2, 2); }
};

struct Log {
  static constexpr OpInfo kInfo = function(
      "log", "The natural logarithm, element by element; -inf at 0, NaN below.", kSaveInput0);
  static auto value(auto x) { return std::log(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g / s.input(0); }
  static Samples samples() { return over(log, 0.5, 3); }
};

struct Log2 {
  static constexpr OpInfo kInfo =
      function("log2", "The logarithm to base 2; -inf at 0, NaN below.", kSaveInput0);
  static auto value(auto x) { return std::log2(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g / (s.input(0) * std::numbers::ln2);
  }
  static Samples samples() { return over(log2, 0.5, 3); }
};

struct Log10 {
  static constexpr OpInfo kInfo =
      function("log10", "The logarithm to base 10; -inf at 0, NaN below.", kSaveInput0);
  static auto value(auto x) { return std::log10(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g / (s.input(0) * std::numbers::ln10);
  }
  static Samples samples() { return over(log10, 0.5, 3); }
};

struct Log1p {
  static constexpr OpInfo kInfo =
      function("log1p", "log(1 + x), exact near 0; -inf at -1, NaN below.", kSaveInput0);
  static auto value(auto x) { return std::log1p(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g / (s.input(0) + 1); }
  static Samples samples() { return over(log1p, -0.5, 3); }
};

struct Sqrt {
  static constexpr OpInfo kInfo =
      function("sqrt", "The square root, element by element; NaN below 0.", kSaveOutput);
  static auto value(auto x) { return std::sqrt(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g / (2 * s.output()); }
  static Samples samples() { return over(sqrt, 0.5, 3); }
};

struct Rsqrt {
  static constexpr OpInfo kInfo =
      function("rsqrt", "1 / sqrt(x), element by element; inf at 0, NaN below.", kSaveOutput);
  static auto value(auto x) { return 1 / std::sqrt(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * (-0.5 * s.output() * square(s.output()));
  }
  static Samples samples() { return over(rsqrt, 0.5, 3); }
};

struct Reciprocal {
  static constexpr OpInfo kInfo = function("reciprocal", "1 / x, element by element.", kSaveOutput);
  static auto value(auto x) { return 1 / x; }
  static Tensor gradient(const Saved& s, const Tensor& g) { return -g * square(s.output()); }
  static Samples samples() { return over(reciprocal, 0.5, 3); }
};

// Values between the steps, where finite differences see the gradient zero.
Samples steps(Tensor (*op)(const Tensor&, Location), Location at = Location::current()) {
  Samples result = over(op, 0.1, 0.4, at);
  result.good.push_back(
      {{tensor({-2.7, -1.2, -0.6, 0.6, 1.3, 2.8}, kFloat64)}, result.good[0].call});
  return result;
}

void require_numbers(const Tensor& x) {
  if (x.dtype() == kBool) throw DTypeError("bool tensors are not rounded; convert with .to()");
}

// A step function of floats, from a rule; integers stay what they are.
template <class Rule>
struct Step {
  static constexpr OpInfo kInfo = Rule::kInfo;
  Tensor forward(Inputs in) {
    require_numbers(in[0]);
    return same_type_unary(in[0], [](auto x) {
      if constexpr (std::is_floating_point_v<decltype(x)>) {
        return Rule::value(x);
      } else {
        return x;
      }
    });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {zero_gradient(g)}; }
  static Samples samples() { return Rule::samples(); }
};

struct Floor {
  static constexpr OpInfo kInfo{.name = "floor",
                                .doc = "The integer at x or next below. Its gradient is zero."};
  static auto value(auto x) { return std::floor(x); }
  static Samples samples() { return steps(floor); }
};

struct Ceil {
  static constexpr OpInfo kInfo{.name = "ceil",
                                .doc = "The integer at x or next above. Its gradient is zero."};
  static auto value(auto x) { return std::ceil(x); }
  static Samples samples() { return steps(ceil); }
};

struct Trunc {
  static constexpr OpInfo kInfo{.name = "trunc",
                                .doc = "The integer at x or next towards 0. Its gradient is zero."};
  static auto value(auto x) { return std::trunc(x); }
  static Samples samples() { return steps(trunc); }
};

struct Round {
  static constexpr OpInfo kInfo{
      .name = "round",
      .doc = "x rounded to some decimals; halves to the even neighbour. Its gradient is zero."};
  int decimals = 0;

  void describe(Attributes& a) const { a("decimals", decimals); }
  Tensor forward(Inputs in) {
    require_numbers(in[0]);
    if (decimals != 0 && !in[0].is_floating_point()) {
      throw DTypeError("decimals are those of floating tensors, got " +
                       std::string(name_of(in[0].dtype())));
    }
    const double scale = std::pow(10.0, std::abs(decimals));
    return same_type_unary(in[0], [=, places = decimals](auto x) {
      if constexpr (std::is_floating_point_v<decltype(x)>) {
        const auto factor = static_cast<decltype(x)>(scale);
        if (places == 0) return std::nearbyint(x);
        return places > 0 ? std::nearbyint(x * factor) / factor
                          : std::nearbyint(x / factor) * factor;
      } else {
        return x;
      }
    });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {zero_gradient(g)}; }
  static Samples samples() {
    const auto to = [](int decimals) { return [=](Inputs in) { return round(in[0], decimals); }; };
    Samples result = steps([](const Tensor& x, Location at) { return round(x, 0, at); });
    result.good.push_back({{tensor({-17.0, 0.5, 26.0}, kFloat64)}, to(-1)});
    result.good.push_back({{tensor({-1.7519, 0.373, 2.0}, kFloat64)}, to(2)});
    result.bad.push_back({{tensor({1, 2})}, to(1), "decimals are those of floating tensors"});
    return result;
  }
};

struct Frac {
  static constexpr OpInfo kInfo{.name = "frac", .doc = "x - trunc(x), with the sign of x."};
  static Samples samples() { return steps(frac); }
};

const RegisterOps<Exp, FunctionOp<Exp2>, FunctionOp<Expm1>, FunctionOp<Log>, FunctionOp<Log2>,
                  FunctionOp<Log10>, FunctionOp<Log1p>, FunctionOp<Sqrt>, FunctionOp<Rsqrt>,
                  FunctionOp<Reciprocal>, Step<Floor>, Step<Ceil>, Step<Trunc>, Round, Frac>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor exp(const Tensor& x, Location at) {
  return ops::apply(ops::Exp(), {x}, at);
}
Tensor exp2(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Exp2>(), {x}, at);
}
Tensor expm1(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Expm1>(), {x}, at);
}
Tensor log(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Log>(), {x}, at);
}
Tensor log2(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Log2>(), {x}, at);
}
Tensor log10(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Log10>(), {x}, at);
}
Tensor log1p(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Log1p>(), {x}, at);
}
Tensor sqrt(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Sqrt>(), {x}, at);
}
Tensor rsqrt(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Rsqrt>(), {x}, at);
}
Tensor reciprocal(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Reciprocal>(), {x}, at);
}
Tensor floor(const Tensor& x, Location at) {
  return ops::apply(ops::Step<ops::Floor>(), {x}, at);
}
Tensor ceil(const Tensor& x, Location at) {
  return ops::apply(ops::Step<ops::Ceil>(), {x}, at);
}
Tensor trunc(const Tensor& x, Location at) {
  return ops::apply(ops::Step<ops::Trunc>(), {x}, at);
}
Tensor round(const Tensor& x, int decimals, Location at) {
  return ops::apply(ops::Round{decimals}, {x}, at);
}
Tensor frac(const Tensor& x, Location at) {
  return ops::compose("frac", at, [&] { return x - trunc(x); });
}

}  // namespace gradus
