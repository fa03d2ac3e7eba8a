#include "optimizers/nadam.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<NAdamOptions>;
template class OptimizerOf<NAdamOptions>;
namespace {

double momentum_at(double step, const NAdamOptions& options) {
  return options.betas[0] * (1 - 0.5 * std::pow(0.96, step * options.momentum_decay));
}

const bool kRegistered = add_optimizer<NAdam>("nadam", "Adam with Nesterov's momentum");

}  // namespace

ElementLoop NAdam::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                           const NAdamOptions& options) {
  using kernels::mul_add;
  const auto t = static_cast<double>(state.step);
  const double mu = momentum_at(t, options);
  const double mu_next = momentum_at(t + 1, options);
  double& product = state.number_at("mu_product", 1);
  product *= mu;
  const double of_gradient = options.lr * (1 - mu) / (1 - product);
  const double of_mean = options.lr * mu_next / (1 - product * mu_next);
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const auto beta1 = static_cast<C>(options.betas[0]);
    const auto beta2 = static_cast<C>(options.betas[1]);
    const auto fresh1 = static_cast<C>(1 - options.betas[0]);
    const auto fresh2 = static_cast<C>(1 - options.betas[1]);
    const auto eps = static_cast<C>(options.eps);
    const auto decay = static_cast<C>(options.weight_decay);
    const auto root = static_cast<C>(std::sqrt(1 - std::pow(options.betas[1], t)));
    const auto rate = static_cast<C>(of_gradient);
    const auto mean_rate = static_cast<C>(of_mean);
    const auto rule = [=](C w, C g, C& mean, C& square) {
      const C d = mul_add(decay, w, g);
      mean = mul_add(beta1, mean, fresh1 * d);
      square = mul_add(beta2, square, fresh2 * d * d);
      return w - mul_add(rate, d, mean_rate * mean) / (std::sqrt(square) / root + eps);
    };
    T* mean = state.zeros_at("exp_avg", parameter).data_ptr<T>();
    T* square = state.zeros_at("exp_avg_sq", parameter).data_ptr<T>();
    return kernels::rule_loop(rule, parameter.data_ptr<T>(), gradient.data_ptr<T>(), mean, square);
  });
}

}  // namespace gradus::optim
