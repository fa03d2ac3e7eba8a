#include "optimizers/lamb.h"
#include "framework/kernels/lanes.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::optim {

template class GroupedOptimizer<LAMBOptions>;
template class OptimizerOf<LAMBOptions>;
namespace {

using kernels::mul_add;

template <class C>
struct Numbers {
  C beta1, beta2;
  C fresh1, fresh2;  // 1 - beta
  C scale;           // 1 / (1 - beta1^t)
  C root;            // sqrt(1 - beta2^t)
  C eps;
  C decay;

  Numbers(const LAMBOptions& o, double t)
      : beta1(static_cast<C>(o.betas[0])),
        beta2(static_cast<C>(o.betas[1])),
        fresh1(static_cast<C>(1 - o.betas[0])),
        fresh2(static_cast<C>(1 - o.betas[1])),
        scale(static_cast<C>(1 / (1 - std::pow(o.betas[0], t)))),
        root(static_cast<C>(std::sqrt(1 - std::pow(o.betas[1], t)))),
        eps(static_cast<C>(o.eps)),
        decay(static_cast<C>(o.weight_decay)) {}

  C update(C w, C mean, C square) const {
    return mul_add(decay, w, scale * mean / (std::sqrt(square) / root + eps));
  }
};

const bool kRegistered =
    add_optimizer<LAMB>("lamb", "Adam's direction, scaled by the norm of each parameter");

}  // namespace

ElementLoop LAMB::loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                          const LAMBOptions& options) {
  const std::size_t number = wholes_.size();
  const Whole whole = {.w = parameter,
                       .g = gradient,
                       .mean = state.zeros_at("exp_avg", parameter),
                       .square = state.zeros_at("exp_avg_sq", parameter),
                       .options = options,
                       .step = static_cast<double>(state.step)};
  wholes_.push_back(whole);
  const std::int64_t numel = parameter.numel();
  for (std::int64_t begin = 0; begin < numel; begin += kernels::kGrain) {
    blocks_.push_back({number, begin, std::min(begin + kernels::kGrain, numel)});
  }
  return kernels::dispatch_floating(parameter.dtype(), [&]<class T>(T) -> ElementLoop {
    using C = Compute<T>;
    T* w = parameter.data_ptr<T>();
    const T* mean = whole.mean.data_ptr<T>();
    const T* square = whole.square.data_ptr<T>();
    const Numbers<C> numbers(options, whole.step);
    return [=, lr = options.lr, wholes = &wholes_](std::int64_t begin, std::int64_t end) {
      const Numbers<C> s = numbers;
      const auto rate = static_cast<C>(lr * (*wholes)[number].ratio);
      for (std::int64_t i = begin; i < end; ++i) {
        w[i] = static_cast<T>(mul_add(-rate, s.update(C{w[i]}, C{mean[i]}, C{square[i]}), C{w[i]}));
      }
    };
  });
}

void LAMB::take_in_gradient(const Whole& whole, Block& block) {
  kernels::dispatch_floating(whole.w.dtype(), [&]<class T>(T) {
    using C = Compute<T>;
    const Numbers<C> s(whole.options, whole.step);
    const T* w = whole.w.data_ptr<T>() + block.begin;
    const T* g = whole.g.data_ptr<T>() + block.begin;
    T* mean = whole.mean.data_ptr<T>() + block.begin;
    T* square = whole.square.data_ptr<T>() + block.begin;
    const std::int64_t count = block.end - block.begin;
    for (std::int64_t i = 0; i < count; ++i) {
      const C d = g[i];
      mean[i] = static_cast<T>(mul_add(s.beta1, C{mean[i]}, s.fresh1 * d));
      square[i] = static_cast<T>(mul_add(s.beta2, C{square[i]}, s.fresh2 * d * d));
    }
    block.weights = kernels::lane_sum(count, [=](std::int64_t i) -> C { return C{w[i]} * w[i]; });
    block.updates = kernels::lane_sum(count, [=](std::int64_t i) -> C {
      const C update = s.update(C{w[i]}, C{mean[i]}, C{square[i]});
      return update * update;
    });
  });
}

void LAMB::before_loops() {
  kernels::parallel_for(static_cast<std::int64_t>(blocks_.size()), [this](std::int64_t i) {
    Block& block = blocks_[static_cast<std::size_t>(i)];
    take_in_gradient(wholes_[block.parameter], block);
  });
  auto block = blocks_.begin();
  for (std::size_t i = 0; i < wholes_.size(); ++i) {
    double weights = 0;
    double updates = 0;
    for (; block != blocks_.end() && block->parameter == i; ++block) {
      weights += block->weights;
      updates += block->updates;
    }
    // A comparison with NaN is false: the ratio, and so the weights, become NaN.
    wholes_[i].ratio = weights == 0 || updates == 0 ? 1 : std::sqrt(weights / updates);
  }
}

void LAMB::clear() {
  OptimizerOf::clear();
  wholes_.clear();
  blocks_.clear();
}

}  // namespace gradus::optim
