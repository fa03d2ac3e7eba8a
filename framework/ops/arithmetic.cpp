#include "framework/ops/arithmetic.h"
#include "framework/ops/apply.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/pointwise.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

Samples pairs(Tensor (*op)(const Operand&, const Operand&), double low = -2, double high = 2) {
  const auto call = [op](Inputs in) { return op(in[0], in[1]); };
  const auto with = [&](const Shape& a, const Shape& b) {
    return Sample{{sample(a, low, high), sample(b, 0.5, high)}, call};
  };
  return {.good = {with({3, 4}, {3, 4}), with({3, 1}, {1, 4}), with({2, 3, 4}, {4}), with({}, {}),
                   with({2, 2}, {}), with({0, 3}, {1, 3})},
          .bad = {{{sample({3, 4}), sample({3, 5})}, call, "do not broadcast: [3, 4] and [3, 5]"}}};
}

struct Add {
  static constexpr OpInfo kInfo{
      .name = "add", .doc = "a + b, element by element, broadcast.", .inputs = 2};
  Tensor forward(Inputs in) {
    return binary(in, [](auto a, auto b) { return a + b; });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {g, g}; }
  static Samples samples() { return pairs(add); }
};

struct Sub {
  static constexpr OpInfo kInfo{
      .name = "sub", .doc = "a - b, element by element, broadcast.", .inputs = 2};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("bool tensors cannot be subtracted");
    return binary(in, [](auto a, auto b) { return a - b; });
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
  Tensor forward(Inputs in) {
    return binary(in, [](auto a, auto b) { return a * b; });
  }
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
    return binary(in, [](auto a, auto b) { return a / b; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor b = s.input(1);
    return {needs[0] ? g / b : Tensor(), needs[1] ? -g * s.input(0) / (b * b) : Tensor()};
  }
  static Samples samples() { return pairs(div); }
};

struct Pow {
  static constexpr OpInfo kInfo{
      .name = "pow",
      .doc =
          "a to the power of b, element by element, broadcast. The gradient of a is 0 where b "
          "is 0, that of b is 0 where a is 0.",
      .inputs = 2,
      .saves = kSaveInputs | kSaveOutput};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("bool tensors have no powers");
    return binary(in, [](auto a, auto b) {
      if constexpr (std::is_same_v<decltype(a), bool>) {
        return a;
      } else if constexpr (std::is_integral_v<decltype(a)>) {
        if (std::cmp_less(b, 0))
          throw ValueError("integers to negative powers are not integers; use .to()");
        decltype(a) result = 1;
        for (; b > 0; b = static_cast<decltype(b)>(b / 2), a = static_cast<decltype(a)>(a * a)) {
          if (b % 2 != 0) result = static_cast<decltype(a)>(result * a);
        }
        return result;
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
      const Tensor zero = eq(a, 0).to(a.dtype());
      gradients[1] = g * s.output() * log(a + zero) * (1 - zero);
    }
    return gradients;
  }
  static Samples samples() { return pairs(pow, 0.5, 2); }
};

struct Neg {
  static constexpr OpInfo kInfo{.name = "neg", .doc = "-x, element by element."};
  Tensor forward(Inputs in) {
    if (in[0].dtype() == kBool) throw DTypeError("bool tensors have no negative");
    return same_type_unary(in[0], [](auto a) { return -a; });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {neg(g)}; }
  static Samples samples();
};

struct Sign {
  static constexpr OpInfo kInfo{.name = "sign",
                                .doc = "-1, 0 or 1, element by element. Its gradient is zero.",
                                .differentiable = false};
  Tensor forward(Inputs in) {
    return same_type_unary(in[0], [](auto a) {
      const decltype(a) zero{};
      return static_cast<decltype(a)>((a > zero) - (a < zero));
    });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples();
};

struct Abs {
  static constexpr OpInfo kInfo{
      .name = "abs",
      .doc = "The absolute value, element by element. The gradient at 0 is 0.",
      .saves = kSaveInput0};
  Tensor forward(Inputs in) {
    return same_type_unary(
        in[0], [](auto a) { return a < decltype(a){} ? static_cast<decltype(a)>(-a) : a; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g * sign(s.input(0))};
  }
  static Samples samples();
};

Samples singles(Tensor (*op)(const Tensor&, Location)) {
  const auto call = [op](Inputs in) { return op(in[0], Location::current()); };
  return {.good = {{{sample({3, 4}, 0.2, 2)}, call},
                   {{sample({2, 3}, -2, -0.2)}, call},
                   {{sample({})}, call},
                   {{sample({2, 0})}, call}},
          .bad = {{{Tensor()}, call, "undefined tensor"}}};
}

Samples Neg::samples() {
  return singles(neg);
}
Samples Sign::samples() {
  return singles(sign);
}
Samples Abs::samples() {
  return singles(abs);
}

// One comparison; Compare gives name, doc and test.
template <class Compare>
struct Comparison {
  static constexpr OpInfo kInfo{
      .name = Compare::kName, .doc = Compare::kDoc, .inputs = 2, .differentiable = false};
  Tensor forward(Inputs in) {
    return binary<true>(in, [](auto a, auto b) { return Compare()(a, b); });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    return pairs([](const Operand& a, const Operand& b) {
      return apply(Comparison(), {a.tensor(), b.tensor()}, a.at());
    });
  }
};

struct Equal : std::equal_to<> {
  static constexpr std::string_view kName = "eq";
  static constexpr std::string_view kDoc = "a == b, element by element, as bool.";
};
struct NotEqual : std::not_equal_to<> {
  static constexpr std::string_view kName = "ne";
  static constexpr std::string_view kDoc = "a != b, element by element, as bool.";
};
struct Less : std::less<> {
  static constexpr std::string_view kName = "lt";
  static constexpr std::string_view kDoc = "a < b, element by element, as bool.";
};
struct LessEqual : std::less_equal<> {
  static constexpr std::string_view kName = "le";
  static constexpr std::string_view kDoc = "a <= b, element by element, as bool.";
};
struct Greater : std::greater<> {
  static constexpr std::string_view kName = "gt";
  static constexpr std::string_view kDoc = "a > b, element by element, as bool.";
};
struct GreaterEqual : std::greater_equal<> {
  static constexpr std::string_view kName = "ge";
  static constexpr std::string_view kDoc = "a >= b, element by element, as bool.";
};

const RegisterOps<Add, Sub, Mul, Div, Pow, Neg, Sign, Abs, Comparison<Equal>, Comparison<NotEqual>,
                  Comparison<Less>, Comparison<LessEqual>, Comparison<Greater>,
                  Comparison<GreaterEqual>>
    kRegistered;

template <class O>
Tensor call(const Operand& a, const Operand& b) {
  return apply(O(), pair_of(a, b), a.at());
}

}  // namespace
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
Tensor pow(const Operand& a, const Operand& b) {
  return ops::call<ops::Pow>(a, b);
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
Tensor eq(const Operand& a, const Operand& b) {
  return ops::call<ops::Comparison<ops::Equal>>(a, b);
}
Tensor ne(const Operand& a, const Operand& b) {
  return ops::call<ops::Comparison<ops::NotEqual>>(a, b);
}
Tensor lt(const Operand& a, const Operand& b) {
  return ops::call<ops::Comparison<ops::Less>>(a, b);
}
Tensor le(const Operand& a, const Operand& b) {
  return ops::call<ops::Comparison<ops::LessEqual>>(a, b);
}
Tensor gt(const Operand& a, const Operand& b) {
  return ops::call<ops::Comparison<ops::Greater>>(a, b);
}
Tensor ge(const Operand& a, const Operand& b) {
  return ops::call<ops::Comparison<ops::GreaterEqual>>(a, b);
}

}  // namespace gradus
