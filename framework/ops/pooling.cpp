#include "framework/ops/pooling.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/pooling.h"
#include "framework/kernels/vector_math.h"
#include "framework/ops/activation.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/images.h"

namespace gradus {
namespace ops {
namespace {

using kernels::PoolGeometry;

// A window whose places all fall on padding has no value.
void check_windows(const Shape& x, int axis, std::int64_t outputs, const PoolGeometry& g) {
  const auto i = static_cast<std::size_t>(axis);
  for (std::int64_t o = 0; o < outputs; ++o) {
    bool inside = false;
    for (std::int64_t k = 0; k < g.kernel[i] && !inside; ++k) {
      const std::int64_t at = o * g.stride[i] - g.padding[i] + k * g.dilation[i];
      inside = at >= 0 && at < x[axis + 2];
    }
    if (!inside) {
      throw ShapeError("window " + std::to_string(o) + " along dim " + std::to_string(axis + 2) +
                       " lies wholly in the padding of input " + to_string(x));
    }
  }
}

void check_geometry(const PoolGeometry& g) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (g.kernel[i] < 1 || g.stride[i] < 1 || g.dilation[i] < 1) {
      throw ValueError("kernel, stride and dilation must be at least 1");
    }
    if (g.padding[i] < 0 || 2 * g.padding[i] > g.kernel[i]) {
      throw ValueError("padding must be between 0 and half the kernel size, got " +
                       std::to_string(g.padding[i]) + " for " + std::to_string(g.kernel[i]));
    }
  }
}

Shape output_sizes(const Shape& x, const PoolGeometry& g, bool ceil_mode) {
  if (g.adaptive[0] != 0) return {x[0], x[1], g.adaptive[0], g.adaptive[1]};
  check_geometry(g);
  Shape out = x;
  for (int d = 0; d < 2; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t room = x[d + 2] + 2 * g.padding[i] - g.dilation[i] * (g.kernel[i] - 1) - 1;
    if (room < 0) {
      throw ShapeError("a window of " + std::to_string(g.kernel[0]) + " x " +
                       std::to_string(g.kernel[1]) + " does not fit into input " + to_string(x));
    }
    out[d + 2] = room / g.stride[i] + 1;
    // A window that hangs over must still begin inside the image or the padding before it.
    if (ceil_mode && room % g.stride[i] != 0 &&
        out[d + 2] * g.stride[i] < x[d + 2] + g.padding[i]) {
      ++out[d + 2];
    }
    check_windows(x, d, out[d + 2], g);
  }
  return out;
}

Tensor max_pool2d_gather(const Tensor& x, const Tensor& places, const PoolGeometry& geometry);
Tensor max_pool2d_scatter(const Tensor& g, const Tensor& places, const Shape& sizes,
                          const PoolGeometry& geometry);
Tensor avg_pool2d_backward(const Tensor& g, const Shape& sizes, const PoolGeometry& geometry);

struct MaxPool2d {
  static constexpr OpInfo kInfo{
      .name = "max_pool2d",
      .doc =
          "The largest value of each window. On ties the first place wins and alone receives "
          "the gradient; NaN wins over all.",
      .floating = true,
      .keeps = true};
  PoolGeometry geometry;
  bool ceil_mode = false;
  bool wants_indices = false;
  autograd::SavedTensor kept{};
  Tensor indices{};

  void describe(Attributes& a) const {
    a("kernel", geometry.kernel);
    a("stride", geometry.stride);
    a("padding", geometry.padding);
    a("dilation", geometry.dilation);
    a("adaptive", geometry.adaptive);
    a.result("indices", indices);
  }
  Tensor forward(Inputs in) {
    const Tensor x = channels_last(in[0]);
    Tensor out = new_image(output_sizes(x.sizes(), geometry, ceil_mode), x.dtype());
    const Tensor places = new_image(out.sizes(), kernels::place_dtype(geometry));
    kernels::max_pool2d(out.raw(), places.raw(), x.raw(), geometry);
    kept = autograd::SavedTensor(places);
    if (wants_indices) {
      indices = new_image(out.sizes(), kInt64);
      kernels::max_pool2d_indices(indices.raw(), places.raw(), x.raw(), geometry);
    }
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {max_pool2d_scatter(g, kept.unpack({}, kInfo.name), s.sizes(0), geometry)};
  }
  static Samples samples();
};

// The largest value is found first, then relu looks at that alone: where it is above 0 it won in
// relu(x) too, and elsewhere there is no gradient.
struct ReluMaxPool2d : MaxPool2d {
  static constexpr OpInfo kInfo{
      .name = "relu_max_pool2d",
      .doc = "The largest value of each window of max(x, 0), with max_pool2d's rules.",
      .floating = true,
      .keeps = true,
      .saves = kSaveOutput};

  Tensor forward(Inputs in) {
    Tensor out = MaxPool2d::forward(in);
    kernels::dispatch_floating(out.dtype(), [&]<class T>(T) {
      kernels::map<T, T>([](T y) { return kernels::relu(y); }, out.raw(), out.raw());
    });
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return MaxPool2d::backward(s, relu_backward(g, s.output()), needs);
  }
  static Samples samples();
};

struct MaxPool2dScatter {
  static constexpr OpInfo kInfo{.name = "max_pool2d_scatter",
                                .doc = "Adds each value at the place that won its window.",
                                .keeps = true};
  Tensor places;
  Shape sizes;
  PoolGeometry geometry;
  autograd::SavedTensor kept{};

  Tensor forward(Inputs in) {
    Tensor out = new_image(sizes, in[0].dtype());
    kernels::max_pool2d_scatter(out.raw(), channels_last(in[0]).raw(), places.raw(), geometry);
    kept = autograd::SavedTensor(std::exchange(places, {}));
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {max_pool2d_gather(g, kept.unpack({}, kInfo.name), geometry)};
  }
  static Samples samples();
};

struct MaxPool2dGather {
  static constexpr OpInfo kInfo{.name = "max_pool2d_gather",
                                .doc = "Reads the value at the place that won each window.",
                                .keeps = true};
  Tensor places;
  PoolGeometry geometry;
  autograd::SavedTensor kept{};

  Tensor forward(Inputs in) {
    Tensor out = new_image(places.sizes(), in[0].dtype());
    kernels::max_pool2d_gather(out.raw(), channels_last(in[0]).raw(), places.raw(), geometry);
    kept = autograd::SavedTensor(std::exchange(places, {}));
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {max_pool2d_scatter(g, kept.unpack({}, kInfo.name), s.sizes(0), geometry)};
  }
  static Samples samples();
};

struct AvgPool2d {
  static constexpr OpInfo kInfo{
      .name = "avg_pool2d",
      .doc = "The mean of each window; padding counts as zeros unless count_include_pad is false.",
      .floating = true};
  PoolGeometry geometry;
  bool ceil_mode = false;

  void describe(Attributes& a) const {
    a("kernel", geometry.kernel);
    a("stride", geometry.stride);
    a("padding", geometry.padding);
    a("dilation", geometry.dilation);
    a("adaptive", geometry.adaptive);
    a("count_include_pad", geometry.count_include_pad);
    a("divisor", geometry.divisor);
  }
  Tensor forward(Inputs in) {
    Tensor out = new_image(output_sizes(in[0].sizes(), geometry, ceil_mode), in[0].dtype());
    kernels::avg_pool2d(out.raw(), channels_last(in[0]).raw(), geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {avg_pool2d_backward(g, s.sizes(0), geometry)};
  }
  static Samples samples();
};

struct AvgPool2dBackward {
  static constexpr OpInfo kInfo{.name = "avg_pool2d_backward",
                                .doc = "Spreads each value evenly over its window."};
  Shape sizes;
  PoolGeometry geometry;
  bool ceil_mode = false;

  Tensor forward(Inputs in) {
    ceil_mode = !(in[0].sizes() == output_sizes(sizes, geometry, false));
    Tensor out = new_image(sizes, in[0].dtype());
    kernels::avg_pool2d_grad(out.raw(), channels_last(in[0]).raw(), geometry);
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {apply(AvgPool2d{geometry, ceil_mode}, {g}, Location::current())};
  }
  static Samples samples();
};

// ---- The public forms -----------------------------------------------------------------------

PoolGeometry geometry_of(const Pair& kernel, const MaxPool2dOptions& o) {
  PoolGeometry g{
      .kernel = kernel, .stride = o.stride, .padding = o.padding, .dilation = o.dilation};
  if (o.stride == kernels::Pair{0, 0}) g.stride = g.kernel;
  return g;
}

PoolGeometry geometry_of(const Pair& kernel, const AvgPool2dOptions& o) {
  if (o.divisor_override == 0) throw ValueError("divisor_override must not be 0");
  PoolGeometry g = geometry_of(kernel, MaxPool2dOptions{.stride = o.stride, .padding = o.padding});
  g.count_include_pad = o.count_include_pad;
  g.divisor = o.divisor_override.value_or(0);
  return g;
}

PoolGeometry adaptive_geometry(const Shape& x, const Pair& outputs) {
  PoolGeometry g{.adaptive = outputs};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t size = x[static_cast<int>(i) + 2];
    if (outputs[i] < 1 || size < 1) {
      throw ShapeError("the output size and the image must be at least 1, got " +
                       std::to_string(outputs[i]) + " for input " + to_string(x));
    }
    g.kernel[i] = (size + outputs[i] - 1) / outputs[i] + 1;
  }
  return g;
}

MaxPool2dOptions in_2d(const MaxPool1dOptions& o) {
  return {.stride = {1, o.stride},
          .padding = {0, o.padding},
          .dilation = {1, o.dilation},
          .ceil_mode = o.ceil_mode};
}

AvgPool2dOptions in_2d(const AvgPool1dOptions& o) {
  return {.stride = {1, o.stride},
          .padding = {0, o.padding},
          .ceil_mode = o.ceil_mode,
          .count_include_pad = o.count_include_pad};
}

template <class Options>
Options with_stride(Options options, std::int64_t kernel_size) {
  if (options.stride == 0) options.stride = kernel_size;
  return options;
}

template <class Op, class Options>
Tensor pool(const Tensor& x, const Pair& kernel, const Options& options, const Location& at) {
  return apply(Op{geometry_of(kernel, options), options.ceil_mode}, {x}, at);
}

// `spatial` 1 or 2; a sequence is an image of height 1.
template <class Op>
Tensor adaptive(const char* name, const Tensor& x, int spatial, const Pair& outputs,
                const Location& at) {
  return compose(name, at, [&] {
    return on_images(x, spatial, [&](const Tensor& images) {
      return apply(Op{adaptive_geometry(images.sizes(), outputs)}, {images}, at);
    });
  });
}

Tensor max_pool2d_gather(const Tensor& x, const Tensor& places, const PoolGeometry& geometry) {
  return apply(MaxPool2dGather{places, geometry}, {x}, Location::current());
}

Tensor max_pool2d_scatter(const Tensor& g, const Tensor& places, const Shape& sizes,
                          const PoolGeometry& geometry) {
  return apply(MaxPool2dScatter{places, sizes, geometry}, {g}, Location::current());
}

Tensor avg_pool2d_backward(const Tensor& g, const Shape& sizes, const PoolGeometry& geometry) {
  return apply(AvgPool2dBackward{sizes, geometry}, {g}, Location::current());
}

// ---- Samples --------------------------------------------------------------------------------

template <class Call, class... Options>
std::vector<Sample> with_each(const Shape& sizes, Call call, const Pair& kernel,
                              const Options&... options) {
  return {{{distinct(sizes)}, [=](Inputs in) { return call(in[0], kernel, options); }}...};
}

Samples MaxPool2d::samples() {
  const auto call = [](const Tensor& x, const Pair& kernel, const MaxPool2dOptions& options) {
    return max_pool2d(x, kernel, options);
  };
  const auto with = [call](const Pair& kernel, const MaxPool2dOptions& options) {
    return [=](Inputs in) { return call(in[0], kernel, options); };
  };
  using Options = MaxPool2dOptions;
  Samples result = {.good = with_each({1, 2, 5, 4}, call, {3, 2}, Options{},
                                      Options{.stride = {2, 1}, .padding = {1, 0}},
                                      Options{.stride = 2, .ceil_mode = true},
                                      Options{.stride = 1, .padding = 1, .dilation = {1, 2}})};
  result.good.push_back({{distinct({2, 4, 4})}, with(2, {})});
  result.good.push_back({{distinct({0, 2, 4, 4})}, with(2, {})});
  result.bad = {{{sample({1, 1, 2, 2})}, with(3, {}), "does not fit into input"},
                {{sample({2, 2})}, with(2, {}), "needs x [N, C, H, W] or [C, H, W]"},
                {{sample({1, 1, 4, 4})}, with(2, {.padding = 2}), "half the kernel"},
                {{sample({1, 1, 4, 4})}, with({0, 1}, {}), "must be at least 1"},
                {{sample({1, 1, 2, 2})},
                 with(3, {.stride = 1, .padding = 1, .dilation = {1, 3}}),
                 "does not fit"},
                {{sample({1, 1, 1, 1})},
                 with(2, {.stride = 1, .padding = 1, .dilation = 2}),
                 "lies wholly in the padding"}};
  return result;
}

Samples ReluMaxPool2d::samples() {
  const auto off_zero = [](const Shape& sizes) { return distinct(sizes) + 0.005; };
  const auto with = [](const Pair& kernel, const MaxPool2dOptions& options) {
    return [=](Inputs in) { return relu_max_pool2d(in[0], kernel, options); };
  };
  return {.good = {{{off_zero({1, 2, 6, 4})}, with(2, {})},
                   {{off_zero({2, 3, 5, 5})}, with(2, {})},
                   {{off_zero({2, 4, 4})}, with(3, {.stride = 1, .padding = 1})}},
          .bad = {{{sample({1, 1, 2, 2})}, with(3, {}), "does not fit into input"}}};
}

Samples AvgPool2d::samples() {
  const auto call = [](const Tensor& x, const Pair& kernel, const AvgPool2dOptions& options) {
    return avg_pool2d(x, kernel, options);
  };
  const auto with = [call](const Pair& kernel, const AvgPool2dOptions& options) {
    return [=](Inputs in) { return call(in[0], kernel, options); };
  };
  using Options = AvgPool2dOptions;
  Samples result = {.good =
                        with_each({1, 2, 5, 4}, call, {3, 2}, Options{},
                                  Options{.stride = {2, 1}, .padding = {1, 0}},
                                  Options{.stride = 2, .padding = 1, .ceil_mode = true},
                                  Options{.stride = 2, .padding = 1, .count_include_pad = false},
                                  Options{.padding = {0, 1}, .divisor_override = -3})};
  result.good.push_back({{distinct({2, 4, 4})}, with(2, {})});
  result.bad = {{{sample({1, 1, 2, 2})}, with(3, {}), "does not fit into input"},
                {{sample({1, 1, 4, 4})}, with(2, {.stride = {1, -1}}), "must be at least 1"},
                {{sample({1, 1, 4, 4})}, with(2, {.divisor_override = 0}), "must not be 0"}};
  return result;
}

const PoolGeometry kOverlapping{.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};

Tensor sample_places() {
  MaxPool2d pool{kOverlapping};
  const Tensor x = distinct({1, 2, 5, 4});
  pool.forward({&x, 1});
  return pool.kept.unpack({}, "max_pool2d");
}

Samples MaxPool2dScatter::samples() {
  const Tensor places = sample_places();
  return {.good = {{{sample(places.sizes())}, [places](Inputs in) {
                      return max_pool2d_scatter(in[0], places, {1, 2, 5, 4}, kOverlapping);
                    }}}};
}

Samples MaxPool2dGather::samples() {
  const Tensor places = sample_places();
  return {.good = {{{sample({1, 2, 5, 4})}, [places](Inputs in) {
                      return max_pool2d_gather(in[0], places, kOverlapping);
                    }}}};
}

Samples AvgPool2dBackward::samples() {
  return {.good = {{{sample({1, 2, 3, 5})}, [](Inputs in) {
                      return avg_pool2d_backward(in[0], {1, 2, 5, 4}, kOverlapping);
                    }}}};
}

const RegisterOps<MaxPool2d, ReluMaxPool2d, MaxPool2dScatter, MaxPool2dGather, AvgPool2d,
                  AvgPool2dBackward>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor max_pool1d(const Tensor& x, std::int64_t kernel_size, const MaxPool1dOptions& options,
                  Location at) {
  return ops::compose("max_pool1d", at, [&] {
    return ops::on_images(x, 1, [&](const Tensor& images) {
      return ops::pool<ops::MaxPool2d>(images, {1, kernel_size},
                                       ops::in_2d(ops::with_stride(options, kernel_size)), at);
    });
  });
}

Tensor max_pool2d(const Tensor& x, const Pair& kernel_size, const MaxPool2dOptions& options,
                  Location at) {
  return ops::compose("max_pool2d", at, [&] {
    return ops::on_images(x, 2, [&](const Tensor& images) {
      return ops::pool<ops::MaxPool2d>(images, kernel_size, options, at);
    });
  });
}

Tensor relu_max_pool2d(const Tensor& x, const Pair& kernel_size, const MaxPool2dOptions& options,
                       Location at) {
  return ops::compose("relu_max_pool2d", at, [&] {
    return ops::on_images(x, 2, [&](const Tensor& images) {
      ops::ReluMaxPool2d op;
      op.geometry = ops::geometry_of(kernel_size, options);
      op.ceil_mode = options.ceil_mode;
      return ops::apply(std::move(op), {images}, at);
    });
  });
}

std::pair<Tensor, Tensor> max_pool2d_with_indices(const Tensor& x, const Pair& kernel_size,
                                                  const MaxPool2dOptions& options, Location at) {
  Tensor indices;
  Tensor values = ops::compose("max_pool2d_with_indices", at, [&] {
    return ops::on_images(x, 2, [&](const Tensor& images) {
      return ops::apply_and_keep(
          ops::MaxPool2d{ops::geometry_of(kernel_size, options), options.ceil_mode, true}, {images},
          at, [&](ops::MaxPool2d& done) { indices = std::exchange(done.indices, {}); });
    });
  });
  return {values, x.dim() == 3 ? squeeze(indices, 0) : indices};
}

Tensor avg_pool1d(const Tensor& x, std::int64_t kernel_size, const AvgPool1dOptions& options,
                  Location at) {
  return ops::compose("avg_pool1d", at, [&] {
    return ops::on_images(x, 1, [&](const Tensor& images) {
      return ops::pool<ops::AvgPool2d>(images, {1, kernel_size},
                                       ops::in_2d(ops::with_stride(options, kernel_size)), at);
    });
  });
}

Tensor avg_pool2d(const Tensor& x, const Pair& kernel_size, const AvgPool2dOptions& options,
                  Location at) {
  return ops::compose("avg_pool2d", at, [&] {
    return ops::on_images(x, 2, [&](const Tensor& images) {
      return ops::pool<ops::AvgPool2d>(images, kernel_size, options, at);
    });
  });
}

Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t output_size, Location at) {
  return ops::adaptive<ops::AvgPool2d>("adaptive_avg_pool1d", x, 1, {1, output_size}, at);
}

Tensor adaptive_avg_pool2d(const Tensor& x, const Pair& output_size, Location at) {
  return ops::adaptive<ops::AvgPool2d>("adaptive_avg_pool2d", x, 2, output_size, at);
}

Tensor adaptive_max_pool1d(const Tensor& x, std::int64_t output_size, Location at) {
  return ops::adaptive<ops::MaxPool2d>("adaptive_max_pool1d", x, 1, {1, output_size}, at);
}

Tensor adaptive_max_pool2d(const Tensor& x, const Pair& output_size, Location at) {
  return ops::adaptive<ops::MaxPool2d>("adaptive_max_pool2d", x, 2, output_size, at);
}

}  // namespace gradus
