#include "optimizers/muon.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/vector_math.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/linear.h"
#include "framework/ops/statistics.h"
#include "optimizers/adam.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<MuonOptions>;
template class OptimizerOf<MuonOptions>;
namespace {

Tensor orthogonalized(Tensor x, const MuonOptions& options) {
  const bool tall = x.size(0) > x.size(1);
  if (tall) x = x.t();  // the smaller of the two products of x with itself
  x = x / std::max(norm(x).item<double>(), options.eps);
  for (std::int64_t i = 0; i < options.ns_steps; ++i) {
    const Tensor square = matmul(x, x.t());
    const Tensor factor = addmm(square, square, square, {.beta = -4.7750, .alpha = 2.0315});
    x = addmm(x, factor, x, {.beta = 3.4445});
  }
  return (tall ? x.t() : x).contiguous();
}

double adjusted_lr(const Tensor& parameter, const MuonOptions& options) {
  const auto rows = static_cast<double>(parameter.size(0));
  const auto columns = static_cast<double>(parameter.size(1));
  if (options.adjust_lr_fn == "match_rms_adamw") {
    return options.lr * 0.2 * std::sqrt(std::max(rows, columns));
  }
  if (options.adjust_lr_fn != "original") {
    throw ValueError("Muon: adjust_lr_fn is \"" + options.adjust_lr_fn +
                     "\", not \"original\" or \"match_rms_adamw\"");
  }
  return options.lr * std::sqrt(std::max(1.0, rows / columns));
}

const bool kRegistered =
    add_optimizer<Muon>("muon", "orthogonalised momentum for matrices, AdamW for the rest");

}  // namespace

ElementLoop Muon::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                          const MuonOptions& options) {
  if (!options.use_muon || parameter.dim() != 2 || parameter.numel() == 0) {
    return adam_loop(parameter, gradient, state,
                     AdamWOptions{.lr = options.adamw_lr,
                                  .betas = options.adamw_betas,
                                  .eps = options.adamw_eps,
                                  .weight_decay = options.adamw_weight_decay});
  }
  const double rate = adjusted_lr(parameter, options);
  const std::size_t number = matrices_.size();
  matrices_.push_back({gradient, state.zeros_at("momentum_buffer", parameter), options, Tensor()});
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    T* w = parameter.data_ptr<T>();
    return [=, matrices = &matrices_, lr = static_cast<C>(rate),
            keep = static_cast<C>(1 - options.lr * options.weight_decay)](std::int64_t begin,
                                                                          std::int64_t end) {
      const C* x = (*matrices)[number].update.template data_ptr<C>();
      for (std::int64_t i = begin; i < end; ++i) {
        w[i] = static_cast<T>(kernels::mul_add(keep, C{w[i]}, -lr * x[i]));
      }
    };
  });
}

Tensor Muon::update_of(const Matrix& matrix) {
  const NoGradGuard no_grad;
  const AutocastScope full_precision(false);
  const double kept = matrix.options.momentum;
  const DType dtype = promote(matrix.gradient.dtype(), kFloat32);
  const Tensor gradient = matrix.gradient.to(dtype) * (1 - kept);
  matrix.momentum.mul_(kept).add_(gradient);
  const Tensor momentum = matrix.momentum.to(dtype);
  return orthogonalized(matrix.options.nesterov ? gradient + momentum * kept : momentum,
                        matrix.options);
}

void Muon::before_loops() {
  kernels::parallel_for(static_cast<std::int64_t>(matrices_.size()), [this](std::int64_t i) {
    Matrix& matrix = matrices_[static_cast<std::size_t>(i)];
    matrix.update = update_of(matrix);
  });
}

void Muon::clear() {
  OptimizerOf::clear();
  matrices_.clear();
}

}  // namespace gradus::optim
