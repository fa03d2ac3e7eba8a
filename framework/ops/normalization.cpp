#include "framework/kernels/normalization.h"
#include "framework/autograd/recompute.h"
#include "framework/ops/activation.h"
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
  std::int64_t places = 1;
  for (int d = 2; d < sizes.size(); ++d) places *= sizes[d];
  return reshape(transpose(reshape(rows, {sizes[0], places, sizes[1]}), 1, 2), sizes);
}

Tensor inverse_std(const Tensor& variance, double eps) {
  return 1 / sqrt(variance + eps);
}

// Training, with or without a residual and relu behind: the statistics are x's own.
struct TrainingNorm {
  double eps;
  Tensor mean{};      // those of the batch, for the running statistics
  Tensor variance{};  // biased
  autograd::SavedTensor kept_mean{};
  autograd::SavedTensor kept_inv_std{};

 protected:
  Tensor normalize(Inputs in, bool relu) {
    const Tensor& x = in[0];
    const Tensor rows = as_rows(x);
    if (rows.size(0) < 2) {
      throw ShapeError("needs more than one value per channel in training, got input " +
                       to_string(x.sizes()) +
                       "; choose a batch size that leaves no batch of one example");
    }
    const Tensor residual = in.size() == 4 ? as_rows(in[3]) : Tensor();
    mean = Tensor({x.size(1)}, in[1].dtype());
    variance = empty_like(mean);
    const Tensor inv_std = empty_like(mean);
    kernels::column_moments(mean.raw(), variance.raw(), rows.raw());
    kernels::inverse_std(inv_std.raw(), variance.raw(), eps);
    kept_mean = autograd::SavedTensor(mean);
    kept_inv_std = autograd::SavedTensor(inv_std);
    const Tensor weight = in[1].contiguous();
    const Tensor bias = in[2].contiguous();
    Tensor out = empty_like(rows);
    kernels::normalize_columns(out.raw(), rows.raw(),
                               {mean.raw(), inv_std.raw(), weight.raw(), bias.raw(), relu},
                               residual.defined() ? residual.raw() : kernels::View{});
    return from_rows(out, x.sizes());
  }

  // One fused pass; under create_graph the same from public ops (a test holds them together).
  // With relu `bias` is the forward pass's, and y its result where a residual was added.
  Gradients gradients(const Saved& s, std::string_view name, const Tensor& g, bool relu,
                      const Tensor& bias, const Tensor& y) const {
    const Tensor x = s.input(0);
    const Tensor weight = s.input(1).contiguous();
    const Tensor rows = as_rows(x);
    const Tensor gx = empty_like(rows);
    const Tensor gweight = empty_like(weight);
    const Tensor gbias = empty_like(weight);
    const Tensor gresidual = y.defined() ? empty_like(rows) : Tensor();
    const Tensor mean_of_x = kept_mean.unpack({}, name);
    const Tensor inv_std = kept_inv_std.unpack({}, name);
    const auto raw = [](const Tensor& t) { return t.defined() ? t.raw() : kernels::View{}; };
    const Tensor shift = relu ? bias.contiguous() : mean_of_x;  // without relu it is not looked at
    const Tensor out = y.defined() ? as_rows(y) : Tensor();
    kernels::batch_norm_grad({gx.raw(), gweight.raw(), gbias.raw(), raw(gresidual)},
                             as_rows(g).raw(), rows.raw(), raw(out),
                             {mean_of_x.raw(), inv_std.raw(), weight.raw(), shift.raw(), relu});
    Gradients result = {from_rows(gx, s.sizes(0)), gweight, gbias};
    if (y.defined()) result.push_back(from_rows(gresidual, s.sizes(0)));
    return result;
  }

  [[nodiscard]] Gradients composite(const Tensor& input, const Tensor& weight,
                                    const Tensor& gradient) const {
    const Tensor x = input.to(weight.dtype());
    const Tensor g = gradient.to(weight.dtype());
    const int dims = x.dim();
    const Shape others = all_but_channels(dims);
    const Tensor centred = x - gradus::mean(x, others, true);
    const Tensor scale = inverse_std(gradus::mean(centred * centred, others, true), eps);
    const Tensor xhat = centred * scale;
    const Tensor shared =
        gradus::mean(g, others, true) + xhat * gradus::mean(g * xhat, others, true);
    const Tensor gx = per_channel(weight, dims) * scale * (g - shared);
    return {gx.to(input.dtype()), sum(g * xhat, others), sum(g, others)};
  }
};

struct BatchNorm : TrainingNorm {
  static constexpr OpInfo kInfo{
      .name = "batch_norm",
      .doc =
          "Normalises every channel by the mean and variance of the batch, then scales and "
          "shifts it.",
      .inputs = 3,
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::Norm,
      .saves = kSaveInput0 | kSaveInput1};

  void describe(Attributes& a) const { a("eps", eps); }
  Tensor forward(Inputs in) { return normalize(in, false); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    if (GradMode::is_enabled()) return composite(s.input(0), s.input(1), g);
    return gradients(s, kInfo.name, g, false, {}, {});
  }
  static Samples samples();
};

struct BatchNormRelu : TrainingNorm {
  static constexpr OpInfo kInfo{
      .name = "batch_norm_relu",
      .doc =
          "max(0, batch_norm(x) + residual) by the batch's statistics; the residual may be left "
          "out.",
      .inputs = kAnyNumber,
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::Norm,
      .saves = kSaveInputs | kSaveOutput};

  void describe(Attributes& a) const { a("eps", eps); }
  Tensor forward(Inputs in) {
    if (in.size() == 4 && !(in[3].sizes() == in[0].sizes())) {
      throw ShapeError("residual of shape " + to_string(in[3].sizes()) + ", expected " +
                       to_string(in[0].sizes()));
    }
    return normalize(in, true);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const bool adds = needs.size() == 4;
    if (GradMode::is_enabled()) {
      const Tensor masked = relu_backward(g, s.output());
      Gradients result = composite(s.input(0), s.input(1), masked);
      if (adds) result.push_back(masked);
      return result;
    }
    return gradients(s, kInfo.name, g, true, s.input(2), adds ? s.output() : Tensor());
  }
  static Samples samples();
};

// Evaluation: the statistics are constants, folded into one factor and one shift for a channel.
struct ScaleShift {
  static constexpr OpInfo kInfo{
      .name = "scale_shift",
      .doc = "x * factor + shift, each of these with one value a channel.",
      .inputs = 3,
      .floating = true,
      .autocast = AutocastRule::Norm,
      .saves_for = {kSaveInput1, kSaveInput0, 0}};
  DType parameters = kFloat32;

  void describe(Attributes&) const {}
  Tensor forward(Inputs in) {
    parameters = in[1].dtype();
    const Tensor rows = as_rows(in[0]);
    Tensor out = empty_like(rows);
    kernels::scale_columns(out.raw(), rows.raw(), in[1].contiguous().raw(),
                           in[2].contiguous().raw());
    return from_rows(out, in[0].sizes());
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Shape others = all_but_channels(g.dim());
    const Tensor wide = g.to(parameters);
    return {needs[0] ? (wide * per_channel(s.input(1), g.dim())).to(g.dtype()) : Tensor(),
            needs[1] ? sum(wide * s.input(0), others) : Tensor(),
            needs[2] ? sum(wide, others) : Tensor()};
  }
  static Samples samples();
};

// running = running * (1 - newest) + value * factor * newest
void move_towards(const Tensor& running, const Tensor& value, double newest, double factor = 1) {
  if (!running.defined()) return;
  if (!running.is_contiguous() || !running.is_floating_point()) {
    throw ValueError("running statistics must be contiguous and floating");
  }
  kernels::move_towards(running.raw(), value.raw(), newest, factor);
  running.impl()->storage->mark_written("batch_norm");
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

Samples BatchNormRelu::samples() {
  const auto plain = [](Inputs in) {
    return batch_norm_relu(in[0], {}, {}, in[1], in[2], {}, {.training = true});
  };
  const auto added = [](Inputs in) {
    return batch_norm_relu(in[0], {}, {}, in[1], in[2], in[3], {.training = true});
  };
  const auto eval = [](Inputs in) { return batch_norm_relu(in[0], in[3], in[4], in[1], in[2]); };
  std::vector<Tensor> three = {sample({2, 3, 3, 2}), sample({3}, 0.5, 2), sample({3})};
  std::vector<Tensor> four = {sample({6, 3}), sample({3}, 0.5, 2), sample({3}), sample({6, 3})};
  std::vector<Tensor> fixed = {sample({2, 3, 2, 2}), sample({3}, 0.5, 2), sample({3}), sample({3}),
                               sample({3}, 0.5, 2)};
  return {.good = {{three, plain}, {four, added}, {fixed, eval}},
          .bad = {{{sample({4, 3}), sample({3}), sample({3}), sample({3})}, added, "residual of"},
                  {{sample({4, 3}), sample({2}), sample({3})}, plain, "has 3 channels"}}};
}

Samples ScaleShift::samples() {
  const auto call = [](Inputs in) {
    return apply(ScaleShift{}, {in[0], in[1], in[2]}, Location::current());
  };
  return {.good = {{{sample({2, 3, 2, 2}), sample({3}), sample({3})}, call},
                   {{sample({4, 3}), sample({3}), sample({3})}, call},
                   {{sample({0, 3, 2}), sample({3}), sample({3})}, call}}};
}

const RegisterOps<BatchNorm, BatchNormRelu, ScaleShift> kRegistered;

}  // namespace
}  // namespace ops

namespace {

// O in training, with `rest` behind x, weight and bias.
template <class O>
Tensor train_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  ops::TensorList inputs, const BatchNormOptions& options, const Location& at) {
  const auto update = [&](O& done) {
    if (!is_recomputing()) {  // else they have moved in the first run
      const auto count = static_cast<double>(x.numel() / x.size(1));
      ops::move_towards(running_mean, done.mean, options.momentum);
      ops::move_towards(running_var, done.variance, options.momentum, count / (count - 1));
    }
    done.mean = done.variance = {};
  };
  return ops::apply_and_keep(O{options.eps}, std::move(inputs), at, update);
}

// Weight and bias, or what stands for them.
std::pair<Tensor, Tensor> scale_and_shift(const Tensor& x, const Tensor& weight,
                                          const Tensor& bias) {
  const Shape channels = {x.size(1)};
  const DType dtype = x.is_floating_point() ? x.dtype() : kFloat32;
  return {weight.defined() ? weight : ones(channels, dtype),
          bias.defined() ? bias : zeros(channels, dtype)};
}

Tensor by_running_statistics(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                             const Tensor& scale, const Tensor& shift, double eps,
                             const Location& at) {
  if (!running_mean.defined() || !running_var.defined()) {
    throw ValueError("evaluation needs running_mean and running_var");
  }
  const Tensor factor = scale * ops::inverse_std(running_var, eps);
  return ops::apply(ops::ScaleShift{}, {x, factor, shift - running_mean * factor}, at);
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, const BatchNormOptions& options,
                  Location at) {
  return ops::compose("batch_norm", at, [&] {
    ops::check_channels(x, {weight, bias, running_mean, running_var});
    const auto [scale, shift] = scale_and_shift(x, weight, bias);
    if (options.training) {
      return train_norm<ops::BatchNorm>(x, running_mean, running_var, {x, scale, shift}, options,
                                        at);
    }
    return by_running_statistics(x, running_mean, running_var, scale, shift, options.eps, at);
  });
}

Tensor batch_norm_relu(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                       const Tensor& weight, const Tensor& bias, const Tensor& residual,
                       const BatchNormOptions& options, Location at) {
  return ops::compose("batch_norm_relu", at, [&] {
    ops::check_channels(x, {weight, bias, running_mean, running_var});
    const auto [scale, shift] = scale_and_shift(x, weight, bias);
    if (options.training) {
      ops::TensorList inputs = {x, scale, shift};
      if (residual.defined()) inputs.push_back(residual);
      return train_norm<ops::BatchNormRelu>(x, running_mean, running_var, std::move(inputs),
                                            options, at);
    }
    const Tensor y =
        by_running_statistics(x, running_mean, running_var, scale, shift, options.eps, at);
    return relu(residual.defined() ? y + residual : y);
  });
}

}  // namespace gradus
