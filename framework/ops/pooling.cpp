#include "framework/ops/pooling.h"
#include "framework/ops/apply.h"
#include "framework/ops/images.h"

namespace gradus {
namespace ops {
namespace {

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

Shape output_sizes(const Shape& x, const PoolGeometry& g) {
  if (x.size() != 4) throw ShapeError("needs images [N, C, H, W], got " + to_string(x));
  Shape out = x;
  for (int d = 0; d < 2; ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (g.kernel[i] < 1 || g.stride[i] < 1 || g.dilation[i] < 1) {
      throw ValueError("kernel, stride and dilation must be at least 1");
    }
    if (g.padding[i] < 0 || 2 * g.padding[i] > g.kernel[i]) {
      throw ValueError("padding must be between 0 and half the kernel size, got " +
                       std::to_string(g.padding[i]) + " for " + std::to_string(g.kernel[i]));
    }
    const std::int64_t room = x[d + 2] + 2 * g.padding[i] - g.dilation[i] * (g.kernel[i] - 1) - 1;
    if (room < 0) {
      throw ShapeError("a window of " + std::to_string(g.kernel[0]) + " x " +
                       std::to_string(g.kernel[1]) + " does not fit into input " + to_string(x));
    }
    out[d + 2] = room / g.stride[i] + 1;
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
  Tensor places{};

  Tensor forward(Inputs in) {
    Tensor out = new_image(output_sizes(in[0].sizes(), geometry), in[0].dtype());
    places = new_image(out.sizes(), kernels::place_dtype(geometry));
    kernels::max_pool2d(out.raw(), places.raw(), channels_last(in[0]).raw(), geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {max_pool2d_scatter(g, places, s.sizes(0), geometry)};
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

  Tensor forward(Inputs in) {
    Tensor out = new_image(sizes, in[0].dtype());
    kernels::max_pool2d_scatter(out.raw(), channels_last(in[0]).raw(), places.raw(), geometry);
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {max_pool2d_gather(g, places, geometry)};
  }
  static Samples samples();
};

struct MaxPool2dGather {
  static constexpr OpInfo kInfo{.name = "max_pool2d_gather",
                                .doc = "Reads the value at the place that won each window.",
                                .keeps = true};
  Tensor places;
  PoolGeometry geometry;

  Tensor forward(Inputs in) {
    Tensor out = new_image(places.sizes(), in[0].dtype());
    kernels::max_pool2d_gather(out.raw(), channels_last(in[0]).raw(), places.raw(), geometry);
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {max_pool2d_scatter(g, places, s.sizes(0), geometry)};
  }
  static Samples samples();
};

struct AvgPool2d {
  static constexpr OpInfo kInfo{
      .name = "avg_pool2d",
      .doc = "The mean of each window; padding counts as zeros unless count_include_pad is false.",
      .floating = true};
  PoolGeometry geometry;

  Tensor forward(Inputs in) {
    if (geometry.dilation != kernels::Pair{1, 1}) throw ValueError("takes no dilation");
    Tensor out = new_image(output_sizes(in[0].sizes(), geometry), in[0].dtype());
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

  Tensor forward(Inputs in) {
    Tensor out = new_image(sizes, in[0].dtype());
    kernels::avg_pool2d_grad(out.raw(), channels_last(in[0]).raw(), geometry);
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {avg_pool2d(g, geometry)};
  }
  static Samples samples();
};

// ---- Samples -----------------------------------------------------------------------------------

constexpr PoolGeometry kPlain{.kernel = {2, 2}, .stride = {2, 2}};
constexpr PoolGeometry kOverlapping{.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
constexpr PoolGeometry kDilated{.kernel = {2, 2}, .stride = {1, 2}, .dilation = {2, 1}};

// Values far apart, so that a finite difference changes no winner.
Tensor distinct(const Shape& sizes) {
  Tensor values(sizes, kFloat64);
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    values.data_ptr<double>()[i] = static_cast<double>(i * 7919 % 101) / 50.0 - 1.0;
  }
  return values;
}

template <class Op>
Samples windows(Op op, bool dilates) {
  const auto with = [op](const PoolGeometry& g) { return [=](Inputs in) { return op(in[0], g); }; };
  Samples result{
      .good = {{{distinct({2, 3, 4, 6})}, with(kPlain)},
               {{distinct({1, 2, 5, 4})}, with(kOverlapping)},
               {{distinct({0, 2, 4, 4})}, with(kPlain)}},
      .bad = {{{sample({3, 4, 4})}, with(kPlain), "needs images [N, C, H, W], got [3, 4, 4]"},
              {{sample({1, 1, 1, 4})}, with(kPlain), "does not fit into input [1, 1, 1, 4]"},
              {{sample({1, 1, 4, 4})}, with({.kernel = {0, 1}}), "must be at least 1"},
              {{sample({1, 1, 4, 4})}, with({.kernel = {2, 2}, .padding = {2, 0}}), "padding"}}};
  if (dilates) {
    const PoolGeometry apart{
        .kernel = {2, 2}, .stride = {1, 1}, .padding = {1, 1}, .dilation = {3, 3}};
    result.bad.push_back({{sample({1, 1, 2, 2})}, with(apart), "lies wholly in the padding"});
  }
  if (dilates) result.good.push_back({{distinct({1, 2, 4, 4})}, with(kDilated)});
  return result;
}

Samples MaxPool2d::samples() {
  return windows([](const Tensor& x, const PoolGeometry& g) { return max_pool2d(x, g); }, true);
}

Samples AvgPool2d::samples() {
  return windows([](const Tensor& x, const PoolGeometry& g) { return avg_pool2d(x, g); }, false);
}

Tensor sample_places() {
  MaxPool2d pool{kOverlapping};
  const Tensor x = distinct({1, 2, 5, 4});
  pool.forward({&x, 1});
  return pool.places;
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

const RegisterOps<MaxPool2d, MaxPool2dScatter, MaxPool2dGather, AvgPool2d, AvgPool2dBackward>
    kRegistered;

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

}  // namespace
}  // namespace ops

PoolGeometry pool_window(std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                         std::int64_t dilation) {
  const std::int64_t step = stride == 0 ? kernel : stride;
  return {.kernel = {kernel, kernel},
          .stride = {step, step},
          .padding = {padding, padding},
          .dilation = {dilation, dilation}};
}

Tensor max_pool2d(const Tensor& x, const PoolGeometry& geometry, Location at) {
  return ops::apply(ops::MaxPool2d{geometry}, {x}, at);
}

Tensor avg_pool2d(const Tensor& x, const PoolGeometry& geometry, Location at) {
  return ops::apply(ops::AvgPool2d{geometry}, {x}, at);
}

}  // namespace gradus
