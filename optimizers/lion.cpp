#include "optimizers/lion.h"
#include "framework/kernels/vector_math.h"

namespace gradus::optim {

template class GroupedOptimizer<LionOptions>;
template class OptimizerOf<LionOptions>;

ElementLoop Lion::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                          const LionOptions& options) {
  using kernels::mul_add;
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const auto lr = static_cast<C>(options.lr);
    const auto beta1 = static_cast<C>(options.betas[0]);
    const auto beta2 = static_cast<C>(options.betas[1]);
    const auto fresh1 = static_cast<C>(1 - options.betas[0]);
    const auto fresh2 = static_cast<C>(1 - options.betas[1]);
    const auto keep = static_cast<C>(1 - options.lr * options.weight_decay);
    const auto rule = [=](C w, C g, C& mean) {
      const C blend = mul_add(beta1, mean, fresh1 * g);
      mean = mul_add(beta2, mean, fresh2 * g);
      const C sign = blend > 0 ? C{1} : (blend < 0 ? C{-1} : blend);
      return mul_add(keep, w, -lr * sign);
    };
    return kernels::rule_loop(rule, parameter.data_ptr<T>(), gradient.data_ptr<T>(),
                              state.zeros_at("exp_avg", parameter).data_ptr<T>());
  });
}

namespace {

const bool kRegistered = add_optimizer<Lion>("lion", "Lion: the sign of a momentum");

}  // namespace
}  // namespace gradus::optim
