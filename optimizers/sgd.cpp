#include "optimizers/sgd.h"
#include "optimizers/native/sgd.h"

namespace gradus::optim {

template class GroupedOptimizer<SGDOptions>;
template class OptimizerOf<SGDOptions>;

ElementLoop SGD::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                         const SGDOptions& options) {
  if (!options.is_sound()) {
    throw ValueError("SGD: nesterov needs a momentum and no dampening");
  }
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const double fresh = state.has("momentum_buffer") ? 1 - options.dampening : 1;
    const kernels::native::SgdStep<T> step = {.lr = static_cast<C>(options.lr),
                                              .decay = static_cast<C>(options.weight_decay),
                                              .momentum = static_cast<C>(options.momentum),
                                              .fresh = static_cast<C>(fresh),
                                              .nesterov = options.nesterov};
    T* w = parameter.data_ptr<T>();
    const T* g = gradient.data_ptr<T>();
    T* b =
        step.momentum == 0 ? nullptr : state.zeros_at("momentum_buffer", parameter).data_ptr<T>();
    const auto loop = kernels::native::sgd_loops().of<T>().run;
    return [=](std::int64_t begin, std::int64_t end) { loop(step, w, g, b, begin, end); };
  });
}

namespace {

const bool kRegistered = add_optimizer<SGD>("sgd", "stochastic gradient descent with momentum");

}  // namespace
}  // namespace gradus::optim
