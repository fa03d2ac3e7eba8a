#include "framework/kernels/normalization.h"
#include "framework/autograd/recompute.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

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
      .keeps = true,
      .saves = kSaveInput0 | kSaveInput1};
  double eps;
  Tensor mean{};      // those of the batch, for the running statistics
  Tensor variance{};  // biased
  autograd::SavedTensor kept_mean{};
  autograd::SavedTensor kept_inv_std{};

  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Tensor rows = as_rows(x);
    if (rows.size(0) < 2) {
      throw ShapeError("needs more than one value per channel in training, got input " +
                       to_string(x.sizes()));
    }
    mean = Tensor({x.size(1)}, x.dtype());
    variance = empty_like(mean);
    kernels::column_moments(mean.raw(), variance.raw(), rows.raw());
    const Tensor inv_std = inverse_std(variance, eps);
    kept_mean = autograd::SavedTensor(mean);
    kept_inv_std = autograd::SavedTensor(inv_std);
    Tensor out = empty_like(rows);
    kernels::normalize_columns(out.raw(), rows.raw(), mean.raw(), inv_std.raw(),
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
                             kept_mean.unpack({}, kInfo.name).raw(),
                             kept_inv_std.unpack({}, kInfo.name).raw(), weight.contiguous().raw());
    return {from_rows(gx, s.sizes(0)), gweight, gbias};
  }
  static Samples samples();

 private:
  [[nodiscard]] Gradients composite(const Tensor& x, const Tensor& weight, const Tensor& g) const {
    const int dims = x.dim();
    const Shape others = all_but_channels(dims);
    const Tensor centred = x - gradus::mean(x, others, true);
    const Tensor scale = inverse_std(gradus::mean(centred * centred, others, true), eps);
    const Tensor xhat = centred * scale;
    const Tensor shared =
        gradus::mean(g, others, true) + xhat * gradus::mean(g * xhat, others, true);
    return {per_channel(weight, dims) * scale * (g - shared), sum(g * xhat, others),
            sum(g, others)};
  }
};

// running = running * (1 - newest) + value * newest
void move_towards(const Tensor& running, const Tensor& value, double newest) {
  if (!running.defined()) return;
  const NoGradGuard no_grad;
  running.copy_(running * (1 - newest) + value * newest);
}

void check_channels(const Tensor& x, std::initializer_list<Tensor> others) {
  if (x.dim() < 2) {
    throw ShapeError("needs an input [N, C, ...], got " + to_string(x.sizes()));
  }
  if (x.size(1) == 0) throw ShapeError("needs at least one channel, got " + to_string(x.sizes()));
  for (const Tensor& each : others) {
    if (!each.defined() || each.sizes() == Shape{x.size(1)}) continue;
    throw ShapeError("input " + to_string(x.sizes()) + " has " + std::to_string(x.size(1)) +
                     " channels, a parameter or statistic has shape " + to_string(each.sizes()));
  }
}

Samples BatchNorm::samples() {
  const auto train = [](Inputs in) {
    return batch_norm(in[0], {}, {}, in[1], in[2], {.training = true});
  };
  const auto eval = [](Inputs in) { return batch_norm(in[0], in[3], in[4], in[1], in[2]); };
  const auto plain = [](Inputs in) {
    return batch_norm(in[0], {}, {}, {}, {}, {.training = true});
  };
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
                   {{sample({2, 3, 2})}, plain},
                   {fixed, eval}},
          .bad = {{{sample({4, 3}), sample({2}), sample({3})}, train, "has 3 channels"},
                  {{sample({4}), sample({4}), sample({4})}, train, "needs an input [N, C, ...]"},
                  {inputs({3, 0}), train, "at least one channel"},
                  {inputs({1, 3}), train, "needs more than one value per channel"},
                  {{sample({4, 3})},
                   [](Inputs in) { return batch_norm(in[0], {}, {}); },
                   "evaluation needs running_mean and running_var"}}};
}

const RegisterOps<BatchNorm> kRegistered;

}  // namespace
}  // namespace ops

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, const BatchNormOptions& options,
                  Location at) {
  return ops::compose("batch_norm", at, [&] {
    ops::check_channels(x, {weight, bias, running_mean, running_var});
    const Shape channels = {x.size(1)};
    const DType dtype = x.is_floating_point() ? x.dtype() : kFloat32;
    const Tensor scale = weight.defined() ? weight : ones(channels, dtype);
    const Tensor shift = bias.defined() ? bias : zeros(channels, dtype);
    if (options.training) {
      const auto update = [&](ops::BatchNorm& done) {
        if (is_recomputing()) return;  // they have moved in the first run
        const auto count = static_cast<double>(x.numel() / x.size(1));
        ops::move_towards(running_mean, done.mean, options.momentum);
        ops::move_towards(running_var, done.variance * (count / (count - 1)), options.momentum);
        done.mean = done.variance = {};
      };
      return ops::apply_and_keep(ops::BatchNorm{options.eps}, {x, scale, shift}, at, update);
    }
    if (!running_mean.defined() || !running_var.defined()) {
      throw ValueError("evaluation needs running_mean and running_var");
    }
    const auto shaped = [&](const Tensor& t) { return ops::per_channel(t, x.dim()); };
    const Tensor factor = scale * ops::inverse_std(running_var, options.eps);
    return x * shaped(factor) + shaped(shift - running_mean * factor);
  });
}

}  // namespace gradus
