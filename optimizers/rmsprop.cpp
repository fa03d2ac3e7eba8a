#include "optimizers/rmsprop.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<RMSpropOptions>;
template class OptimizerOf<RMSpropOptions>;
namespace {

using kernels::mul_add;
using kernels::rule_loop;

template <class C>
struct Numbers {
  C lr;
  C alpha;
  C fresh;  // 1 - alpha
  C eps;
  C decay;
  C momentum;

  explicit Numbers(const RMSpropOptions& o)
      : lr(static_cast<C>(o.lr)),
        alpha(static_cast<C>(o.alpha)),
        fresh(static_cast<C>(1 - o.alpha)),
        eps(static_cast<C>(o.eps)),
        decay(static_cast<C>(o.weight_decay)),
        momentum(static_cast<C>(o.momentum)) {}

  C direction(C w, C g, C& square) const {
    const C d = mul_add(decay, w, g);
    square = mul_add(alpha, square, fresh * d * d);
    return d / (std::sqrt(square) + eps);
  }
  C direction(C w, C g, C& square, C& mean) const {
    const C d = mul_add(decay, w, g);
    square = mul_add(alpha, square, fresh * d * d);
    mean = mul_add(alpha, mean, fresh * d);
    const C variance = mul_add(-mean, mean, square);
    return d / (std::sqrt(variance < 0 ? C{0} : variance) + eps);
  }
};

// The loop over w, g and the states that direction() takes.
template <class T, class... Averages>
ElementLoop loop(const Numbers<Compute<T>>& s, T* w, const T* g, T* buffer, Averages*... averages) {
  using C = Compute<T>;
  if (buffer == nullptr) {
    const auto plain = [s](C weight, C gradient, auto&... means) {
      return mul_add(-s.lr, s.direction(weight, gradient, means...), weight);
    };
    return rule_loop(plain, w, g, averages...);
  }
  const auto with_momentum = [s](C weight, C gradient, C& past, auto&... means) {
    past = mul_add(s.momentum, past, s.direction(weight, gradient, means...));
    return mul_add(-s.lr, past, weight);
  };
  return rule_loop(with_momentum, w, g, buffer, averages...);
}

const bool kRegistered =
    add_optimizer<RMSprop>("rmsprop", "RMSprop: gradients over the root of their mean square");

}  // namespace

ElementLoop RMSprop::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                             const RMSpropOptions& options) {
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    const Numbers<Compute<T>> numbers(options);
    T* w = parameter.data_ptr<T>();
    const T* g = gradient.data_ptr<T>();
    T* square = state.zeros_at("square_avg", parameter).data_ptr<T>();
    T* buffer = options.momentum == 0 ? nullptr
                                      : state.zeros_at("momentum_buffer", parameter).data_ptr<T>();
    if (!options.centered) return loop(numbers, w, g, buffer, square);
    T* mean = state.zeros_at("grad_avg", parameter).data_ptr<T>();
    return loop(numbers, w, g, buffer, square, mean);
  });
}

}  // namespace gradus::optim
