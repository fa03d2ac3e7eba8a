#include "framework/ops/conv.h"
#include "framework/ops/apply.h"
#include "framework/ops/images.h"
#include "framework/ops/reduction.h"

namespace gradus {
namespace ops {
namespace {

using kernels::Pair;

std::string text(const Pair& pair) {
  return "[" + std::to_string(pair[0]) + ", " + std::to_string(pair[1]) + "]";
}

void check_geometry(const ConvGeometry& g) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (g.stride[i] < 1) throw ValueError("stride " + text(g.stride) + " must be at least 1");
    if (g.dilation[i] < 1) throw ValueError("dilation " + text(g.dilation) + " must be at least 1");
    if (g.padding[i] < 0) throw ValueError("padding " + text(g.padding) + " is negative");
  }
  if (g.groups < 1) throw ValueError("groups " + std::to_string(g.groups) + " must be at least 1");
}

Shape output_sizes(const Shape& x, const Shape& w, const ConvGeometry& g) {
  check_geometry(g);
  if (x.size() != 4 || w.size() != 4) {
    throw ShapeError("needs x [N, C, H, W] and weight [O, C/groups, KH, KW], got " + to_string(x) +
                     " and " + to_string(w));
  }
  if (x[1] != w[1] * g.groups || w[0] % g.groups != 0) {
    throw ShapeError("input " + to_string(x) + " has " + std::to_string(x[1]) +
                     " channels, weight " + to_string(w) + " in " + std::to_string(g.groups) +
                     " groups takes " + std::to_string(w[1] * g.groups));
  }
  Shape out = {x[0], w[0], 0, 0};
  for (int d = 0; d < 2; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t reach = g.dilation[i] * (w[d + 2] - 1) + 1;
    const std::int64_t room = x[d + 2] + 2 * g.padding[i] - reach;
    if (w[d + 2] < 1 || room < 0) {
      throw ShapeError("the kernel of weight " + to_string(w) + " does not fit into input " +
                       to_string(x) + " with padding " + text(g.padding));
    }
    out[d + 2] = room / g.stride[i] + 1;
  }
  return out;
}

struct Conv2d {
  static constexpr OpInfo kInfo{
      .name = "conv2d",
      .doc =
          "2-D convolution (cross-correlation) of images [N, C, H, W] with weight [O, C/groups, "
          "KH, KW]; the bias may be left out.",
      .inputs = kAnyNumber,
      .saves = kSaveInput0 | kSaveInput1};
  ConvGeometry geometry;

  Tensor forward(Inputs in) {
    const Shape sizes = output_sizes(in[0].sizes(), in[1].sizes(), geometry);
    if (in.size() == 3 && !(in[2].sizes() == Shape{sizes[1]})) {
      throw ShapeError("bias of shape " + to_string(in[2].sizes()) + ", expected [" +
                       std::to_string(sizes[1]) + "]");
    }
    Tensor out = new_image(sizes, in[0].dtype());
    const Tensor bias = in.size() == 3 ? in[2].contiguous() : Tensor();
    kernels::conv2d(out.raw(), channels_last(in[0]).raw(), in[1].contiguous().raw(),
                    bias.defined() ? bias.raw() : kernels::View{}, geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    Gradients gradients = {
        needs[0] ? conv2d_input_grad(g, s.input(1), s.sizes(0), geometry) : Tensor(),
        needs[1] ? conv2d_weight_grad(g, s.input(0), s.sizes(1), geometry) : Tensor()};
    if (needs.size() == 3) gradients.push_back(needs[2] ? sum(g, {0, 2, 3}) : Tensor());
    return gradients;
  }
  static Samples samples();
};

struct Conv2dInputGrad {
  static constexpr OpInfo kInfo{.name = "conv2d_input_grad",
                                .doc = "The gradient of conv2d's input.",
                                .inputs = 2,
                                .saves = kSaveInputs};
  Shape sizes;
  ConvGeometry geometry;

  Tensor forward(Inputs in) {
    if (!(output_sizes(sizes, in[1].sizes(), geometry) == in[0].sizes())) {
      throw ShapeError("gradient " + to_string(in[0].sizes()) + " does not belong to input " +
                       to_string(sizes) + " and weight " + to_string(in[1].sizes()));
    }
    Tensor out = new_image(sizes, in[0].dtype());
    kernels::conv2d_input_grad(out.raw(), channels_last(in[0]).raw(), in[1].contiguous().raw(),
                               geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {needs[0] ? conv2d(g, s.input(1), {}, geometry) : Tensor(),
            needs[1] ? conv2d_weight_grad(s.input(0), g, s.sizes(1), geometry) : Tensor()};
  }
  static Samples samples() {
    const ConvGeometry g{.stride = {2, 1}, .padding = {1, 0}};
    const auto call = [g](Inputs in) { return conv2d_input_grad(in[0], in[1], {2, 2, 5, 4}, g); };
    return {.good = {{{sample({2, 3, 3, 3}), sample({3, 2, 3, 2})}, call}},
            .bad = {{{sample({2, 3, 2, 3}), sample({3, 2, 3, 2})}, call, "does not belong"}}};
  }
};

struct Conv2dWeightGrad {
  static constexpr OpInfo kInfo{.name = "conv2d_weight_grad",
                                .doc = "The gradient of conv2d's weight.",
                                .inputs = 2,
                                .saves = kSaveInputs};
  Shape sizes;
  ConvGeometry geometry;

  Tensor forward(Inputs in) {
    if (!(output_sizes(in[1].sizes(), sizes, geometry) == in[0].sizes())) {
      throw ShapeError("gradient " + to_string(in[0].sizes()) + " does not belong to input " +
                       to_string(in[1].sizes()) + " and weight " + to_string(sizes));
    }
    Tensor out(sizes, in[0].dtype());
    kernels::conv2d_weight_grad(out.raw(), channels_last(in[1]).raw(), channels_last(in[0]).raw(),
                                geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {needs[0] ? conv2d(s.input(1), g, {}, geometry) : Tensor(),
            needs[1] ? conv2d_input_grad(s.input(0), g, s.sizes(1), geometry) : Tensor()};
  }
  static Samples samples() {
    const ConvGeometry g{.stride = {2, 1}, .padding = {1, 0}};
    const auto call = [g](Inputs in) { return conv2d_weight_grad(in[0], in[1], {3, 2, 3, 2}, g); };
    return {.good = {{{sample({2, 3, 3, 3}), sample({2, 2, 5, 4})}, call}},
            .bad = {{{sample({2, 3, 2, 3}), sample({2, 2, 5, 4})}, call, "does not belong"}}};
  }
};

Samples Conv2d::samples() {
  const auto with = [](const ConvGeometry& g) {
    return [g](Inputs in) { return conv2d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(), g); };
  };
  const ConvGeometry odd{.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}};
  return {
      .good = {{{sample({2, 3, 5, 4}), sample({4, 3, 3, 3}), sample({4})},
                with({.padding = {1, 1}})},
               {{sample({1, 2, 6, 5}), sample({3, 2, 3, 2})}, with(odd)},
               {{sample({2, 4, 4, 4}), sample({6, 2, 3, 3}), sample({6})}, with({.groups = 2})},
               {{sample({1, 3, 4, 4}), sample({3, 1, 2, 2})}, with({.groups = 3})},
               {{sample({2, 1, 3, 3}), sample({2, 1, 1, 1}), sample({2})}, with({})},
               {{sample({0, 2, 3, 3}), sample({2, 2, 2, 2}), sample({2})}, with({})}},
      .bad = {{{sample({1, 3, 4, 4}), sample({2, 2, 3, 3})}, with({}), "has 3 channels"},
              {{sample({1, 2, 2, 2}), sample({2, 2, 3, 3})}, with({}), "does not fit into input"},
              {{sample({2, 2, 2}), sample({2, 2, 3, 3})}, with({}), "needs x [N, C, H, W]"},
              {{sample({1, 2, 4, 4}), sample({2, 2, 3, 3})}, with({.stride = {0, 1}}), "stride"},
              {{sample({1, 2, 4, 4}), sample({2, 2, 3, 3}), sample({3})}, with({}), "bias"}}};
}

const RegisterOps<Conv2d, Conv2dInputGrad, Conv2dWeightGrad> kRegistered;

}  // namespace
}  // namespace ops

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const ConvGeometry& geometry, Location at) {
  ops::TensorList inputs = {x, weight};
  if (bias.defined()) inputs.push_back(bias);
  return ops::apply(ops::Conv2d{geometry}, std::move(inputs), at);
}

Tensor conv2d_input_grad(const Tensor& gradient, const Tensor& weight, const Shape& sizes,
                         const ConvGeometry& geometry, Location at) {
  return ops::apply(ops::Conv2dInputGrad{sizes, geometry}, {gradient, weight}, at);
}

Tensor conv2d_weight_grad(const Tensor& gradient, const Tensor& x, const Shape& sizes,
                          const ConvGeometry& geometry, Location at) {
  return ops::apply(ops::Conv2dWeightGrad{sizes, geometry}, {gradient, x}, at);
}

}  // namespace gradus
