#include "optimizers/adagrad.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<AdagradOptions>;
template class OptimizerOf<AdagradOptions>;

ElementLoop Adagrad::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                             const AdagradOptions& options) {
  const double rate = options.lr / (1 + static_cast<double>(state.step - 1) * options.lr_decay);
  Tensor& sum = state.full_at("sum", parameter, options.initial_accumulator_value);
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    const auto lr = static_cast<C>(rate);
    const auto decay = static_cast<C>(options.weight_decay);
    const auto eps = static_cast<C>(options.eps);
    const auto rule = [=](C w, C g, C& squares) {
      const C d = kernels::mul_add(decay, w, g);
      squares = kernels::mul_add(d, d, squares);
      return w - lr * d / (std::sqrt(squares) + eps);
    };
    return kernels::rule_loop(rule, parameter.data_ptr<T>(), gradient.data_ptr<T>(),
                              sum.data_ptr<T>());
  });
}

namespace {

const bool kRegistered =
    add_optimizer<Adagrad>("adagrad", "Adagrad: gradients over the root of their sum of squares");

}  // namespace
}  // namespace gradus::optim
