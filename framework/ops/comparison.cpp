#include "framework/ops/comparison.h"
#include "framework/ops/elementwise.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradus {
namespace ops {
namespace {

// A test of two tensors; the rule gives name, doc, function and test.
template <class Rule>
struct BinaryTest {
  static constexpr OpInfo kInfo{
      .name = Rule::kName, .doc = Rule::kDoc, .inputs = 2, .differentiable = false};
  Tensor forward(Inputs in) {
    return binary<true>(in, [](auto a, auto b) { return Rule()(a, b); });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    Samples result = pairs(Rule::kCall);
    const auto call = [](Inputs in) { return Rule::kCall(in[0], in[1]); };
    const double nan = std::nan("");
    const Tensor some = tensor({0.0, -0.0, 1.0, nan, nan}, kFloat64);
    result.good.push_back({{some, tensor({0.0, 0.0, 0.0, 0.0, nan}, kFloat64)}, call});
    return result;
  }
};

struct Equal : std::equal_to<> {
  static constexpr std::string_view kName = "eq";
  static constexpr std::string_view kDoc = "a == b, element by element, as bool.";
  static constexpr auto kCall = eq;
};
struct NotEqual : std::not_equal_to<> {
  static constexpr std::string_view kName = "ne";
  static constexpr std::string_view kDoc = "a != b, element by element, as bool.";
  static constexpr auto kCall = ne;
};
struct Less : std::less<> {
  static constexpr std::string_view kName = "lt";
  static constexpr std::string_view kDoc = "a < b, element by element, as bool.";
  static constexpr auto kCall = lt;
};
struct LessEqual : std::less_equal<> {
  static constexpr std::string_view kName = "le";
  static constexpr std::string_view kDoc = "a <= b, element by element, as bool.";
  static constexpr auto kCall = le;
};
struct Greater : std::greater<> {
  static constexpr std::string_view kName = "gt";
  static constexpr std::string_view kDoc = "a > b, element by element, as bool.";
  static constexpr auto kCall = gt;
};
struct GreaterEqual : std::greater_equal<> {
  static constexpr std::string_view kName = "ge";
  static constexpr std::string_view kDoc = "a >= b, element by element, as bool.";
  static constexpr auto kCall = ge;
};
struct LogicalAnd {
  static constexpr std::string_view kName = "logical_and";
  static constexpr std::string_view kDoc = "Whether both are not 0, element by element.";
  static constexpr auto kCall = logical_and;
  bool operator()(auto a, auto b) const { return (a != 0) & (b != 0); }
};
struct LogicalOr {
  static constexpr std::string_view kName = "logical_or";
  static constexpr std::string_view kDoc = "Whether one of both is not 0, element by element.";
  static constexpr auto kCall = logical_or;
  bool operator()(auto a, auto b) const { return (a != 0) | (b != 0); }
};
struct LogicalXor {
  static constexpr std::string_view kName = "logical_xor";
  static constexpr std::string_view kDoc = "Whether one alone is not 0, element by element.";
  static constexpr auto kCall = logical_xor;
  bool operator()(auto a, auto b) const { return (a != 0) != (b != 0); }
};

// A test of one tensor.
template <class Rule>
struct UnaryTest {
  static constexpr OpInfo kInfo{.name = Rule::kName, .doc = Rule::kDoc, .differentiable = false};
  Tensor forward(Inputs in) {
    return unary_test(in[0], [](auto x) {
      if constexpr (std::is_floating_point_v<decltype(x)>) {
        return Rule::of_real(x);
      } else {
        return Rule::of_integer(x);
      }
    });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    Samples result = over(Rule::kCall, -1, 1);
    const Tensor some = tensor({0.0, -0.0, 1.0, std::nan(""), HUGE_VAL, -HUGE_VAL}, kFloat64);
    result.good.push_back({{some}, [](Inputs in) { return Rule::kCall(in[0], {}); }});
    return result;
  }
};

struct LogicalNot {
  static constexpr std::string_view kName = "logical_not";
  static constexpr std::string_view kDoc = "Whether x is 0, element by element.";
  static constexpr auto kCall = logical_not;
  static bool of_real(auto x) { return x == 0; }
  static bool of_integer(auto x) { return x == 0; }
};
struct IsNan {
  static constexpr std::string_view kName = "isnan";
  static constexpr std::string_view kDoc = "Whether x is NaN, element by element.";
  static constexpr auto kCall = isnan;
  static bool of_real(auto x) { return x != x; }
  static bool of_integer(auto) { return false; }
};
struct IsInf {
  static constexpr std::string_view kName = "isinf";
  static constexpr std::string_view kDoc = "Whether x is infinite, element by element.";
  static constexpr auto kCall = isinf;
  static bool of_real(auto x) {
    return std::abs(x) == std::numeric_limits<decltype(x)>::infinity();
  }
  static bool of_integer(auto) { return false; }
};
struct IsFinite {
  static constexpr std::string_view kName = "isfinite";
  static constexpr std::string_view kDoc = "Whether x is neither infinite nor NaN.";
  static constexpr auto kCall = isfinite;
  static bool of_real(auto x) { return std::abs(x) <= std::numeric_limits<decltype(x)>::max(); }
  static bool of_integer(auto) { return true; }
};
struct SignBit {
  static constexpr std::string_view kName = "signbit";
  static constexpr std::string_view kDoc = "Whether the sign is minus, that of -0.0 included.";
  static constexpr auto kCall = signbit;
  // GCC 12 fails on std::signbit here.
  static bool of_real(auto x) { return std::copysign(decltype(x){1}, x) < 0; }
  static bool of_integer(auto x) {
    if constexpr (std::is_signed_v<decltype(x)>) return x < 0;
    return false;
  }
};

void require_bits(const Tensor& x) {
  if (!x.is_floating_point()) return;
  throw DTypeError("works on the bits of integers and bool, got " +
                   std::string(name_of(x.dtype())) + "; see logical_and, logical_or, logical_not");
}

Samples integer_pairs(Tensor (*op)(const Operand&, const Operand&),
                      Location at = Location::current()) {
  const Tensor a = tensor({{6, -1, 0}, {1, 2, 3}});
  return {.good = {{{},
                    [=](Inputs) {
                      return op(a, tensor({3, -8, 5}));
                    }},
                   {{},
                    [=](Inputs) {
                      return op(a > 0, tensor({true, false, true}));
                    }},
                   {{}, [=](Inputs) { return op(a, 3); }}},
          .bad = {{{}, [=](Inputs) { return op(Operand(a, at), 0.5); }, "got float32"},
                  {{},
                   [=](Inputs) {
                     return op({a, at}, tensor({1, 2}));
                   },
                   "do not broadcast"}}};
}

template <class Rule>
struct Bitwise {
  static constexpr OpInfo kInfo{
      .name = Rule::kName, .doc = Rule::kDoc, .inputs = 2, .differentiable = false};
  Tensor forward(Inputs in) {
    require_bits(in[0]);
    return binary(in, [](auto a, auto b) {
      if constexpr (std::is_integral_v<decltype(a)>) {
        return Rule()(a, b);
      } else {
        return a;
      }
    });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() { return integer_pairs(Rule::kCall); }
};

struct BitAnd : std::bit_and<> {
  static constexpr std::string_view kName = "bitwise_and";
  static constexpr std::string_view kDoc = "The bits that both have; for bool: and.";
  static constexpr auto kCall = bitwise_and;
};
struct BitOr : std::bit_or<> {
  static constexpr std::string_view kName = "bitwise_or";
  static constexpr std::string_view kDoc = "The bits that one of both has; for bool: or.";
  static constexpr auto kCall = bitwise_or;
};
struct BitXor : std::bit_xor<> {
  static constexpr std::string_view kName = "bitwise_xor";
  static constexpr std::string_view kDoc = "The bits that one alone has; for bool: xor.";
  static constexpr auto kCall = bitwise_xor;
};

struct BitwiseNot {
  static constexpr OpInfo kInfo{.name = "bitwise_not",
                                .doc = "All bits turned over; for bool: not.",
                                .differentiable = false};
  Tensor forward(Inputs in) {
    require_bits(in[0]);
    return same_type_unary(in[0], [](auto x) {
      if constexpr (std::is_same_v<decltype(x), bool>) {
        return !x;
      } else if constexpr (std::is_integral_v<decltype(x)>) {
        return ~x;
      } else {
        return x;
      }
    });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    return {.good = {{{},
                      [](Inputs) {
                        return bitwise_not(tensor({{0, -1}, {5, -6}}));
                      }},
                     {{},
                      [](Inputs) {
                        return bitwise_not(tensor({true, false}));
                      }}},
            .bad = {{{sample({2})}, [](Inputs in) { return bitwise_not(in[0]); }, "got float64"}}};
  }
};

struct IsClose {
  static constexpr OpInfo kInfo{.name = "isclose",
                                .doc = "Whether |a - b| <= atol + rtol * |b|, or a == b.",
                                .inputs = 2,
                                .promotes = false,
                                .differentiable = false};
  double rtol;
  double atol;
  bool equal_nan;

  Tensor forward(Inputs in) {
    if (in[0].dtype() != in[1].dtype()) {
      throw DTypeError("compares tensors of one dtype, got " + std::string(name_of(in[0].dtype())) +
                       " and " + std::string(name_of(in[1].dtype())) + "; convert one with .to()");
    }
    if (!(rtol >= 0 && atol >= 0)) throw ValueError("rtol and atol must not be negative");
    return binary<true>(in, [*this](auto a, auto b) {
      const auto x = static_cast<double>(a);
      const auto y = static_cast<double>(b);
      const double apart = std::abs(x - y);
      const bool near = (apart < HUGE_VAL) & (apart <= atol + std::abs(rtol * y));
      return (a == b) | near | (equal_nan & (x != x) & (y != y));
    });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto call = [](Inputs in) { return isclose(in[0], in[1], 0.1); };
    return {.good = {{{sample({3, 4}), sample({4})}, call}, {{sample({}), sample({2, 0})}, call}},
            .bad = {{{sample({3}), tensor({1, 2, 3})}, call, "float64 and int64"},
                    {{sample({3}), sample({2})}, call, "do not broadcast"}}};
  }
};

const RegisterOps<BinaryTest<Equal>, BinaryTest<NotEqual>, BinaryTest<Less>, BinaryTest<LessEqual>,
                  BinaryTest<Greater>, BinaryTest<GreaterEqual>, BinaryTest<LogicalAnd>,
                  BinaryTest<LogicalOr>, BinaryTest<LogicalXor>, UnaryTest<LogicalNot>,
                  UnaryTest<IsNan>, UnaryTest<IsInf>, UnaryTest<IsFinite>, UnaryTest<SignBit>,
                  Bitwise<BitAnd>, Bitwise<BitOr>, Bitwise<BitXor>, BitwiseNot, IsClose>
    kRegistered;

bool all(const Tensor& flags) {
  const Tensor packed = flags.contiguous();
  const bool* data = packed.data_ptr<bool>();
  return std::all_of(data, data + packed.numel(), [](bool flag) { return flag; });
}

}  // namespace
}  // namespace ops

Tensor eq(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::Equal>>(a, b);
}
Tensor ne(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::NotEqual>>(a, b);
}
Tensor lt(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::Less>>(a, b);
}
Tensor le(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::LessEqual>>(a, b);
}
Tensor gt(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::Greater>>(a, b);
}
Tensor ge(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::GreaterEqual>>(a, b);
}
Tensor logical_and(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::LogicalAnd>>(a, b);
}
Tensor logical_or(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::LogicalOr>>(a, b);
}
Tensor logical_xor(const Operand& a, const Operand& b) {
  return ops::call<ops::BinaryTest<ops::LogicalXor>>(a, b);
}
Tensor bitwise_and(const Operand& a, const Operand& b) {
  return ops::call<ops::Bitwise<ops::BitAnd>>(a, b);
}
Tensor bitwise_or(const Operand& a, const Operand& b) {
  return ops::call<ops::Bitwise<ops::BitOr>>(a, b);
}
Tensor bitwise_xor(const Operand& a, const Operand& b) {
  return ops::call<ops::Bitwise<ops::BitXor>>(a, b);
}
Tensor logical_not(const Tensor& x, Location at) {
  return ops::apply(ops::UnaryTest<ops::LogicalNot>(), {x}, at);
}
Tensor bitwise_not(const Tensor& x, Location at) {
  return ops::apply(ops::BitwiseNot(), {x}, at);
}
Tensor isnan(const Tensor& x, Location at) {
  return ops::apply(ops::UnaryTest<ops::IsNan>(), {x}, at);
}
Tensor isinf(const Tensor& x, Location at) {
  return ops::apply(ops::UnaryTest<ops::IsInf>(), {x}, at);
}
Tensor isfinite(const Tensor& x, Location at) {
  return ops::apply(ops::UnaryTest<ops::IsFinite>(), {x}, at);
}
Tensor signbit(const Tensor& x, Location at) {
  return ops::apply(ops::UnaryTest<ops::SignBit>(), {x}, at);
}

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan,
               Location at) {
  return ops::apply(ops::IsClose{rtol, atol, equal_nan}, {a, b}, at);
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan,
              Location at) {
  return ops::all(isclose(a, b, rtol, atol, equal_nan, at));
}

bool equal(const Tensor& a, const Tensor& b, Location at) {
  return a.sizes() == b.sizes() && ops::all(eq(Operand(a, at), b));
}

}  // namespace gradus
