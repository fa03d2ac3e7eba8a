#include "framework/kernels/linear.h"
#include "framework/kernels/matmul.h"
#include "framework/ops/activation.h"
#include "framework/ops/apply.h"
#include "framework/ops/linear.h"
#include "framework/ops/reduction.h"
#include "framework/ops/rows.h"

#include <array>

namespace gradus {
namespace ops {
namespace {

void check_linear(Inputs in) {
  const Shape& x = in[0].sizes();
  const Shape& weight = in[1].sizes();
  if (weight.size() != 2 || x.size() < 1) {
    throw ShapeError("needs x [..., in] and weight [out, in], got " + to_string(x) + " and " +
                     to_string(weight));
  }
  const std::int64_t features = x[x.size() - 1];
  if (features != weight[1]) {
    throw ShapeError("input of shape " + to_string(x) + " has " + std::to_string(features) +
                     " features, weight " + to_string(weight) + " takes " +
                     std::to_string(weight[1]));
  }
  if (in.size() == 3 && !(in[2].sizes() == Shape{weight[0]})) {
    throw ShapeError("bias of shape " + to_string(in[2].sizes()) + ", expected [" +
                     std::to_string(weight[0]) + "]");
  }
}

// The layer with the activation behind it, which has a gradient in terms of its result.
template <Activation kActivation>
struct Linear {
  static constexpr OpInfo kInfo = [] {
    constexpr std::array kNames = {"linear", "linear_relu", "linear_sigmoid", "linear_tanh"};
    constexpr std::array kDocs = {
        "x * weight^T + bias over the last dim of x; the bias may be left out.",
        "relu(linear(x, weight, bias)) in one pass.",
        "sigmoid(linear(x, weight, bias)) in one pass.",
        "tanh(linear(x, weight, bias)) in one pass."};
    constexpr auto kIndex = static_cast<std::size_t>(kActivation);
    return OpInfo{.name = kNames[kIndex],
                  .doc = kDocs[kIndex],
                  .inputs = kAnyNumber,
                  .keeps = true,
                  .autocast = AutocastRule::First,
                  .saves = kActivation == Activation::None ? 0U : kSaveOutput,
                  .saves_for = {kSaveInput1, kSaveInput0}};
  }();

  Tensor low_weight{};  // in bfloat16, where x is and the weight is not

  void describe(Attributes&) const {}
  Tensor forward(Inputs in) {
    check_linear(in);
    const Tensor& x = in[0];
    Shape sizes = x.sizes();
    sizes[sizes.size() - 1] = in[1].size(0);
    Tensor out(sizes, x.dtype());
    const View y = all_rows(out).raw();
    const View bias = in.size() == 3 ? in[2].raw() : View{};
    if (in[1].dtype() == x.dtype()) {
      kernels::matmul(y, all_rows(x).raw(), in[1].t().raw(), bias, kActivation);
    } else {
      low_weight = in[1].to(x.dtype());
      kernels::matmul_bfloat16(y, all_rows(x).raw(), low_weight.t().raw(), bias, kActivation);
    }
    return out;
  }

  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (GradMode::is_enabled()) return composite(s, g, needs);
    const auto make = [&](std::size_t i) {
      const DType dtype = i > 0 && low_weight.defined() ? kFloat32 : g.dtype();
      return i < needs.size() && needs[i] ? Tensor(s.sizes(i), dtype) : Tensor();
    };
    const Tensor weight = !needs[0] ? Tensor() : low_weight.defined() ? low_weight : s.input(1);
    Gradients to = {make(0), make(1)};
    if (needs.size() == 3) to.push_back(make(2));
    const auto rows_of = [](const Tensor& t) { return t.defined() ? all_rows(t).raw() : View{}; };
    const View bias = needs.size() == 3 && needs[2] ? to[2].raw() : View{};
    // Held: under checkpoint() nobody else does.
    const Tensor y = kActivation == Activation::None ? Tensor() : s.output();
    kernels::linear_grad({rows_of(to[0]), rows_of(to[1]), bias}, all_rows(g).raw(),
                         needs[1] ? all_rows(s.input(0)).raw() : View{},
                         needs[0] ? weight.raw() : View{}, rows_of(y), kActivation);
    return to;
  }
  static Samples samples();

 private:
  using View = kernels::View;

  // The same from public ops, for gradients of gradients.
  Gradients composite(const Saved& s, const Tensor& gradient, const Needs& needs) const {
    const DType dtype = low_weight.defined() ? kFloat32 : gradient.dtype();
    const Tensor g = inner_gradient(s, gradient).to(dtype);
    Gradients gradients = {
        needs[0] ? matmul(g, s.input(1).to(gradient.dtype()).to(dtype)).to(gradient.dtype())
                 : Tensor(),
        needs[1] ? matmul(all_rows(g).t(), all_rows(s.input(0)).to(dtype)) : Tensor()};
    if (needs.size() == 3) gradients.push_back(needs[2] ? sum(all_rows(g), {0}) : Tensor());
    return gradients;
  }

  static Tensor inner_gradient(const Saved& s, const Tensor& g) {
    switch (kActivation) {
      case Activation::ReLU:
        return relu_backward(g, s.output());
      case Activation::Sigmoid:
        return sigmoid_backward(g, s.output());
      case Activation::Tanh:
        return tanh_backward(g, s.output());
      default:
        return g;
    }
  }
};

template <Activation kActivation>
Samples Linear<kActivation>::samples() {
  const auto biased = [](Inputs in) { return linear(in[0], in[1], in[2], kActivation); };
  const auto plain = [](Inputs in) { return linear(in[0], in[1], Tensor(), kActivation); };
  return {.good = {{{sample({3, 4}), sample({5, 4}), sample({5})}, biased},
                   {{sample({2, 3, 4}), sample({5, 4}), sample({5})}, biased},
                   {{sample({4}), sample({2, 4})}, plain},
                   {{sample({0, 4}), sample({2, 4}), sample({2})}, biased},
                   {{sample({12, 16}), sample({18, 16}), sample({18})}, biased}},
          .bad = {{{sample({3, 4}), sample({5, 3}), sample({5})},
                   biased,
                   "input of shape [3, 4] has 4 features, weight [5, 3] takes 3"},
                  {{sample({3, 4}), sample({5, 4}), sample({4})}, biased, "expected [5]"}}};
}

const RegisterOps<Linear<Activation::None>, Linear<Activation::ReLU>, Linear<Activation::Sigmoid>,
                  Linear<Activation::Tanh>>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Location at) {
  return linear(x, weight, bias, Activation::None, at);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              Location at) {
  ops::TensorList inputs = {x, weight};
  if (bias.defined()) inputs.push_back(bias);
  switch (activation) {
    case Activation::ReLU:
      return ops::apply(ops::Linear<Activation::ReLU>(), std::move(inputs), at);
    case Activation::Sigmoid:
      return ops::apply(ops::Linear<Activation::Sigmoid>(), std::move(inputs), at);
    case Activation::Tanh:
      return ops::apply(ops::Linear<Activation::Tanh>(), std::move(inputs), at);
    default:
      return ops::apply(ops::Linear<Activation::None>(), std::move(inputs), at);
  }
}

}  // namespace gradus
