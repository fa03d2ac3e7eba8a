// Arithmetic, comparisons and functions, element by element.
#include "framework/onnx/translation.h"

#include <cmath>
#include <numbers>

namespace gradus::onnx {
namespace {

// f(x) from a few nodes: `build` gets the name of x.
template <class Build>
Rule of_one(Build build) {
  return [build](Translation& t) { return build(t, t.in(0)); };
}

// Whether something is other than 0, as bool.
std::string truth(Translation& t, std::size_t i) {
  return t.dtype(i) == kBool ? t.in(i) : t.writer().cast(t.in(i), kBool);
}

Rule logical(const char* type) {
  return [type](Translation& t) { return t.node(type, {truth(t, 0), truth(t, 1)}); };
}

// A comparison, which ONNX does not know of bool.
Rule comparison(const char* type, bool negated = false) {
  return [=](Translation& t) {
    std::string a = t.in(0);
    std::string b = t.in(1);
    if (t.dtype() == kBool) {
      a = t.writer().cast(a, kInt64);
      b = t.writer().cast(b, kInt64);
    }
    const std::string holds = t.node(type, {a, b});
    return negated ? t.node("Not", {holds}) : holds;
  };
}

std::string times(Translation& t, const std::string& x, double factor) {
  return factor == 1 ? x : t.node("Mul", {x, t.number(factor)});
}

std::string round(Translation& t) {
  const std::int64_t decimals = t.integer("decimals");
  if (!is_floating(t.dtype())) return t.in(0);
  if (decimals == 0) return t.node("Round", {t.in(0)});
  const std::string factor = t.number(std::pow(10.0, std::abs(decimals)));
  const bool up = decimals > 0;
  const std::string moved = t.node(up ? "Mul" : "Div", {t.in(0), factor});
  return t.node(up ? "Div" : "Mul", {t.node("Round", {moved}), factor});
}

// A step function of floats; integers are steps themselves.
template <class Build>
Rule step(Build build) {
  return [build](Translation& t) { return is_floating(t.dtype()) ? build(t) : t.in(0); };
}

std::string remainder(Translation& t) {
  if (!is_floating(t.dtype())) return t.node("Mod", {t.in(0), t.in(1)});
  const std::string whole = t.node("Floor", {t.node("Div", {t.in(0), t.in(1)})});
  return t.node("Sub", {t.in(0), t.node("Mul", {whole, t.in(1)})});
}

std::string floor_divide(Translation& t) {
  if (is_floating(t.dtype())) return t.node("Floor", {t.node("Div", {t.in(0), t.in(1)})});
  const std::string rest = t.node("Mod", {t.in(0), t.in(1)});
  return t.node("Div", {t.node("Sub", {t.in(0), rest}), t.in(1)});
}

// 0 below 0, 1 above, the second input at 0.
std::string heaviside(Translation& t) {
  const std::string zero = t.number(0);
  const std::string above = t.writer().cast(t.node("Greater", {t.in(0), zero}), t.dtype());
  return t.node("Where", {t.node("Equal", {t.in(0), zero}), t.in(1), above});
}

const bool kAdded = add_rules({
    {"heaviside", heaviside},
    {"add", same("Add")},
    {"sub", same("Sub")},
    {"mul", same("Mul")},
    {"div", same("Div")},
    {"pow", same("Pow")},
    {"neg", same("Neg")},
    {"abs", same("Abs")},
    {"sign", same("Sign")},
    {"maximum", same("Max")},
    {"minimum", same("Min")},
    {"clamp_min", same("Max")},
    {"clamp_max", same("Min")},
    {"remainder", remainder},
    {"floor_divide", floor_divide},
    {"fmod",
     [](Translation& t) {
       return t.node("Mod", {t.in(0), t.in(1)}, {{"fmod", 1}});
     }},
    {"square", of_one([](Translation& t, const std::string& x) {
       return t.node("Mul", {x, x});
     })},
    {"hypot",
     [](Translation& t) {
       const std::string a = t.node("Mul", {t.in(0), t.in(0)});
       return t.node("Sqrt", {t.node("Add", {a, t.node("Mul", {t.in(1), t.in(1)})})});
     }},
    {"lerp",
     [](Translation& t) {
       const std::string way = t.node("Sub", {t.in(1), t.in(0)});
       return t.node("Add", {t.in(0), t.node("Mul", {t.in(2), way})});
     }},
    {"exp", same("Exp")},
    {"log", same("Log")},
    {"sqrt", same("Sqrt")},
    {"reciprocal", same("Reciprocal")},
    {"exp2", of_one([](Translation& t, const std::string& x) {
       return t.node("Pow", {t.number(2), x});
     })},
    {"expm1", of_one([](Translation& t, const std::string& x) {
       return t.node("Sub", {t.node("Exp", {x}), t.number(1)});
     })},
    {"log2", of_one([](Translation& t, const std::string& x) {
       return times(t, t.node("Log", {x}), 1 / std::numbers::ln2);
     })},
    {"log10", of_one([](Translation& t, const std::string& x) {
       return times(t, t.node("Log", {x}), 1 / std::numbers::ln10);
     })},
    {"log1p", of_one([](Translation& t, const std::string& x) {
       return t.node("Log", {t.node("Add", {x, t.number(1)})});
     })},
    {"rsqrt", of_one([](Translation& t, const std::string& x) {
       return t.node("Reciprocal", {t.node("Sqrt", {x})});
     })},
    {"logit", of_one([](Translation& t, const std::string& x) {
       return t.node("Log", {t.node("Div", {x, t.node("Sub", {t.number(1), x})})});
     })},
    {"floor", step(same("Floor"))},
    {"ceil", step(same("Ceil"))},
    {"trunc", step([](Translation& t) {
       return t.node("Mul",
                     {t.node("Sign", {t.in(0)}), t.node("Floor", {t.node("Abs", {t.in(0)})})});
     })},
    {"round", round},
    {"sin", same("Sin")},
    {"cos", same("Cos")},
    {"tan", same("Tan")},
    {"asin", same("Asin")},
    {"acos", same("Acos")},
    {"atan", same("Atan")},
    {"sinh", same("Sinh")},
    {"cosh", same("Cosh")},
    {"asinh", same("Asinh")},
    {"acosh", same("Acosh")},
    {"atanh", same("Atanh")},
    {"erf", same("Erf")},
    {"erfc", of_one([](Translation& t, const std::string& x) {
       return t.node("Sub", {t.number(1), t.node("Erf", {x})});
     })},
    {"eq", comparison("Equal")},
    {"ne", comparison("Equal", true)},
    {"lt", comparison("Less")},
    {"le", comparison("LessOrEqual")},
    {"gt", comparison("Greater")},
    {"ge", comparison("GreaterOrEqual")},
    {"logical_and", logical("And")},
    {"logical_or", logical("Or")},
    {"logical_xor", logical("Xor")},
    {"logical_not", [](Translation& t) { return t.node("Not", {truth(t, 0)}); }},
    {"isnan", same("IsNaN")},
    {"isinf", same("IsInf")},
    {"isfinite", of_one([](Translation& t, const std::string& x) {
       return t.node("Not", {t.node("Or", {t.node("IsNaN", {x}), t.node("IsInf", {x})})});
     })},
    {"where",
     [](Translation& t) { return t.node("Where", {t.tensor("condition"), t.in(0), t.in(1)}); }},
    {"to", [](Translation& t) { return t.writer().cast(t.in(0), t.dtype_named("dtype")); }},
    {"clone", of_one([](Translation&, const std::string& x) { return x; })},
});

}  // namespace
}  // namespace gradus::onnx
