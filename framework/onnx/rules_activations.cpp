// Activation functions and softmax.
#include "framework/onnx/translation.h"

#include <limits>
#include <numbers>

namespace gradus::onnx {
namespace {

std::string elu(Translation& t) {
  const double alpha = t.real("alpha");
  const double scale = t.real("scale");
  const double input_scale = t.real("input_scale");
  if (input_scale == 1 && scale == 1) return t.node("Elu", {t.in(0)}, {{"alpha", alpha}});
  if (input_scale == 1) {
    return t.node("Selu", {t.in(0)}, {{"alpha", alpha}, {"gamma", scale}});
  }
  const std::string x = t.in(0);
  const std::string bent =
      t.node("Elu", {t.node("Mul", {x, t.number(input_scale)})}, {{"alpha", alpha}});
  const std::string below = t.node("Mul", {bent, t.number(scale)});
  const std::string above = t.node("Mul", {x, t.number(scale)});
  return t.node("Where", {t.node("Greater", {x, t.number(0)}), above, below});
}

std::string gelu(Translation& t) {
  const std::string x = t.in(0);
  std::string bent;
  if (t.text("approximate") == "tanh") {
    const std::string cube = t.node("Mul", {t.node("Mul", {x, x}), x});
    const std::string inner = t.node("Add", {x, t.node("Mul", {cube, t.number(0.044715)})});
    constexpr double kSlope = std::numbers::inv_sqrtpi * std::numbers::sqrt2;  // sqrt(2 / pi)
    bent = t.node("Tanh", {t.node("Mul", {inner, t.number(kSlope)})});
  } else {
    bent = t.node("Erf", {t.node("Mul", {x, t.number(1 / std::numbers::sqrt2)})});
  }
  const std::string share = t.node("Add", {bent, t.number(1)});
  return t.node("Mul", {t.node("Mul", {x, share}), t.number(0.5)});
}

// ONNX's Softplus has neither beta nor threshold; beyond this one they are the same in float32.
constexpr double kStraight = 20;

std::string softplus(Translation& t) {
  const double beta = t.real("beta");
  const std::string x = t.in(0);
  const std::string scaled = beta == 1 ? x : t.node("Mul", {x, t.number(beta)});
  const std::string bent = t.node("Softplus", {scaled});
  const std::string y = beta == 1 ? bent : t.node("Div", {bent, t.number(beta)});
  if (t.real("threshold") >= kStraight) return y;
  const std::string beyond = t.node("Greater", {scaled, t.number(t.real("threshold"))});
  return t.node("Where", {beyond, x, y});
}

std::string softmax(Translation& t) {
  if (t.rank(0) == 0) return t.reshape(t.node("Softmax", {t.reshape(t.in(0), {{1, 0}})}), {});
  const std::int64_t dim = t.dim("dim");
  const std::string y = t.node("Softmax", {t.in(0)}, {{"axis", dim}});
  if (!t.flag("masked")) return y;
  // Zeros where all is -inf.
  const std::string most =
      t.node("ReduceMax", {t.in(0)}, {{"axes", std::vector<std::int64_t>{dim}}, {"keepdims", 1}});
  const double lowest = -std::numeric_limits<double>::infinity();
  const std::string none = t.node("Equal", {most, t.number(lowest)});
  return t.node("Where", {none, t.number(0), y});
}

std::string log_softmax(Translation& t) {
  if (t.rank(0) == 0) return t.reshape(t.node("LogSoftmax", {t.reshape(t.in(0), {{1, 0}})}), {});
  return t.node("LogSoftmax", {t.in(0)}, {{"axis", t.dim("dim")}});
}

const bool kAdded = add_rules({
    {"relu", same("Relu")},
    {"sigmoid", same("Sigmoid")},
    {"tanh", same("Tanh")},
    {"silu",
     [](Translation& t) {
       return t.node("Mul", {t.in(0), t.node("Sigmoid", {t.in(0)})});
     }},
    {"leaky_relu",
     [](Translation& t) {
       return t.node("LeakyRelu", {t.in(0)}, {{"alpha", t.real("slope")}});
     }},
    {"elu", elu},
    {"gelu", gelu},
    {"softplus", softplus},
    {"softmax", softmax},
    {"log_softmax", log_softmax},
});

}  // namespace
}  // namespace gradus::onnx
