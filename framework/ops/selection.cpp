#include "framework/ops/selection.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/shape.h"

#include <cmath>
#include <limits>

namespace gradus {
namespace ops {
namespace {

// c ? a : b, by bits: compilers turn this into vector instructions, but not a choice by a bool.
template <class T>
T select(bool c, T a, T b) {
  if constexpr (sizeof(T) == 1) {
    return c ? a : b;
  } else {
    using Half = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, Half>;
    const auto mask = static_cast<Bits>(-static_cast<Bits>(c));
    return std::bit_cast<T>(
        static_cast<Bits>((std::bit_cast<Bits>(a) & mask) | (std::bit_cast<Bits>(b) & ~mask)));
  }
}

struct Where {
  static constexpr OpInfo kInfo{
      .name = "where",
      .doc = "a where the condition holds, else b, broadcast. The side not taken has gradient 0.",
      .inputs = 2,
      .keeps = true};
  Tensor condition;
  autograd::SavedTensor saved_condition{};

  void describe(Attributes& a) const { a("condition", condition); }
  Tensor forward(Inputs in) {
    if (!condition.defined() || condition.dtype() != kBool) {
      throw DTypeError("the condition must be a bool tensor; compare, or convert with .to()");
    }
    saved_condition = autograd::SavedTensor(condition);
    const Shape sizes =
        broadcast_shapes(condition.sizes(), broadcast_shapes(in[0].sizes(), in[1].sizes()));
    Tensor out = result_like(sizes, in[0].dtype(), in);
    kernels::dispatch(out.dtype(), [&]<class T>(T) {
      kernels::map<T, bool, T, T>([](bool c, T a, T b) { return select(c, a, b); }, out.raw(),
                                  condition.raw().broadcast(sizes), in[0].raw().broadcast(sizes),
                                  in[1].raw().broadcast(sizes));
    });
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    const Tensor mask = saved_condition.unpack({}, kInfo.name);
    return {needs[0] ? where(mask, g, 0) : Tensor(), needs[1] ? where(mask, 0, g) : Tensor()};
  }
  static Samples samples() {
    const auto when = [](const NestedNumbers& condition) {
      return [mask = tensor(condition)](Inputs in) { return where(mask, in[0], in[1]); };
    };
    const auto number = [](Inputs in) { return where(tensor({true, false}), in[0], 2); };
    return {.good = {{{sample({2, 3}), sample({2, 3})},
                      when({{true, false, true}, {false, false, true}})},
                     {{sample({3, 1}), sample({2})}, when({true, false})},
                     {{sample({}), sample({})}, when({{true}, {false}})},
                     {{sample({0, 2}), sample({2})}, when(true)},
                     {{sample({3, 2})}, number}},
            .bad = {{{sample({2}), sample({2})}, when({1, 0}), "must be a bool tensor"},
                    {{sample({3}), sample({3})}, when({true, false}), "do not broadcast"}}};
  }
};

struct MaskedFill {
  static constexpr OpInfo kInfo{.name = "masked_fill",
                                .doc = "A value where the mask is true, else x."};
  static Samples samples() {
    const Tensor mask = tensor({true, false, true});
    const auto number = [=](Inputs in) { return masked_fill(in[0], mask, -0.5); };
    const auto value = [=](Inputs in) { return masked_fill(in[0], mask, in[1]); };
    return {.good = {{{sample({2, 3})}, number},
                     {{sample({})}, number},
                     {{sample({0, 3})}, number},
                     {{sample({4, 3}), sample({})}, value}},
            .bad = {{{sample({3}), sample({1})}, value, "a number or a 0-dim tensor, got [1]"},
                    {{sample({2})}, number, "do not broadcast"}}};
  }
};

// Bounds that no sample value comes near: finite differences know no kinks.
Samples bounded(Tensor (*op)(const Operand&, const Operand&), double low, double high,
                Location at = Location::current()) {
  const auto call = [=](Inputs in) { return op(Operand(in[0], at), Operand(in[1], at)); };
  const auto number = [=](Inputs in) { return op(in[0], 3.5); };
  const auto with = [&](const Shape& a, const Shape& b) {
    return Sample{{sample(a, 0, 1), sample(b, low, high)}, call};
  };
  return {.good = {with({2, 3}, {2, 3}),
                   with({2, 3}, {1}),
                   with({3, 1}, {1, 2}),
                   with({}, {}),
                   with({0, 2}, {2}),
                   {{sample({2, 3}, 0, 1)}, number}},
          .bad = {{{sample({3}), sample({2})}, call, "do not broadcast: [3] and [2]"}}};
}

Samples both_sides(Tensor (*op)(const Operand&, const Operand&),
                   Location at = Location::current()) {
  Samples result = bounded(op, 1.5, 2, at);
  const Samples below = bounded(op, -2, -0.5, at);
  result.good.insert(result.good.end(), below.good.begin(), below.good.end());
  return result;
}

struct ClampMin {
  static constexpr OpInfo kInfo{
      .name = "clamp_min",
      .doc = "The larger of x and a bound; NaN on either side wins. Ties go to x.",
      .inputs = 2,
      .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    return binary(in, [](auto x, auto min) { return (x < min) | (min != min) ? min : x; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(0);
    const Tensor min = s.input(1);
    return {needs[0] ? where(x >= min, g, 0) : Tensor(),
            needs[1] ? where(x < min, g, 0) : Tensor()};
  }
  static Samples samples() { return both_sides(clamp_min); }
};

struct ClampMax {
  static constexpr OpInfo kInfo{
      .name = "clamp_max",
      .doc = "The smaller of x and a bound; NaN on either side wins. Ties go to x.",
      .inputs = 2,
      .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    return binary(in, [](auto x, auto max) { return (x > max) | (max != max) ? max : x; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(0);
    const Tensor max = s.input(1);
    return {needs[0] ? where(x <= max, g, 0) : Tensor(),
            needs[1] ? where(x > max, g, 0) : Tensor()};
  }
  static Samples samples() { return both_sides(clamp_max); }
};

struct Clamp {
  static constexpr OpInfo kInfo{.name = "clamp",
                                .doc = "x, but at least min and at most max; max where min > max."};
  static Samples samples() {
    const auto numbers = [](auto min, auto max) {
      return [=](Inputs in) { return clamp(in[0], min, max); };
    };
    const auto tensors = [](Inputs in) { return clamp(in[0], in[1], in[2]); };
    const std::optional<Scalar> none;
    return {.good = {{{tensor({{-2.0, -0.3}, {0.2, 3.0}}, kFloat64)}, numbers(-1, 0.5)},
                     {{sample({})}, numbers(-2, none)},
                     {{sample({2, 3})}, numbers(none, -1.5)},
                     {{sample({2, 0})}, numbers(0, 1)},
                     {{tensor({-2.0, 0.0, 2.0}, kFloat64), sample({3}, -1.5, -0.5),
                       sample({2, 1}, 0.5, 1.5)},
                      tensors}},
            .bad = {{{sample({3})}, numbers(none, none), "needs a lower bound, an upper one"},
                    {{sample({3}), sample({2}), sample({})}, tensors, "do not broadcast"}}};
  }
};

struct Heaviside {
  static constexpr OpInfo kInfo{.name = "heaviside",
                                .doc = "0 below 0, 1 above, and given values at 0.",
                                .inputs = 2,
                                .differentiable = false};
  Tensor forward(Inputs in) {
    return binary(in, [](auto x, auto value) {
      using T = decltype(x);
      return x == 0 ? value : static_cast<T>(x > 0 ? 1 : 0);
    });
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() { return pairs(heaviside); }
};

struct Maximum {
  static constexpr OpInfo kInfo{
      .name = "maximum",
      .doc = "The larger of both; NaN on either side wins. The gradient is halved at ties.",
      .inputs = 2,
      .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    return binary(in, [](auto a, auto b) { return (a > b) | (a != a) ? a : b; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor a = s.input(0);
    const Tensor b = s.input(1);
    const Tensor shared = where(a == b, g / 2, g);
    return {needs[0] ? where(a < b, 0, shared) : Tensor(),
            needs[1] ? where(a > b, 0, shared) : Tensor()};
  }
  static Samples samples() { return both_sides(maximum); }
};

struct Minimum {
  static constexpr OpInfo kInfo{
      .name = "minimum",
      .doc = "The smaller of both; NaN on either side wins. The gradient is halved at ties.",
      .inputs = 2,
      .saves = kSaveInputs};
  Tensor forward(Inputs in) {
    return binary(in, [](auto a, auto b) { return (a < b) | (a != a) ? a : b; });
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor a = s.input(0);
    const Tensor b = s.input(1);
    const Tensor shared = where(a == b, g / 2, g);
    return {needs[0] ? where(a > b, 0, shared) : Tensor(),
            needs[1] ? where(a < b, 0, shared) : Tensor()};
  }
  static Samples samples() { return both_sides(minimum); }
};

struct NanToNum {
  static constexpr OpInfo kInfo{.name = "nan_to_num",
                                .doc = "x with numbers in place of NaN and infinities."};
  static Samples samples() {
    Samples result =
        over([](const Tensor& x, Location at) { return nan_to_num(x, 0, {}, {}, at); }, -2, 2);
    const auto call = [](Inputs in) { return nan_to_num(in[0], 0.25, 2.0, -3.0); };
    const Tensor some = tensor({1.0, std::nan(""), HUGE_VAL, -HUGE_VAL}, kFloat64);
    result.good.push_back({{some}, call});
    result.bad[0].message = "the tensor is undefined";
    return result;
  }
};

const RegisterOps<Where, MaskedFill, ClampMin, ClampMax, Clamp, Maximum, Minimum, Heaviside,
                  NanToNum>
    kRegistered;

// uint8 holds few numbers: a bound beyond them would wrap around.
Tensor bound_for(const Tensor& x, const Scalar& bound) {
  const bool fits = bound.to_double() >= 0 && bound.to_double() <= 255;
  if (x.defined() && x.dtype() == kUInt8 && !is_floating(bound.dtype()) && !fits) {
    throw ValueError("the bound " + std::to_string(bound.to<std::int64_t>()) +
                     " does not fit uint8; convert x with .to()");
  }
  return wrapped_number(bound);
}

double largest(DType dtype) {
  return kernels::dispatch_floating(dtype, []<class T>(T) -> double {
    if constexpr (std::is_same_v<T, BFloat16>) {
      return std::bit_cast<float>(0x7f7f0000U);
    } else {
      return std::numeric_limits<T>::max();
    }
  });
}

}  // namespace
}  // namespace ops

Tensor where(const Tensor& condition, const Operand& a, const Operand& b, Location at) {
  return ops::apply(ops::Where{condition}, {a.tensor(), b.tensor()}, at);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Operand& value, Location at) {
  return ops::compose("masked_fill", at, [&] {
    const Tensor& filling = value.tensor();
    if (filling.dim() != 0) {
      throw ShapeError("the value is a number or a 0-dim tensor, got " +
                       to_string(filling.sizes()));
    }
    return where(mask, to(filling, x.dtype()), x);
  });
}

Tensor clamp_min(const Operand& x, const Operand& min) {
  return ops::call<ops::ClampMin>(x, min);
}

Tensor clamp_max(const Operand& x, const Operand& max) {
  return ops::call<ops::ClampMax>(x, max);
}

Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max, Location at) {
  return ops::compose("clamp", at, [&] {
    if (!min.defined() && !max.defined()) {
      throw ValueError("needs a lower bound, an upper one, or both");
    }
    const Tensor bounded = min.defined() ? clamp_min(x, min) : x;
    return max.defined() ? clamp_max(bounded, max) : bounded;
  });
}

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max, Location at) {
  return ops::compose("clamp", at, [&] {
    return clamp(x, min ? ops::bound_for(x, *min) : Tensor(),
                 max ? ops::bound_for(x, *max) : Tensor(), at);
  });
}

Tensor maximum(const Operand& a, const Operand& b) {
  return ops::call<ops::Maximum>(a, b);
}

Tensor minimum(const Operand& a, const Operand& b) {
  return ops::call<ops::Minimum>(a, b);
}

Tensor heaviside(const Operand& x, const Operand& values) {
  return ops::call<ops::Heaviside>(x, values);
}

Tensor nan_to_num(const Tensor& x, double nan, std::optional<double> posinf,
                  std::optional<double> neginf, Location at) {
  return ops::compose("nan_to_num", at, [&] {
    if (!x.is_floating_point()) return clone(x);
    const double most = ops::largest(x.dtype());
    const Tensor high = where(x == HUGE_VAL, posinf.value_or(most), x);
    const Tensor low = where(x == -HUGE_VAL, neginf.value_or(-most), high);
    return where(isnan(x), nan, low);
  });
}

}  // namespace gradus
