// Layer, RMS, group and instance norm: rows of x normalised by their own statistics; and normalize.
#include "framework/kernels/normalization.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/selection.h"
#include "framework/ops/shape.h"
#include "framework/ops/statistics.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

// What layer, RMS and group norm share. x counts as [N, groups, weights, span]: each [weights,
// span] is a row, and element w of a row meets weight [group, w].
struct Rows {
  Shape sizes;
  double eps;
  bool centred;
  autograd::SavedTensor mean{};
  autograd::SavedTensor inv_std{};

  void describe(Attributes& a) const {
    a("sizes", sizes);
    a("eps", eps);
  }
  Tensor forward(Inputs in) {
    const Tensor x = in[0].contiguous();
    const DType dtype = x.dtype() == kFloat64 ? kFloat64 : kFloat32;
    Tensor out(x.sizes(), x.dtype());
    const Tensor means({sizes[0] * sizes[1]}, dtype);
    const Tensor scales = empty_like(means);
    if (x.numel() != 0) {
      kernels::normalize_rows(matrix(out), means.raw(), scales.raw(), matrix(x),
                              in[1].contiguous().raw(),
                              in.size() == 3 ? in[2].contiguous().raw() : kernels::View{}, norm());
    }
    mean = autograd::SavedTensor(means);
    inv_std = autograd::SavedTensor(scales);
    return out;
  }

  // One fused pass; under create_graph the same from public ops (a test holds them together).
  Gradients backward(std::string_view name, const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor x = s.input(0).contiguous();
    const Tensor weight = s.input(1).contiguous();
    Gradients result;
    if (GradMode::is_enabled()) {
      result = composite(x, weight, g);
    } else {
      const Tensor gx(x.sizes(), x.dtype());
      const Tensor gweight = zeros(weight.sizes(), x.dtype());
      const Tensor gbias = zeros(weight.sizes(), x.dtype());
      if (x.numel() != 0) {
        kernels::normalize_rows_grad(matrix(gx), gweight.raw(), gbias.raw(), matrix(g.contiguous()),
                                     matrix(x), mean.unpack({}, name).raw(),
                                     inv_std.unpack({}, name).raw(), weight.raw(), norm());
      }
      result = {gx, gweight, gbias};
    }
    if (needs.size() == 2) return {result[0], result[1]};
    return result;
  }

 private:
  [[nodiscard]] kernels::View matrix(const Tensor& x) const {
    const Shape flat = {sizes[0] * sizes[1], sizes[2] * sizes[3]};
    return x.raw().with(flat, contiguous_strides(flat));
  }
  [[nodiscard]] kernels::RowNorm norm() const {
    return {.groups = sizes[1], .span = sizes[3], .eps = eps, .centred = centred};
  }
  [[nodiscard]] Gradients composite(const Tensor& x, const Tensor& weight, const Tensor& g) const {
    const Tensor rows = reshape(x, sizes);
    const Tensor grows = reshape(g, sizes);
    const auto row_mean = [](const Tensor& t) { return gradus::mean(t, {2, 3}, true); };
    const Tensor from = centred ? rows - row_mean(rows) : rows;
    const Tensor scale = 1 / sqrt(row_mean(from * from) + eps);
    const Tensor xhat = from * scale;
    const Tensor weighted = grows * reshape(weight, {sizes[1], sizes[2], 1});
    Tensor along = weighted - xhat * row_mean(weighted * xhat);
    if (centred) along = along - row_mean(weighted);
    return {reshape(scale * along, x.sizes()), reshape(sum(grows * xhat, {0, 3}), weight.sizes()),
            reshape(sum(grows, {0, 3}), weight.sizes())};
  }
};

struct LayerNorm {
  static constexpr OpInfo kInfo{
      .name = "layer_norm",
      .doc = "Normalises over the last dims, then scales and shifts each of their elements.",
      .inputs = 3,
      .floating = true,
      .keeps = true,
      .saves = kSaveInput0 | kSaveInput1};
  Rows rows;

  void describe(Attributes& a) const { rows.describe(a); }
  Tensor forward(Inputs in) { return rows.forward(in); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return rows.backward(kInfo.name, s, g, needs);
  }
  static Samples samples();
};

struct RmsNorm {
  static constexpr OpInfo kInfo{
      .name = "rms_norm",
      .doc = "Divides by the root of the mean square over the last dims, then scales.",
      .inputs = 2,
      .floating = true,
      .keeps = true,
      .saves = kSaveInputs};
  Rows rows;

  void describe(Attributes& a) const { rows.describe(a); }
  Tensor forward(Inputs in) { return rows.forward(in); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return rows.backward(kInfo.name, s, g, needs);
  }
  static Samples samples();
};

struct GroupNorm {
  static constexpr OpInfo kInfo{
      .name = "group_norm",
      .doc = "Normalises groups of channels of each sample, then scales and shifts each channel.",
      .inputs = 3,
      .floating = true,
      .keeps = true,
      .saves = kSaveInput0 | kSaveInput1};
  Rows rows;

  void describe(Attributes& a) const { rows.describe(a); }
  Tensor forward(Inputs in) { return rows.forward(in); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return rows.backward(kInfo.name, s, g, needs);
  }
  static Samples samples();
};

void check_parameter(const char* what, const Tensor& parameter, const Shape& sizes) {
  if (!parameter.defined() || parameter.sizes() == sizes) return;
  throw ShapeError(std::string(what) + " of shape " + to_string(parameter.sizes()) + ", expected " +
                   to_string(sizes));
}

DType floating_dtype(const Tensor& x) {
  return x.is_floating_point() ? x.dtype() : kFloat32;
}

// The sizes for Rows where the last dims of x are normalised.
Shape last_dims(const Tensor& x, const Shape& normalized) {
  const int first = x.dim() - normalized.size();
  bool fits = first >= 0 && !normalized.empty();
  std::int64_t rows = 1;
  for (int d = 0; fits && d < x.dim(); ++d) {
    if (d < first) {
      rows *= x.sizes()[d];
    } else {
      fits = x.sizes()[d] == normalized[d - first];
    }
  }
  if (!fits) {
    throw ShapeError("normalized_shape " + to_string(normalized) +
                     " is not that of the last dims of input " + to_string(x.sizes()));
  }
  return {rows, 1, normalized.numel(), 1};
}

// The sizes for Rows where groups of channels are.
Shape channel_groups(const Tensor& x, std::int64_t groups) {
  if (x.dim() < 2) throw ShapeError("needs an input [N, C, ...], got " + to_string(x.sizes()));
  const std::int64_t channels = x.size(1);
  if (groups < 1 || channels % groups != 0) {
    throw ValueError("num_groups " + std::to_string(groups) + " does not divide the " +
                     std::to_string(channels) + " channels of input " + to_string(x.sizes()));
  }
  std::int64_t span = 1;
  for (int d = 2; d < x.dim(); ++d) span *= x.sizes()[d];
  return {x.size(0), groups, channels / groups, span};
}

// `present` where it is defined, else a constant.
Tensor parameter(const Tensor& present, const Tensor& x, const Shape& sizes, double value) {
  return present.defined() ? present : full(sizes, value, floating_dtype(x));
}

Samples LayerNorm::samples() {
  const auto over = [](const Shape& shape) {
    return [=](Inputs in) { return layer_norm(in[0], shape, in[1], in[2], 1e-3); };
  };
  const auto inputs = [](const Shape& x, const Shape& w) {
    return std::vector{sample(x), sample(w, 0.5, 2), sample(w)};
  };
  return {.good = {{inputs({3, 4}, {4}), over({4})},
                   {inputs({2, 2, 3, 4}, {3, 4}), over({3, 4})},
                   {inputs({11}, {11}), over({11})},
                   {inputs({0, 4}, {4}), over({4})},
                   {{sample({2, 5})}, [](Inputs in) { return layer_norm(in[0], {5}); }}},
          .bad = {{inputs({3, 4}, {3}), over({3}), "is not that of the last dims"},
                  {inputs({3, 4}, {3}), over({4}), "weight of shape [3], expected [4]"},
                  {inputs({3, 4}, {4}), over({}), "normalized_shape [] is not"}}};
}

Samples RmsNorm::samples() {
  const auto over = [](const Shape& shape) {
    return [=](Inputs in) { return rms_norm(in[0], shape, in[1], 1e-3); };
  };
  return {.good = {{{sample({3, 4}), sample({4})}, over({4})},
                   {{sample({2, 2, 3, 4}), sample({3, 4})}, over({3, 4})},
                   {{sample({2, 5}, 0.5, 1)}, [](Inputs in) { return rms_norm(in[0], {5}); }}},
          .bad = {{{sample({3, 4}), sample({3})}, over({3}), "is not that of the last dims"}}};
}

Samples GroupNorm::samples() {
  const auto in_groups = [](std::int64_t groups) {
    return [=](Inputs in) { return group_norm(in[0], groups, in[1], in[2], 1e-3); };
  };
  const auto inputs = [](const Shape& sizes) {
    return std::vector{sample(sizes), sample({sizes[1]}, 0.5, 2), sample({sizes[1]})};
  };
  return {.good = {{inputs({2, 4, 3, 2}), in_groups(2)},
                   {inputs({2, 6}), in_groups(3)},
                   {inputs({1, 2, 9}), in_groups(1)},
                   {inputs({0, 2, 3}), in_groups(2)},
                   {{sample({2, 4, 3})}, [](Inputs in) { return group_norm(in[0], 4); }}},
          .bad = {{inputs({2, 4, 3}), in_groups(3), "num_groups 3 does not divide the 4 channels"},
                  {inputs({2, 4, 3}), in_groups(0), "num_groups 0"},
                  {{sample({2, 4}), sample({2}), sample({4})}, in_groups(2), "expected [4]"}}};
}

struct InstanceNorm {
  static constexpr OpInfo kInfo{.name = "instance_norm",
                                .doc = "Normalises each channel of each sample by itself.",
                                .inputs = 3};
  static Samples samples() {
    const auto call = [](Inputs in) {
      return instance_norm(in[0], {}, {}, in[1], in[2], {.eps = 1e-3});
    };
    return {.good = {{{sample({2, 3, 4}), sample({3}, 0.5, 2), sample({3})}, call},
                     {{sample({2, 2, 3, 2}), sample({2}, 0.5, 2), sample({2})}, call}},
            .bad = {{{sample({2, 3}), sample({3}), sample({3})}, call, "needs an input [N, C, L"},
                    {{sample({2, 3, 1}), sample({3}), sample({3})}, call, "more than one value"}}};
  }
};

struct Normalize {
  static constexpr OpInfo kInfo{
      .name = "normalize",
      .doc = "x divided by its p-norm along a dim; by eps where the norm is less."};
  static Samples samples() {
    const auto by = [](double p, int dim) {
      return [=](Inputs in) { return normalize(in[0], p, dim, 1e-3); };
    };
    return {.good = {{{sample({3, 4})}, by(2, 1)},
                     {{sample({2, 3, 2}, 0.5, 1)}, by(3, -1)},
                     {{sample({3, 4}, 0.5, 1)}, by(1, 0)},
                     {{sample({3, 4}, 0.5, 1)}, by(INFINITY, 0)},
                     {{sample({0, 3})}, by(2, 1)}},
            .bad = {{{sample({3})}, by(2, 1), "dim 1 is out of range"},
                    {{sample({3})}, by(-1, 0), "p must be at least 0"}}};
  }
};

const RegisterOps<LayerNorm, RmsNorm, GroupNorm, InstanceNorm, Normalize> kRegistered;

// Instance norm as a batch norm of one sample with N * C channels, for its running statistics.
Tensor instances_with_statistics(const Tensor& x, const Tensor& running_mean,
                                 const Tensor& running_var, const InstanceNormOptions& options,
                                 const Location& at) {
  const std::int64_t samples = x.size(0);
  const std::int64_t channels = x.size(1);
  const auto repeated = [&](const Tensor& t) {
    return reshape(expand(t, {samples, channels}), {samples * channels}).clone();
  };
  const Tensor mean = repeated(running_mean);
  const Tensor variance = repeated(running_var);
  Tensor out = batch_norm(
      reshape(x, {1, samples * channels, -1}), mean, variance, {}, {},
      {.training = options.use_input_stats, .momentum = options.momentum, .eps = options.eps}, at);
  if (options.use_input_stats) {
    const NoGradGuard no_grad;
    running_mean.copy_(gradus::mean(reshape(mean, {samples, channels}), {0}));
    running_var.copy_(gradus::mean(reshape(variance, {samples, channels}), {0}));
  }
  return reshape(out, x.sizes());
}

}  // namespace
}  // namespace ops

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps, Location at) {
  return ops::compose("layer_norm", at, [&] {
    const Shape sizes = ops::last_dims(x, normalized_shape);
    ops::check_parameter("weight", weight, normalized_shape);
    ops::check_parameter("bias", bias, normalized_shape);
    return ops::apply(ops::LayerNorm{{sizes, eps, true}},
                      {x, ops::parameter(weight, x, normalized_shape, 1),
                       ops::parameter(bias, x, normalized_shape, 0)},
                      at);
  });
}

Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                std::optional<double> eps, Location at) {
  return ops::compose("rms_norm", at, [&] {
    const Shape sizes = ops::last_dims(x, normalized_shape);
    ops::check_parameter("weight", weight, normalized_shape);
    const DType dtype = ops::floating_dtype(x);
    const double machine = std::ldexp(1, dtype == kFloat64 ? -52 : dtype == kFloat32 ? -23 : -7);
    return ops::apply(ops::RmsNorm{{sizes, eps.value_or(machine), false}},
                      {x, ops::parameter(weight, x, normalized_shape, 1)}, at);
  });
}

Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight,
                  const Tensor& bias, double eps, Location at) {
  return ops::compose("group_norm", at, [&] {
    const Shape sizes = ops::channel_groups(x, num_groups);
    const Shape channels = {x.size(1)};
    ops::check_parameter("weight", weight, channels);
    ops::check_parameter("bias", bias, channels);
    return ops::apply(
        ops::GroupNorm{{sizes, eps, true}},
        {x, ops::parameter(weight, x, channels, 1), ops::parameter(bias, x, channels, 0)}, at);
  });
}

Tensor instance_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                     const Tensor& weight, const Tensor& bias, const InstanceNormOptions& options,
                     Location at) {
  return ops::compose("instance_norm", at, [&] {
    if (x.dim() < 3) {
      throw ShapeError("needs an input [N, C, L...], got " + to_string(x.sizes()));
    }
    const Shape channels = {x.size(1)};
    for (const auto& [what, each] :
         {std::pair("weight", weight), std::pair("bias", bias),
          std::pair("running_mean", running_mean), std::pair("running_var", running_var)}) {
      ops::check_parameter(what, each, channels);
    }
    if (options.use_input_stats && x.numel() == x.size(0) * x.size(1)) {
      throw ShapeError("needs more than one value per channel, got input " + to_string(x.sizes()));
    }
    if (running_mean.defined() != running_var.defined()) {
      throw ValueError("needs both running_mean and running_var, or neither");
    }
    if (!running_mean.defined()) {
      if (!options.use_input_stats) {
        throw ValueError("without input statistics it needs running_mean and running_var");
      }
      return group_norm(x, channels[0], weight, bias, options.eps, at);
    }
    Tensor out = ops::instances_with_statistics(x, running_mean, running_var, options, at);
    Shape shaped = Shape::filled(x.dim() - 1, 1);
    shaped[0] = channels[0];
    if (weight.defined()) out = out * reshape(weight, shaped);
    return bias.defined() ? out + reshape(bias, shaped) : out;
  });
}

Tensor normalize(const Tensor& x, double p, int dim, double eps, Location at) {
  return ops::compose("normalize", at, [&] {
    if (!(p >= 0)) throw ValueError("p must be at least 0, got " + std::to_string(p));
    const Tensor values = x.is_floating_point() ? x : to(x, kFloat32);
    return values / clamp_min(norm(values, p, {dim}, true), eps);
  });
}

}  // namespace gradus
