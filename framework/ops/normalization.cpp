#include "framework/kernels/normalization.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

struct LogSoftmax {
  static constexpr OpInfo kInfo{.name = "log_softmax",
                                .doc = "x - log(sum(exp(x))) along a dim, without overflow.",
                                .floating = true,
                                .saves = kSaveOutput};
  int dim;

  Tensor forward(Inputs in) {
    const int d = normalize_dim(dim, in[0].dim());
    if (in[0].numel() == 0 || in[0].dim() == 0) return zeros(in[0].sizes(), in[0].dtype());
    const Tensor x = transpose(in[0], d, -1).contiguous();
    Tensor out(x.sizes(), x.dtype());
    const Shape rows = {x.numel() / x.size(-1), x.size(-1)};
    const auto matrix = [&](const Tensor& t) {
      return t.raw().with(rows, contiguous_strides(rows));
    };
    kernels::log_softmax(matrix(out), matrix(x));
    return transpose(out, d, -1);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {g - exp(s.output()) * sum(g, {dim}, true)};
  }
  static Samples samples() {
    const auto along = [](int dim) { return [=](Inputs in) { return log_softmax(in[0], dim); }; };
    return {.good = {{{sample({3, 4}, -3, 3)}, along(1)},
                     {{sample({2, 3, 4}, -3, 3)}, along(1)},
                     {{sample({4}, -3, 3)}, along(-1)},
                     {{sample({})}, along(0)},
                     {{sample({0, 3})}, along(1)}},
            .bad = {{{sample({3, 4})}, along(2), "dim 2 is out of range"}}};
  }
};

// Channels against everything else.
Shape all_but_channels(int dims) {
  Shape result;
  for (int d = 0; d < dims; ++d) {
    if (d != 1) result.push_back(d);
  }
  return result;
}

// A [C] tensor in the shape that broadcasts over x: [1, C, 1, ...].
Tensor per_channel(const Tensor& values, int dims) {
  Shape sizes = Shape::filled(dims, 1);
  sizes[1] = values.numel();
  return reshape(values, sizes);
}

// x as a dense matrix [values per channel, C].
Tensor as_rows(const Tensor& x) {
  if (x.dim() == 2) return x.contiguous();
  const Tensor last = x.dim() == 4
                          ? permute(contiguous(x, MemoryFormat::ChannelsLast), {0, 2, 3, 1})
                          : transpose(flatten(x, 2), 1, 2).contiguous();
  return reshape(last, {x.numel() / x.size(1), x.size(1)});
}

// The inverse of as_rows, for an x of shape `sizes`.
Tensor from_rows(const Tensor& rows, const Shape& sizes) {
  if (sizes.size() == 2) return rows;
  if (sizes.size() == 4) {
    return permute(reshape(rows, {sizes[0], sizes[2], sizes[3], sizes[1]}), {0, 3, 1, 2});
  }
  return reshape(transpose(reshape(rows, {sizes[0], -1, sizes[1]}), 1, 2), sizes);
}

Tensor inverse_std(const Tensor& variance, double eps) {
  return 1 / sqrt(variance + eps);
}

// Training: the statistics are x's own.
struct BatchNorm {
  static constexpr OpInfo kInfo{
      .name = "batch_norm",
      .doc =
          "Normalises every channel by the mean and variance of the batch, then scales and "
          "shifts it.",
      .inputs = 3,
      .floating = true,
      .saves = kSaveInput0 | kSaveInput1};
  double eps;
  BatchMoments moments{};
  Tensor inv_std{};

  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Tensor rows = as_rows(x);
    const Shape channels = {x.size(1)};
    moments = {Tensor(channels, x.dtype()), Tensor(channels, x.dtype()), rows.size(0)};
    if (moments.count < 2) {
      throw ShapeError("needs more than one value per channel in training, got input " +
                       to_string(x.sizes()));
    }
    kernels::column_moments(moments.mean.raw(), moments.variance.raw(), rows.raw());
    inv_std = inverse_std(moments.variance, eps);
    Tensor out = empty_like(rows);
    kernels::normalize_columns(out.raw(), rows.raw(), moments.mean.raw(), inv_std.raw(),
                               in[1].contiguous().raw(), in[2].contiguous().raw());
    return from_rows(out, x.sizes());
  }

  // One fused pass; under create_graph the same from public ops (a test holds them together).
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    const Tensor weight = s.input(1);
    if (GradMode::is_enabled()) return composite(x, weight, g);
    const Tensor rows = as_rows(x);
    const Tensor gx = empty_like(rows);
    const Tensor gweight = empty_like(weight);
    const Tensor gbias = empty_like(weight);
    kernels::batch_norm_grad(gx.raw(), gweight.raw(), gbias.raw(), as_rows(g).raw(), rows.raw(),
                             moments.mean.raw(), inv_std.raw(), weight.contiguous().raw());
    return {from_rows(gx, s.sizes(0)), gweight, gbias};
  }
  static Samples samples();

 private:
  [[nodiscard]] Gradients composite(const Tensor& x, const Tensor& weight, const Tensor& g) const {
    const int dims = x.dim();
    const Shape others = all_but_channels(dims);
    const Tensor centred = x - mean(x, others, true);
    const Tensor scale = inverse_std(mean(centred * centred, others, true), eps);
    const Tensor xhat = centred * scale;
    const Tensor shared = mean(g, others, true) + xhat * mean(g * xhat, others, true);
    return {per_channel(weight, dims) * scale * (g - shared), sum(g * xhat, others),
            sum(g, others)};
  }
};

void check_channels(const Tensor& x, std::initializer_list<Tensor> others) {
  if (x.dim() < 2) {
    throw ShapeError("needs an input [N, C, ...], got " + to_string(x.sizes()));
  }
  if (x.size(1) == 0) throw ShapeError("needs at least one channel, got " + to_string(x.sizes()));
  for (const Tensor& each : others) {
    if (each.sizes() == Shape{x.size(1)}) continue;
    throw ShapeError("input " + to_string(x.sizes()) + " has " + std::to_string(x.size(1)) +
                     " channels, a parameter or statistic has shape " + to_string(each.sizes()));
  }
}

Samples BatchNorm::samples() {
  const auto train = [](Inputs in) {
    return batch_norm(in[0], in[1], in[2], {}, {}, {.training = true});
  };
  const auto eval = [](Inputs in) { return batch_norm(in[0], in[1], in[2], in[3], in[4]); };
  const auto inputs = [](const Shape& sizes) {
    const Shape channels = {sizes[1]};
    return std::vector{sample(sizes), sample(channels, 0.5, 2), sample(channels)};
  };
  std::vector<Tensor> fixed = inputs({2, 3, 2, 2});
  fixed.push_back(sample({3}));
  fixed.push_back(sample({3}, 0.5, 2));
  return {.good = {{inputs({6, 3}), train},
                   {inputs({2, 3, 3, 2}), train},
                   {inputs({2, 3, 5}), train},
                   {fixed, eval}},
          .bad = {{{sample({4, 3}), sample({2}), sample({3})}, train, "has 3 channels"},
                  {{sample({4}), sample({4}), sample({4})}, train, "needs an input [N, C, ...]"},
                  {inputs({3, 0}), train, "at least one channel"},
                  {inputs({1, 3}), train, "needs more than one value per channel"}}};
}

const RegisterOps<LogSoftmax, BatchNorm> kRegistered;

}  // namespace
}  // namespace ops

Tensor log_softmax(const Tensor& x, int dim, Location at) {
  return ops::apply(ops::LogSoftmax{dim}, {x}, at);
}

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                  const Tensor& variance, const BatchNormOptions& options, BatchMoments* moments,
                  Location at) {
  return ops::compose("batch_norm", at, [&] {
    ops::check_channels(x, {weight, bias});
    if (options.training) {
      ops::TensorList inputs = {x, weight, bias};
      ops::BatchNorm op{options.eps};
      return ops::apply_and_keep(std::move(op), inputs, at, [&](const ops::BatchNorm& done) {
        if (moments != nullptr) {
          *moments = {done.moments.mean.clone(), done.moments.variance.clone(), done.moments.count};
        }
      });
    }
    ops::check_channels(x, {mean, variance});
    const auto shaped = [&](const Tensor& t) { return ops::per_channel(t, x.dim()); };
    const Tensor scale = weight * ops::inverse_std(variance, options.eps);
    return x * shaped(scale) + shaped(bias - mean * scale);
  });
}

}  // namespace gradus
