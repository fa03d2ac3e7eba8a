#include "optimizers/adadelta.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<AdadeltaOptions>;
template class OptimizerOf<AdadeltaOptions>;

ElementLoop Adadelta::loop_of(const Tensor& parameter, const Tensor& gradient,
                              ParameterState& state, const AdadeltaOptions& options) {
  using kernels::mul_add;
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const auto lr = static_cast<C>(options.lr);
    const auto rho = static_cast<C>(options.rho);
    const auto fresh = static_cast<C>(1 - options.rho);
    const auto eps = static_cast<C>(options.eps);
    const auto decay = static_cast<C>(options.weight_decay);
    const auto rule = [=](C w, C g, C& square, C& change) {
      const C d = mul_add(decay, w, g);
      square = mul_add(rho, square, fresh * d * d);
      const C delta = std::sqrt(change + eps) / std::sqrt(square + eps) * d;
      change = mul_add(rho, change, fresh * delta * delta);
      return mul_add(-lr, delta, w);
    };
    T* square = state.zeros_at("square_avg", parameter).data_ptr<T>();
    T* change = state.zeros_at("acc_delta", parameter).data_ptr<T>();
    return kernels::rule_loop(rule, parameter.data_ptr<T>(), gradient.data_ptr<T>(), square,
                              change);
  });
}

namespace {

const bool kRegistered =
    add_optimizer<Adadelta>("adadelta", "Adadelta: steps as large as those before them");

}  // namespace
}  // namespace gradus::optim
