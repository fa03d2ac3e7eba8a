#include "framework/ops/conv.h"
#include "framework/ops/apply.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/images.h"
#include "framework/ops/reduction.h"

namespace gradus {
namespace ops {
namespace {

std::string text(const kernels::Pair& pair) {
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

void check_bias(Inputs in, std::int64_t channels) {
  if (in.size() == 2 || in[2].sizes() == Shape{channels}) return;
  throw ShapeError("bias of shape " + to_string(in[2].sizes()) + ", expected [" +
                   std::to_string(channels) + "]");
}

Tensor convolution(const Tensor& x, const Tensor& weight, const ConvGeometry& geometry) {
  return conv2d(x, weight, {},
                {.stride = geometry.stride,
                 .padding = geometry.padding,
                 .dilation = geometry.dilation,
                 .groups = geometry.groups});
}

struct Conv2d {
  static constexpr OpInfo kInfo{
      .name = "conv2d",
      .doc =
          "2-D convolution (cross-correlation) of images [N, C, H, W] with weight [O, C/groups, "
          "KH, KW]; the bias may be left out.",
      .inputs = kAnyNumber,
      .floating = true,
      .autocast = AutocastRule::First,
      .saves_for = {kSaveInput1, kSaveInput0}};
  ConvGeometry geometry;
  bool mixed = false;  // images of bfloat16, parameters of float32

  void describe(Attributes& a) const {
    a("stride", geometry.stride);
    a("padding", geometry.padding);
    a("dilation", geometry.dilation);
    a("groups", geometry.groups);
  }
  Tensor forward(Inputs in) {
    mixed = in[0].dtype() != in[1].dtype();
    const Shape sizes = output_sizes(in[0].sizes(), in[1].sizes(), geometry);
    check_bias(in, sizes[1]);
    Tensor out = new_image(sizes, in[0].dtype());
    const Tensor bias = in.size() == 3 ? in[2].contiguous() : Tensor();
    kernels::conv2d(out.raw(), channels_last(in[0]).raw(), in[1].contiguous().raw(),
                    bias.defined() ? bias.raw() : kernels::View{}, geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (GradMode::is_enabled()) return composite(s, g, needs);
    const Tensor dense = needs[0] || needs[1] ? channels_last(g) : Tensor();
    const auto parameter = [&](std::size_t i) {
      const bool made = i < needs.size() && needs[i];
      return made ? Tensor(s.sizes(i), mixed ? kFloat32 : g.dtype()) : Tensor();
    };
    Gradients to = {needs[0] ? new_image(s.sizes(0), g.dtype()) : Tensor(), parameter(1)};
    if (needs.size() == 3) to.push_back(parameter(2));
    if (needs[0]) {
      kernels::conv2d_input_grad(to[0].raw(), dense.raw(), s.input(1).contiguous().raw(), geometry);
    }
    if (needs[1]) {
      const bool biased = needs.size() == 3 && needs[2];
      kernels::conv2d_weight_grad(to[1].raw(), biased ? to[2].raw() : kernels::View{},
                                  channels_last(s.input(0)).raw(), dense.raw(), geometry);
    } else if (needs.size() == 3 && needs[2]) {
      to[2] = sum(g.to(to[2].dtype()), {0, 2, 3});  // of a frozen weight
    }
    return to;
  }
  static Samples samples();

 private:
  // The same from public ops, for gradients of gradients.
  Gradients composite(const Saved& s, const Tensor& gradient, const Needs& needs) const {
    const DType dtype = mixed ? kFloat32 : gradient.dtype();
    const Tensor g = gradient.to(dtype);
    Gradients to = {
        needs[0]
            ? conv2d_input_grad(g, s.input(1).to(gradient.dtype()).to(dtype), s.sizes(0), geometry)
                  .to(gradient.dtype())
            : Tensor(),
        needs[1] ? conv2d_weight_grad(g, s.input(0).to(dtype), s.sizes(1), geometry) : Tensor()};
    if (needs.size() == 3) to.push_back(needs[2] ? sum(g, {0, 2, 3}) : Tensor());
    return to;
  }
};

struct Conv2dInputGrad {
  static constexpr OpInfo kInfo{.name = "conv2d_input_grad",
                                .doc = "The gradient of conv2d's input.",
                                .inputs = 2,
                                .floating = true,
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
    return {needs[0] ? convolution(g, s.input(1), geometry) : Tensor(),
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
                                .floating = true,
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
    return {needs[0] ? convolution(s.input(1), g, geometry) : Tensor(),
            needs[1] ? conv2d_input_grad(s.input(0), g, s.sizes(1), geometry) : Tensor()};
  }
  static Samples samples() {
    const ConvGeometry g{.stride = {2, 1}, .padding = {1, 0}};
    const auto call = [g](Inputs in) { return conv2d_weight_grad(in[0], in[1], {3, 2, 3, 2}, g); };
    return {.good = {{{sample({2, 3, 3, 3}), sample({2, 2, 5, 4})}, call}},
            .bad = {{{sample({2, 3, 2, 3}), sample({2, 2, 5, 4})}, call, "does not belong"}}};
  }
};

// The kernels are conv2d's: the input is the gradient of a convolution with the same weight.
struct ConvTranspose2d {
  static constexpr OpInfo kInfo{
      .name = "conv_transpose2d",
      .doc =
          "The transpose of a 2-D convolution: what conv2d's gradient does to its input, plus a "
          "bias, which may be left out.",
      .inputs = kAnyNumber,
      .floating = true,
      .saves = kSaveInput0 | kSaveInput1};
  ConvGeometry geometry;
  Pair output_padding;

  void describe(Attributes& a) const {
    a("stride", geometry.stride);
    a("padding", geometry.padding);
    a("dilation", geometry.dilation);
    a("groups", geometry.groups);
    a("output_padding", output_padding);
  }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Shape sizes = transposed_sizes(x.sizes(), in[1].sizes());
    check_bias(in, sizes[1]);
    Tensor out = new_image(sizes, x.dtype());
    kernels::conv2d_input_grad(out.raw(), channels_last(x).raw(), in[1].contiguous().raw(),
                               geometry);
    if (in.size() == 3) {
      const kernels::View bias = reshape(in[2], {1, sizes[1], 1, 1}).raw().broadcast(sizes);
      kernels::dispatch_floating(out.dtype(), [&]<class T>(T) {
        kernels::map<T, T, T>([](T a, T b) { return static_cast<T>(a + b); }, out.raw(), out.raw(),
                              bias);
      });
    }
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    Gradients gradients = {
        needs[0] ? convolution(g, s.input(1), geometry) : Tensor(),
        needs[1] ? conv2d_weight_grad(s.input(0), g, s.sizes(1), geometry) : Tensor()};
    if (needs.size() == 3) gradients.push_back(needs[2] ? sum(g, {0, 2, 3}) : Tensor());
    return gradients;
  }
  static Samples samples();

 private:
  [[nodiscard]] Shape transposed_sizes(const Shape& x, const Shape& w) const {
    const ConvGeometry& g = geometry;
    check_geometry(g);
    if (w.size() != 4 || x[1] != w[0] || w[0] % g.groups != 0) {
      throw ShapeError("input " + to_string(x) + " and weight " + to_string(w) + " in " +
                       std::to_string(g.groups) +
                       " groups do not fit: the weight is [C, O/groups, kernel]");
    }
    Shape out = {x[0], w[1] * g.groups, 0, 0};
    for (int d = 0; d < 2; ++d) {
      const auto i = static_cast<std::size_t>(d);
      out[d + 2] = (x[d + 2] - 1) * g.stride[i] - 2 * g.padding[i] +
                   g.dilation[i] * (w[d + 2] - 1) + output_padding[i] + 1;
      if (w[d + 2] < 1 || out[d + 2] < 1) {
        throw ShapeError("nothing is left of input " + to_string(x) + " under weight " +
                         to_string(w) + " with padding " + text(g.padding));
      }
    }
    return out;
  }
};

Tensor with_zeros_behind(const Tensor& x, int dim, std::int64_t count) {
  Shape sizes = x.sizes();
  sizes[dim] += count;
  return slice_backward(x, sizes, dim, 0, x.size(dim), 1);
}

// Padding "same" as sizes, and x with the odd zeros that go behind.
std::pair<kernels::Pair, Tensor> padded(const Tensor& x, const Tensor& weight,
                                        const Conv2dOptions& o) {
  if (!o.padding.is_same() || weight.dim() != 4) return {o.padding.sizes(), x};
  if (o.stride != kernels::Pair{1, 1}) throw ValueError("padding \"same\" needs a stride of 1");
  kernels::Pair sides = {0, 0};
  Tensor result = x;
  for (std::size_t i = 0; i < 2; ++i) {
    const int dim = static_cast<int>(i) + 2;
    const std::int64_t zeros = o.dilation[i] * (weight.size(dim) - 1);
    sides[i] = zeros / 2;
    if (zeros % 2 != 0) result = with_zeros_behind(result, dim, 1);
  }
  return {sides, result};
}

Samples Conv2d::samples() {
  const auto with = [](const Conv2dOptions& g) {
    return [g](Inputs in) { return conv2d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(), g); };
  };
  const Conv2dOptions odd{.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}};
  return {
      .good = {{{sample({2, 3, 5, 4}), sample({4, 3, 3, 3}), sample({4})},
                with({.padding = {1, 1}})},
               {{sample({1, 2, 6, 5}), sample({3, 2, 3, 2})}, with(odd)},
               {{sample({2, 4, 4, 4}), sample({6, 2, 3, 3}), sample({6})}, with({.groups = 2})},
               {{sample({1, 3, 4, 4}), sample({3, 1, 2, 2})}, with({.groups = 3})},
               {{sample({2, 1, 3, 3}), sample({2, 1, 1, 1}), sample({2})}, with({})},
               {{sample({4, 4, 4}), sample({2, 2, 3, 2})},
                with({.padding = "same", .dilation = {1, 3}, .groups = 2})},
               {{sample({0, 2, 3, 3}), sample({2, 2, 2, 2}), sample({2})}, with({})}},
      .bad = {{{sample({1, 3, 4, 4}), sample({2, 2, 3, 3})}, with({}), "has 3 channels"},
              {{sample({1, 2, 2, 2}), sample({2, 2, 3, 3})}, with({}), "does not fit into input"},
              {{sample({2, 2}), sample({2, 2, 3, 3})}, with({}), "needs x [N, C, H, W]"},
              {{sample({1, 2, 2, 2}), sample({2, 2, 3})}, with({}), "and weight [O, C/groups"},
              {{sample({1, 2, 4, 4}), sample({2, 2, 3, 3})},
               with({.stride = 2, .padding = "same"}),
               "needs a stride of 1"},
              {{sample({1, 2, 4, 4}), sample({2, 2, 3, 3})}, with({.stride = {0, 1}}), "stride"},
              {{sample({1, 2, 4, 4}), sample({2, 2, 3, 3}), sample({3})}, with({}), "bias"}}};
}

Samples ConvTranspose2d::samples() {
  const auto with = [](const ConvTranspose2dOptions& o) {
    return [o](Inputs in) {
      return conv_transpose2d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(), o);
    };
  };
  const auto inputs = [](const Shape& x, const Shape& w) {
    return std::vector{sample(x), sample(w)};
  };
  return {.good = {{{sample({2, 2, 3, 3}), sample({2, 3, 2, 3}), sample({3})},
                    with({.stride = 2, .padding = {0, 1}, .output_padding = {1, 0}})},
                   {inputs({4, 3, 2}, {4, 1, 3, 3}), with({.padding = 1, .groups = 2})},
                   {inputs({1, 1, 3, 3}, {1, 2, 2, 2}),
                    with({.stride = {1, 2}, .output_padding = 2, .dilation = 3})},
                   {{sample({0, 2, 3, 3}), sample({2, 3, 2, 3}), sample({3})}, with({})}},
          .bad = {{inputs({1, 3, 4, 4}, {2, 2, 3, 3}), with({}), "the weight is [C, O/groups"},
                  {inputs({1, 2, 4, 4}, {2, 2, 3, 3}), with({.output_padding = 1}),
                   "output_padding [1, 1] must be less than the stride or the dilation"},
                  {inputs({1, 2, 1, 1}, {2, 2, 1, 1}), with({.padding = 1}), "nothing is left"},
                  {{sample({1, 2, 2, 2}), sample({2, 2, 3, 3}), sample({3})}, with({}), "bias"}}};
}

struct Conv1d {
  static constexpr OpInfo kInfo{
      .name = "conv1d",
      .doc =
          "1-D convolution (cross-correlation) of sequences [N, C, L] with weight [O, C/groups, "
          "K]; the bias may be left out.",
      .inputs = kAnyNumber};
  static Samples samples() {
    const auto with = [](const Conv1dOptions& o) {
      return [o](Inputs in) { return conv1d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(), o); };
    };
    const auto inputs = [](const Shape& x, const Shape& w) {
      return std::vector{sample(x), sample(w)};
    };
    return {.good = {{{sample({2, 3, 6}), sample({4, 3, 3}), sample({4})},
                      with({.stride = 2, .padding = 1})},
                     {inputs({2, 5}, {2, 1, 2}), with({.dilation = 2, .groups = 2})},
                     {inputs({1, 1, 5}, {1, 1, 4}), with({.padding = "same"})}},
            .bad = {{inputs({3}, {1, 1, 2}), with({}), "needs x [N, C, L] or [C, L]"},
                    {inputs({2, 3, 6}, {4, 3}), with({}), "needs weight [O, C/groups, K]"}}};
  }
};

struct ConvTranspose1d {
  static constexpr OpInfo kInfo{
      .name = "conv_transpose1d",
      .doc = "The transpose of a 1-D convolution; the bias may be left out.",
      .inputs = kAnyNumber};
  static Samples samples() {
    const auto with = [](const ConvTranspose1dOptions& o) {
      return [o](Inputs in) {
        return conv_transpose1d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(), o);
      };
    };
    return {.good = {{{sample({2, 2, 4}), sample({2, 3, 3}), sample({3})},
                      with({.stride = 2, .padding = 1, .output_padding = 1})},
                     {{sample({2, 3}), sample({2, 1, 2})}, with({.groups = 2, .dilation = 2})}},
            .bad = {{{sample({2, 2, 4}), sample({2, 3})}, with({}), "needs weight [C, O/groups"}}};
  }
};

// A sequence's weight as that of an image of height 1.
Tensor flat_weight(const Tensor& weight, const char* form) {
  if (weight.dim() != 3) {
    throw ShapeError(std::string("needs weight ") + form + ", got " + to_string(weight.sizes()));
  }
  return unsqueeze(weight, 2);
}

template <class O>
Tensor run(O op, const Tensor& x, const Tensor& weight, const Tensor& bias, const Location& at) {
  TensorList inputs = {x, weight};
  if (bias.defined()) inputs.push_back(bias);
  return apply(std::move(op), std::move(inputs), at);
}

Tensor transposed(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const ConvTranspose2dOptions& o, const Location& at) {
  const ConvGeometry geometry{o.stride, o.padding, o.dilation, o.groups};
  check_geometry(geometry);
  // What exceeds the stride is the work of further zeros behind the input.
  Pair rest = o.output_padding;
  Tensor input = x;
  for (std::size_t i = 0; i < 2; ++i) {
    if (rest[i] < 0 || rest[i] >= std::max(o.stride[i], o.dilation[i])) {
      throw ValueError("output_padding " + text(o.output_padding) +
                       " must be less than the stride or the dilation");
    }
    const std::int64_t extra = rest[i] / o.stride[i];
    if (extra > 0) input = with_zeros_behind(input, static_cast<int>(i) + 2, extra);
    rest[i] %= o.stride[i];
  }
  return run(ConvTranspose2d{geometry, rest}, input, weight, bias, at);
}

const RegisterOps<Conv1d, Conv2d, Conv2dInputGrad, Conv2dWeightGrad, ConvTranspose1d,
                  ConvTranspose2d>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv1dOptions& options, Location at) {
  return ops::compose("conv1d", at, [&] {
    const Tensor flat = ops::flat_weight(weight, "[O, C/groups, K]");
    const Padding padding =
        options.padding.is_same() ? options.padding : Padding(0, options.padding.sizes()[1]);
    return ops::on_images(x, 1, [&](const Tensor& images) {
      return conv2d(images, flat, bias,
                    {.stride = {1, options.stride},
                     .padding = padding,
                     .dilation = {1, options.dilation},
                     .groups = options.groups},
                    at);
    });
  });
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options, Location at) {
  return ops::compose("conv2d", at, [&] {
    return ops::on_images(x, 2, [&](const Tensor& images) {
      const auto [padding, input] = ops::padded(images, weight, options);
      const ConvGeometry geometry{options.stride, padding, options.dilation, options.groups};
      return ops::run(ops::Conv2d{geometry}, input, weight, bias, at);
    });
  });
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose1dOptions& o, Location at) {
  return ops::compose("conv_transpose1d", at, [&] {
    const Tensor flat = ops::flat_weight(weight, "[C, O/groups, K]");
    return ops::on_images(x, 1, [&](const Tensor& images) {
      return ops::transposed(images, flat, bias,
                             {.stride = {1, o.stride},
                              .padding = {0, o.padding},
                              .output_padding = {0, o.output_padding},
                              .groups = o.groups,
                              .dilation = {1, o.dilation}},
                             at);
    });
  });
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options, Location at) {
  return ops::compose("conv_transpose2d", at, [&] {
    return ops::on_images(x, 2, [&](const Tensor& images) {
      return ops::transposed(images, weight, bias, options, at);
    });
  });
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
