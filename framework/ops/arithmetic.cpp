#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

struct Add {
  static constexpr OpInfo kInfo{
      .name = "add", .doc = "a + b, element by element, broadcast.", .inputs = 2};
  Tensor forward(Inputs in) { return binary(in, wrapping(std::plus<>())); }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {g, g}; }
  static Samples samples() { return pairs(add); }
};

struct Sub {
  static constexpr OpInfo kInfo{
      .name = "sub", .doc = "a - b, element by element, broadcast.", .inputs = 2};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("bool tensors cannot be subtracted");
    return binary(in, wrapping(std::minus<>()));
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    return {g, needs[1] ? neg(g) : Tensor()};
  }
  static Samples samples() { return pairs(sub); }
};

struct Mul {
  static constexpr OpInfo kInfo{.name = "mul",
                                .doc = "a * b, element by element, broadcast.",
                                .inputs = 2,
                                .saves_for = {kSaveInput1, kSaveInput0}};
  Tensor forward(Inputs in) { return binary(in, wrapping(std::multiplies<>())); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {needs[0] ? g * s.input(1) : Tensor(), needs[1] ? g * s.input(0) : Tensor()};
  }
  static Samples samples() { return pairs(mul); }
};

struct Div {
  static constexpr OpInfo kInfo{
      .name = "div",
      .doc = "a / b, element by element, broadcast; true division, so integers give float32.",
      .inputs = 2,
      .floating = true,
      .saves_for = {kSaveInput1, kSaveInput0 | kSaveInput1}};
  Tensor forward(Inputs in) {
    return floating_binary(in, [](auto a, auto b) { return a / b; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor b = s.input(1);
    return {needs[0] ? g / b : Tensor(), needs[1] ? -g * s.input(0) / (b * b) : Tensor()};
  }
  static Samples samples() { return pairs(div); }
};

// A division with remainder; the rule divides integers (b is neither 0 nor -1) and floats.
template <class Rule>
Tensor divide(Inputs in) {
  if (in[0].dtype() == kBool) throw DTypeError("bool tensors cannot be divided with remainder");
  return binary(in, [](auto a, auto b) {
    using T = decltype(a);
    if constexpr (std::is_floating_point_v<T>) {
      return Rule::of_reals(a, b);
    } else if constexpr (std::is_same_v<T, bool>) {
      return a;
    } else {
      if (b == 0) throw ValueError("division of an integer by 0");
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Rule::by_minus_one(a);
      return static_cast<T>(Rule::of_integers(a, b));
    }
  });
}

template <class T>
bool signs_differ(T a, T b) {
  return (a < 0) != (b < 0);
}

Samples quotients(Tensor (*op)(const Operand&, const Operand&), Location at = Location::current()) {
  Samples result = pairs(op, 2.1, 2.4, at);  // quotients between 1 and 2 and not near a step
  for (Sample& each : result.good) {
    each.inputs[1] = sample(each.inputs[1].sizes(), 1.3, 1.9);
  }
  const auto call = [op](Inputs in) { return op(in[0], in[1]); };
  const auto number = [op](Inputs in) { return op(in[0], -0.75); };
  result.good.push_back(
      {{tensor({-7.5, 7.5, -7.5, 7.5}, kFloat64), tensor({2.0, -2.0, -2.0, 2.0}, kFloat64)}, call});
  result.good.push_back({{tensor({-7.0, 7.0, 0.25}, kFloat64)}, number});
  const auto refused = [=](Inputs) { return op(Operand(tensor({1, 2}), at), 0); };
  result.bad.push_back({{}, refused, "division of an integer by 0"});
  return result;
}

struct FloorDivide {
  static constexpr OpInfo kInfo{
      .name = "floor_divide",
      .doc = "a / b rounded down; integers by 0 are refused. The gradient is zero.",
      .inputs = 2};
  template <class T>
  static T by_minus_one(T a) {
    return wrapping(std::minus<>())(T{}, a);
  }
  template <class T>
  static T of_integers(T a, T b) {
    const T quotient = static_cast<T>(a / b);
    return static_cast<T>(a % b != 0 && signs_differ(a, b) ? quotient - 1 : quotient);
  }
  // By the remainder, which is exact: the quotient alone may round up to the next integer.
  template <class T>
  static T of_reals(T a, T b) {
    if (b == 0) return a / b;
    const T rest = std::fmod(a, b);
    T quotient = (a - rest) / b;
    if (rest != 0 && signs_differ(rest, b)) quotient -= 1;
    if (quotient == 0) return std::copysign(T{0}, a / b);
    const T down = std::floor(quotient);
    return quotient - down > T{0.5} ? down + 1 : down;
  }

  Tensor forward(Inputs in) { return divide<FloorDivide>(in); }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    return {needs[0] ? zero_gradient(g) : Tensor(), needs[1] ? zero_gradient(g) : Tensor()};
  }
  static Samples samples() { return quotients(floor_divide); }
};

struct Remainder {
  static constexpr OpInfo kInfo{
      .name = "remainder",
      .doc = "a - b * floor(a / b), with the sign of b; integers by 0 are refused.",
      .inputs = 2,
      .saves = kSaveInputs};
  template <class T>
  static T by_minus_one(T) {
    return 0;
  }
  template <class T>
  static T of_integers(T a, T b) {
    const T rest = static_cast<T>(a % b);
    return static_cast<T>(rest != 0 && signs_differ(rest, b) ? rest + b : rest);
  }
  template <class T>
  static T of_reals(T a, T b) {
    const T rest = std::fmod(a, b);
    return rest != 0 && signs_differ(rest, b) ? rest + b : rest;
  }

  Tensor forward(Inputs in) { return divide<Remainder>(in); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {g, needs[1] ? -g * floor_divide(s.input(0), s.input(1)) : Tensor()};
  }
  static Samples samples() { return quotients(remainder); }
};

struct Fmod {
  static constexpr OpInfo kInfo{
      .name = "fmod",
      .doc = "a - b * trunc(a / b), with the sign of a; integers by 0 are refused.",
      .inputs = 2,
      .saves = kSaveInputs};
  template <class T>
  static T by_minus_one(T) {
    return 0;
  }
  template <class T>
  static T of_integers(T a, T b) {
    return static_cast<T>(a % b);
  }
  template <class T>
  static T of_reals(T a, T b) {
    return std::fmod(a, b);
  }

  Tensor forward(Inputs in) { return divide<Fmod>(in); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {g, needs[1] ? -g * trunc(s.input(0) / s.input(1)) : Tensor()};
  }
  static Samples samples() { return quotients(fmod); }
};

template <class T>
T integer_power(T a, T b) {
  if (std::cmp_less(b, 0)) {
    throw ValueError("integers to negative powers are not integers; use .to()");
  }
  auto base = static_cast<std::uint64_t>(a);
  std::uint64_t result = 1;
  for (; b > 0; b = static_cast<T>(b / 2), base *= base) {
    if (b % 2 != 0) result *= base;
  }
  return static_cast<T>(result);
}

struct Pow {
  static constexpr OpInfo kInfo{
      .name = "pow",
      .doc =
          "a to the power of b, element by element, broadcast. The gradient of a is 0 where b "
          "is 0, that of b is 0 where a is 0 and b is not negative.",
      .inputs = 2,
      .saves = kSaveInputs | kSaveOutput};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("bool tensors have no powers");
    if (in[0].is_floating_point() && in[1].dim() == 0 && in[1].item<double>() == 2) {
      return unary(in[0], [](auto a) { return a * a; });  // far faster than std::pow
    }
    return binary(in, [](auto a, auto b) {
      if constexpr (std::is_same_v<decltype(a), bool>) {
        return a;
      } else if constexpr (std::is_integral_v<decltype(a)>) {
        return integer_power(a, b);
      } else {
        return std::pow(a, b);
      }
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor a = s.input(0);
    const Tensor b = s.input(1);
    Gradients gradients = {Tensor(), Tensor()};
    if (needs[0]) {
      // b * a^(b-1) is 0 * inf at a == 0, b == 0: the exponent is moved to 1 there.
      const Tensor zero = eq(b, 0).to(b.dtype());
      gradients[0] = g * b * pow(a, b - 1 + zero);
    }
    if (needs[1]) {
      const Tensor zero = logical_and(a == 0, b >= 0).to(a.dtype());
      gradients[1] = g * s.output() * log(a + zero) * (1 - zero);
    }
    return gradients;
  }
  static Samples samples() { return pairs(pow, 0.5, 2); }
};

struct Hypot {
  static constexpr OpInfo kInfo{
      .name = "hypot",
      .doc = "sqrt(a * a + b * b) without overflow. The gradient at (0, 0) is NaN.",
      .inputs = 2,
      .floating = true,
      .saves = kSaveInputs | kSaveOutput};
  Tensor forward(Inputs in) {
    return floating_binary(in, [](auto a, auto b) { return std::hypot(a, b); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor y = s.output();
    return {needs[0] ? g * (s.input(0) / y) : Tensor(), needs[1] ? g * (s.input(1) / y) : Tensor()};
  }
  static Samples samples() { return pairs(hypot); }
};

struct Atan2 {
  static constexpr OpInfo kInfo{
      .name = "atan2",
      .doc = "The angle of the point (x = b, y = a). The gradient at (0, 0) is NaN.",
      .inputs = 2,
      .floating = true,
      .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    return floating_binary(in, [](auto a, auto b) { return std::atan2(a, b); });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor a = s.input(0);
    const Tensor b = s.input(1);
    const Tensor scaled = g / (a * a + b * b);
    return {needs[0] ? scaled * b : Tensor(), needs[1] ? -scaled * a : Tensor()};
  }
  static Samples samples() { return pairs(atan2); }
};

struct Lerp {
  static constexpr OpInfo kInfo{.name = "lerp",
                                .doc = "start + weight * (end - start), broadcast.",
                                .inputs = 3,
                                .floating = true,
                                .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    const Shape sizes =
        broadcast_shapes(broadcast_shapes(in[0].sizes(), in[1].sizes()), in[2].sizes());
    Tensor out = result_like(sizes, in[0].dtype(), in);
    kernels::dispatch_floating(out.dtype(), [&]<class T>(T) {
      using C = Compute<T>;
      const auto between = [](C start, C end, C weight) {
        const C step = end - start;  // from the nearer side, so that both ends are met exactly
        return weight < C{0.5} ? start + weight * step : end - (1 - weight) * step;
      };
      kernels::map<T, T, T, T>([=](T a, T b, T w) { return static_cast<T>(between(a, b, w)); },
                               out.raw(), in[0].raw().broadcast(sizes),
                               in[1].raw().broadcast(sizes), in[2].raw().broadcast(sizes));
    });
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor weight = s.input(2);
    return {needs[0] ? g * (1 - weight) : Tensor(), needs[1] ? g * weight : Tensor(),
            needs[2] ? g * (s.input(1) - s.input(0)) : Tensor()};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return lerp(in[0], in[1], in[2]); };
    const auto number = [](Inputs in) { return lerp(in[0], in[1], 0.75); };
    return {.good = {{{sample({2, 3}), sample({3}), sample({2, 1})}, call},
                     {{sample({}), sample({}), sample({})}, call},
                     {{sample({0, 3}), sample({3})}, number},
                     {{sample({2, 3}), sample({2, 3})}, number}},
            .bad = {{{sample({3}), sample({2})}, number, "do not broadcast"}}};
  }
};

struct Addcmul {
  static constexpr OpInfo kInfo{.name = "addcmul", .doc = "input + value * a * b.", .inputs = 3};
  static Samples samples() {
    const auto call = [](Inputs in) { return addcmul(in[0], in[1], in[2], -0.5); };
    return {.good = {{{sample({2, 3}), sample({3}), sample({2, 1})}, call}},
            .bad = {{{sample({3}), sample({2}), sample({})}, call, "do not broadcast"}}};
  }
};

struct Addcdiv {
  static constexpr OpInfo kInfo{.name = "addcdiv", .doc = "input + value * a / b.", .inputs = 3};
  static Samples samples() {
    const auto call = [](Inputs in) { return addcdiv(in[0], in[1], in[2], -0.5); };
    return {.good = {{{sample({2, 3}), sample({3}), sample({2, 1}, 0.5, 2)}, call}},
            .bad = {{{sample({3}), sample({2}), sample({})}, call, "do not broadcast"}}};
  }
};

struct Neg {
  static constexpr OpInfo kInfo{.name = "neg", .doc = "-x, element by element."};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("bool tensors have no negative");
    return same_type_unary(in[0], wrapping(std::negate<>()));
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {neg(g)}; }
  static Samples samples() { return around_zero(neg); }
};

struct Sign {
  static constexpr OpInfo kInfo{
      .name = "sign", .doc = "-1, 0 or 1, element by element; 0 for NaN. Its gradient is zero."};
  Tensor forward(Inputs in) {
    return same_type_unary(in[0], [](auto a) {
      const decltype(a) zero{};
      return static_cast<decltype(a)>((a > zero) - (a < zero));
    });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {zero_gradient(g)}; }
  static Samples samples() { return around_zero(sign); }
};

struct Abs {
  static constexpr OpInfo kInfo{
      .name = "abs",
      .doc = "The absolute value, element by element. The gradient at 0 is 0.",
      .saves = kSaveInput0};
  Tensor forward(Inputs in) {
    return same_type_unary(in[0], [](auto a) {
      if constexpr (std::is_floating_point_v<decltype(a)>) {
        return std::abs(a);
      } else {
        return a < decltype(a){} ? wrapping(std::negate<>())(a) : a;
      }
    });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g * sign(s.input(0))};
  }
  static Samples samples() { return around_zero(abs); }
};

struct Square {
  static constexpr OpInfo kInfo{
      .name = "square", .doc = "x * x, element by element.", .saves = kSaveInput0};
  Tensor forward(Inputs in) {
    return same_type_unary(in[0], wrapping([](auto x) { return x * x; }));
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g * (2 * s.input(0))};
  }
  static Samples samples() { return around_zero(square); }
};

struct ZeroGradient {
  static constexpr OpInfo kInfo{.name = "zero_gradient",
                                .doc = "Zeros like x: what flows back through a step function."};
  Tensor forward(Inputs in) { return zeros_like(in[0]); }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {zero_gradient(g)}; }
  static Samples samples() { return over(zero_gradient, -1, 1); }
};

const RegisterOps<Add, Sub, Mul, Div, FloorDivide, Remainder, Fmod, Pow, Hypot, Atan2, Lerp,
                  Addcmul, Addcdiv, Neg, Sign, Abs, Square, ZeroGradient>
    kRegistered;

}  // namespace

Tensor zero_gradient(const Tensor& gradient, Location at) {
  return apply(ZeroGradient(), {gradient}, at);
}

}  // namespace ops

Tensor add(const Operand& a, const Operand& b) {
  return ops::call<ops::Add>(a, b);
}
Tensor sub(const Operand& a, const Operand& b) {
  return ops::call<ops::Sub>(a, b);
}
Tensor mul(const Operand& a, const Operand& b) {
  return ops::call<ops::Mul>(a, b);
}
Tensor div(const Operand& a, const Operand& b) {
  return ops::call<ops::Div>(a, b);
}
Tensor floor_divide(const Operand& a, const Operand& b) {
  return ops::call<ops::FloorDivide>(a, b);
}
Tensor remainder(const Operand& a, const Operand& b) {
  return ops::call<ops::Remainder>(a, b);
}
Tensor fmod(const Operand& a, const Operand& b) {
  return ops::call<ops::Fmod>(a, b);
}
Tensor pow(const Operand& a, const Operand& b) {
  return ops::call<ops::Pow>(a, b);
}
Tensor hypot(const Operand& a, const Operand& b) {
  return ops::call<ops::Hypot>(a, b);
}
Tensor atan2(const Operand& a, const Operand& b) {
  return ops::call<ops::Atan2>(a, b);
}
Tensor lerp(const Operand& start, const Operand& end, const Operand& weight) {
  return ops::apply(ops::Lerp(), {start.tensor(), end.tensor(), weight.tensor()}, start.at());
}
Tensor addcmul(const Tensor& input, const Tensor& a, const Tensor& b, Scalar value, Location at) {
  return ops::compose("addcmul", at, [&] { return input + value * (a * b); });
}
Tensor addcdiv(const Tensor& input, const Tensor& a, const Tensor& b, Scalar value, Location at) {
  return ops::compose("addcdiv", at, [&] { return input + value * (a / b); });
}
Tensor neg(const Tensor& x, Location at) {
  return ops::apply(ops::Neg(), {x}, at);
}
Tensor sign(const Tensor& x, Location at) {
  return ops::apply(ops::Sign(), {x}, at);
}
Tensor abs(const Tensor& x, Location at) {
  return ops::apply(ops::Abs(), {x}, at);
}
Tensor square(const Tensor& x, Location at) {
  return ops::apply(ops::Square(), {x}, at);
}

}  // namespace gradus
