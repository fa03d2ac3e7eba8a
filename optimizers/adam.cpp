#include "optimizers/adam.h"
#include "optimizers/native/adam.h"

#include <cmath>

namespace gradus::optim {

template <bool kDecoupled>
ElementLoop adam_loop(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const AdamOptionsOf<kDecoupled>& options) {
  const auto t = static_cast<double>(state.step);
  const double correction1 = 1 - std::pow(options.betas[0], t);
  const double correction2 = std::sqrt(1 - std::pow(options.betas[1], t));
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const kernels::native::AdamStep<T> step = {
        .beta1 = static_cast<C>(options.betas[0]),
        .beta2 = static_cast<C>(options.betas[1]),
        .fresh1 = static_cast<C>(1 - options.betas[0]),
        .fresh2 = static_cast<C>(1 - options.betas[1]),
        .eps = static_cast<C>(options.eps),
        .step = static_cast<C>(options.lr / correction1),
        .root = static_cast<C>(correction2),
        .penalty = static_cast<C>(kDecoupled ? 0 : options.weight_decay),
        .keep = static_cast<C>(kDecoupled ? 1 - options.lr * options.weight_decay : 1)};
    T* w = parameter.data_ptr<T>();
    const T* g = gradient.data_ptr<T>();
    T* m = state.zeros_at("exp_avg", parameter).template data_ptr<T>();
    T* v = state.zeros_at("exp_avg_sq", parameter).template data_ptr<T>();
    T* largest = options.amsgrad
                     ? state.zeros_at("max_exp_avg_sq", parameter).template data_ptr<T>()
                     : nullptr;
    const auto loop = kernels::native::adam_loops().of<T>().run;
    return
        [=](std::int64_t begin, std::int64_t end) { loop(step, w, g, m, v, largest, begin, end); };
  });
}

template ElementLoop adam_loop(const Tensor&, const Tensor&, ParameterState&, const AdamOptions&);
template ElementLoop adam_loop(const Tensor&, const Tensor&, ParameterState&, const AdamWOptions&);
template class GroupedOptimizer<AdamOptions>;
template class OptimizerOf<AdamOptions>;
template class GroupedOptimizer<AdamWOptions>;
template class OptimizerOf<AdamWOptions>;
template class AdamOf<false>;
template class AdamOf<true>;

namespace {

const bool kRegistered[] = {
    add_optimizer<Adam>("adam", "Adam, with the decay as an L2 penalty"),
    add_optimizer<AdamW>("adamw", "Adam with decoupled weight decay"),
};

}  // namespace
}  // namespace gradus::optim
