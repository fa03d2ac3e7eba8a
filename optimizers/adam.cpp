#include "optimizers/adam.h"

#include <cmath>

namespace gradus::optim {

void adam_update(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                 const AdamOptions& options, bool decoupled) {
  const auto t = static_cast<double>(state.step);
  const double correction1 = 1 - std::pow(options.betas[0], t);
  const double correction2 = std::sqrt(1 - std::pow(options.betas[1], t));
  kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) {
    using C = Compute<T>;
    const auto b1 = static_cast<C>(options.betas[0]);
    const auto b2 = static_cast<C>(options.betas[1]);
    const auto new1 = static_cast<C>(1 - options.betas[0]);
    const auto new2 = static_cast<C>(1 - options.betas[1]);
    const auto eps = static_cast<C>(options.eps);
    const auto step = static_cast<C>(options.lr / correction1);
    const auto root = static_cast<C>(correction2);
    const auto penalty = static_cast<C>(decoupled ? 0 : options.weight_decay);
    const auto keep = static_cast<C>(decoupled ? 1 - options.lr * options.weight_decay : 1);
    const auto move = [=](T& w, const T& g, T& m, T& v, T* largest) {
      const C kept = C{w} * keep;
      const C d = C{g} + penalty * kept;
      m = static_cast<T>(b1 * m + new1 * d);
      v = static_cast<T>(b2 * v + new2 * d * d);
      if (largest != nullptr) *largest = *largest < v ? v : *largest;
      const C square = largest != nullptr ? C{*largest} : C{v};
      w = static_cast<T>(kept - step * m / (std::sqrt(square) / root + eps));
    };
    T* w = parameter.data_ptr<T>();
    const T* g = gradient.data_ptr<T>();
    T* m = state.zeros_at("exp_avg", parameter).data_ptr<T>();
    T* v = state.zeros_at("exp_avg_sq", parameter).data_ptr<T>();
    if (options.amsgrad) {
      T* largest = state.zeros_at("max_exp_avg_sq", parameter).data_ptr<T>();
      kernels::update(
          parameter.numel(),
          [=](T& wi, const T& gi, T& mi, T& vi, T& li) { move(wi, gi, mi, vi, &li); }, w, g, m, v,
          largest);
    } else {
      kernels::update(
          parameter.numel(),
          [=](T& wi, const T& gi, T& mi, T& vi) { move(wi, gi, mi, vi, nullptr); }, w, g, m, v);
    }
  });
}

namespace {

const bool kRegistered[] = {
    optimizers().add<AdamOptions>("adam", "Adam, with the decay as an L2 penalty",
                                  [](const AdamOptions& options, nn::StateDict parameters) {
                                    return std::make_shared<Adam>(std::move(parameters), options);
                                  }),
    optimizers().add<AdamWOptions>("adamw", "Adam with decoupled weight decay",
                                   [](const AdamWOptions& options, nn::StateDict parameters) {
                                     return std::make_shared<AdamW>(std::move(parameters), options);
                                   }),
};

}  // namespace
}  // namespace gradus::optim
