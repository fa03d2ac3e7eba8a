#include "optimizers/radam.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<RAdamOptions>;
template class OptimizerOf<RAdamOptions>;
namespace {

// What is 0 before the variance of the adaptive rate is finite.
double rectification(double t, double beta2) {
  const double power = std::pow(beta2, t);
  const double longest = 2 / (1 - beta2) - 1;
  const double length = longest - 2 * t * power / (1 - power);
  if (length <= 5) return 0;
  return std::sqrt((length - 4) * (length - 2) * longest /
                   ((longest - 4) * (longest - 2) * length) * (1 - power));
}

const bool kRegistered = add_optimizer<RAdam>("radam", "Adam with a rectified adaptive rate");

}  // namespace

ElementLoop RAdam::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                           const RAdamOptions& options) {
  using kernels::mul_add;
  const auto t = static_cast<double>(state.step);
  const double rectified = rectification(t, options.betas[1]);
  const double plain_rate = options.lr / (1 - std::pow(options.betas[0], t));
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const auto beta1 = static_cast<C>(options.betas[0]);
    const auto beta2 = static_cast<C>(options.betas[1]);
    const auto fresh1 = static_cast<C>(1 - options.betas[0]);
    const auto fresh2 = static_cast<C>(1 - options.betas[1]);
    const auto eps = static_cast<C>(options.eps);
    const auto decay = static_cast<C>(options.weight_decay);
    const auto rate = static_cast<C>(rectified > 0 ? plain_rate * rectified : plain_rate);
    const auto rule = [=](auto denominator) {
      return [=](C w, C g, C& mean, C& square) {
        const C d = mul_add(decay, w, g);
        mean = mul_add(beta1, mean, fresh1 * d);
        square = mul_add(beta2, square, fresh2 * d * d);
        return w - rate * mean / denominator(square);
      };
    };
    T* w = parameter.data_ptr<T>();
    const T* g = gradient.data_ptr<T>();
    T* mean = state.zeros_at("exp_avg", parameter).data_ptr<T>();
    T* square = state.zeros_at("exp_avg_sq", parameter).data_ptr<T>();
    if (rectified > 0) {
      return kernels::rule_loop(rule([eps](C v) { return std::sqrt(v) + eps; }), w, g, mean,
                                square);
    }
    return kernels::rule_loop(rule([](C) { return C{1}; }), w, g, mean, square);
  });
}

}  // namespace gradus::optim
