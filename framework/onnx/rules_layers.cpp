// Products, convolutions and norms.
#include "framework/onnx/translation.h"

#include <numeric>

namespace gradus::onnx {
namespace {

// Input i of an op's optional ones.
std::string or_none(Translation& t, std::size_t i) {
  return i < t.inputs() ? t.in(i) : "";
}

// x * weight^T + bias over the last dim, with an activation behind.
Rule linear(const char* activation) {
  return [activation](Translation& t) {
    std::string y;
    if (t.rank(0) == 2) {
      y = t.node("Gemm", {t.in(0), t.in(1), or_none(t, 2)}, {{"transB", 1}});
    } else {
      y = t.node("MatMul", {t.in(0), t.transpose(t.in(1), {1, 0})});
      if (t.inputs() == 3) y = t.node("Add", {y, t.in(2)});
    }
    return *activation == '\0' ? y : t.node(activation, {y});
  };
}

NodeAttributes geometry(Translation& t) {
  const std::vector<std::int64_t> padding = t.ints("padding");
  return {{"kernel_shape", t.fixed_sizes(1, 2)},
          {"strides", t.ints("stride")},
          {"pads", std::vector<std::int64_t>{padding[0], padding[1], padding[0], padding[1]}},
          {"dilations", t.ints("dilation")},
          {"group", t.integer("groups")}};
}

std::string conv(Translation& t) {
  return t.node("Conv", {t.in(0), t.in(1), or_none(t, 2)}, geometry(t));
}

std::string conv_transpose(Translation& t) {
  NodeAttributes attributes = geometry(t);
  attributes.emplace_back("output_padding", t.ints("output_padding"));
  return t.node("ConvTranspose", {t.in(0), t.in(1), or_none(t, 2)}, attributes);
}

// A value for each channel in the form that broadcasts over input 0: [C, 1, ...].
std::string per_channel(Translation& t, const std::string& values) {
  if (t.rank(0) == 2) return values;
  Sizes sizes(static_cast<std::size_t>(t.rank(0)) - 1, Size{1, 0});
  sizes[0] = t.sizes(0)[1];
  return t.reshape(values, sizes);
}

// ---- Batch norm -----------------------------------------------------------------------------

bool is_number(const Value& value, double number) {
  return value.kind == Value::Kind::Constant && value.elements.defined() &&
         value.elements.numel() == 1 && value.elements.item<double>() == number;
}

// The parts of a batch norm in evaluation, found again in the factor and the shift of a channel:
// factor = weight * (1 / sqrt(variance + eps)), shift = bias - mean * factor.
struct NormParts {
  ValueId weight, bias, mean, variance;
  double eps;
};

const Call* made_by(const Translation& t, ValueId value, std::string_view op) {
  const Call* call = t.maker(value);
  return call != nullptr && call->op == op ? call : nullptr;
}

std::optional<NormParts> norm_parts(const Translation& t, ValueId factor, ValueId shift) {
  const Call* product = made_by(t, factor, "mul");
  const Call* difference = made_by(t, shift, "sub");
  if (product == nullptr || difference == nullptr) return {};
  const Call* moved = made_by(t, difference->inputs[1], "mul");
  const Call* inverse = made_by(t, product->inputs[1], "div");
  if (moved == nullptr || inverse == nullptr || moved->inputs[1] != factor) return {};
  const Call* root = made_by(t, inverse->inputs[1], "sqrt");
  const Call* sum = root == nullptr ? nullptr : made_by(t, root->inputs[0], "add");
  if (sum == nullptr || !is_number(t.value_of(inverse->inputs[0]), 1)) return {};
  const Value& eps = t.value_of(sum->inputs[1]);
  if (eps.kind != Value::Kind::Constant || eps.elements.numel() != 1) return {};
  return NormParts{.weight = product->inputs[0],
                   .bias = difference->inputs[0],
                   .mean = moved->inputs[0],
                   .variance = sum->inputs[0],
                   .eps = eps.elements.item<double>()};
}

std::string scale_shift(Translation& t) {
  if (const auto parts = norm_parts(t, t.input_id(1), t.input_id(2))) {
    return t.node("BatchNormalization",
                  {t.in(0), t.name_of(parts->weight), t.name_of(parts->bias),
                   t.name_of(parts->mean), t.name_of(parts->variance)},
                  {{"epsilon", parts->eps}});
  }
  const std::string scaled = t.node("Mul", {t.in(0), per_channel(t, t.in(1))});
  return t.node("Add", {scaled, per_channel(t, t.in(2))});
}

// By the statistics of the batch itself: a norm without running ones.
std::string batch_norm(Translation& t) {
  std::vector<std::int64_t> axes;
  for (int d = 0; d < t.rank(0); ++d) {
    if (d != 1) axes.push_back(d);
  }
  const auto mean_of = [&](const std::string& x) {
    return t.node("ReduceMean", {x}, {{"axes", axes}, {"keepdims", 1}});
  };
  const std::string centred = t.node("Sub", {t.in(0), mean_of(t.in(0))});
  const std::string variance = mean_of(t.node("Mul", {centred, centred}));
  const std::string spread = t.node("Sqrt", {t.node("Add", {variance, t.number(t.real("eps"))})});
  const std::string scaled =
      t.node("Mul", {t.node("Div", {centred, spread}), per_channel(t, t.in(1))});
  return t.node("Add", {scaled, per_channel(t, t.in(2))});
}

std::string batch_norm_relu(Translation& t) {
  std::string y = batch_norm(t);
  if (t.inputs() == 4) y = t.node("Add", {y, t.in(3)});
  return t.node("Relu", {y});
}

// ---- Norms of rows ------------------------------------------------------------------------------

std::string layer_norm(Translation& t) {
  return t.node("LayerNormalization", {t.in(0), t.in(1), t.in(2)},
                {{"axis", std::int64_t{-t.rank(1)}}, {"epsilon", t.real("eps")}});
}

std::string rms_norm(Translation& t) {
  std::vector<std::int64_t> axes(static_cast<std::size_t>(t.rank(1)));
  std::iota(axes.begin(), axes.end(), -t.rank(1));
  const std::string x = t.in(0);
  const std::string square =
      t.node("ReduceMean", {t.node("Mul", {x, x})}, {{"axes", axes}, {"keepdims", 1}});
  const std::string root = t.node("Sqrt", {t.node("Add", {square, t.number(t.real("eps"))})});
  return t.node("Mul", {t.node("Div", {x, root}), t.in(1)});
}

// Groups as the channels of an instance norm, then a factor and a shift for each channel.
std::string group_norm(Translation& t) {
  const std::int64_t groups = t.sizes_named("sizes")[1].fixed;
  std::int64_t elements = 1;
  for (const std::int64_t size : t.fixed_sizes(0, 1)) elements *= size;
  const std::string rows = t.reshape(t.in(0), {t.sizes(0)[0], {groups, 0}, {elements / groups, 0}});
  const std::string one = t.writer().constant(full({groups}, 1, t.dtype()));
  const std::string zero = t.writer().constant(full({groups}, 0, t.dtype()));
  const std::string even =
      t.node("InstanceNormalization", {rows, one, zero}, {{"epsilon", t.real("eps")}});
  const std::string scaled = t.node("Mul", {t.reshape(even, t.sizes(0)), per_channel(t, t.in(1))});
  return t.node("Add", {scaled, per_channel(t, t.in(2))});
}

const bool kAdded = add_rules({
    {"linear", linear("")},
    {"linear_relu", linear("Relu")},
    {"linear_sigmoid", linear("Sigmoid")},
    {"linear_tanh", linear("Tanh")},
    {"matmul", same("MatMul")},
    {"conv2d", conv},
    {"conv_transpose2d", conv_transpose},
    {"scale_shift", scale_shift},
    {"batch_norm", batch_norm},
    {"batch_norm_relu", batch_norm_relu},
    {"layer_norm", layer_norm},
    {"rms_norm", rms_norm},
    {"group_norm", group_norm},
});

}  // namespace
}  // namespace gradus::onnx
