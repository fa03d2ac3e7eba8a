#include "optimizers/sgd.h"

namespace gradus::optim {

void SGD::update(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                 const SGDOptions& options) {
  if (!options.is_sound()) {
    throw ValueError("SGD: nesterov needs a momentum and no dampening");
  }
  const std::int64_t numel = parameter.numel();
  kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) {
    using C = Compute<T>;
    const auto lr = static_cast<C>(options.lr);
    const auto decay = static_cast<C>(options.weight_decay);
    const auto momentum = static_cast<C>(options.momentum);
    T* w = parameter.data_ptr<T>();
    const T* g = gradient.data_ptr<T>();
    if (momentum == 0) {
      kernels::update(
          numel, [=](T& wi, const T& gi) { wi = static_cast<T>(wi - lr * (gi + decay * wi)); }, w,
          g);
      return;
    }
    const C fresh =
        !state.tensors.contains("momentum_buffer") ? C{1} : static_cast<C>(1 - options.dampening);
    const bool nesterov = options.nesterov;
    T* b = state.zeros_at("momentum_buffer", parameter).data_ptr<T>();
    kernels::update(
        numel,
        [=](T& wi, const T& gi, T& bi) {
          const C d = gi + decay * wi;
          bi = static_cast<T>(momentum * bi + fresh * d);
          wi = static_cast<T>(wi - lr * (nesterov ? d + momentum * bi : C{bi}));
        },
        w, g, b);
  });
}

namespace {

const bool kRegistered =
    optimizers().add<SGDOptions>("sgd", "stochastic gradient descent with momentum",
                                 [](const SGDOptions& options, nn::StateDict parameters) {
                                   return std::make_shared<SGD>(std::move(parameters), options);
                                 });

}  // namespace
}  // namespace gradus::optim
