#include "framework/kernels/native/pointwise_loss.h"
#include "framework/kernels/lanes.h"
#include "framework/kernels/vector_math.h"

GRADUS_LEVEL_BEGIN
namespace {

// Losses to memory, or into a sum.
template <class T, class Term>
[[gnu::always_inline]] inline double each(T* losses, std::int64_t begin, std::int64_t end,
                                          Term term) {
  if (losses != nullptr) {
    for (std::int64_t i = begin; i < end; ++i) losses[i] = static_cast<T>(term(i));
    return 0;
  }
  return lane_sum(end - begin, [=](std::int64_t i) { return term(begin + i); });
}

// slope(i): the derivative of the loss.
template <class T, class Slope>
[[gnu::always_inline]] inline void each_slope(T* to, const LossGradients<T>& out,
                                              std::int64_t begin, std::int64_t end, Slope slope) {
  using C = Compute<T>;
  if (out.g_step == 0) {
    const auto shared = static_cast<C>(out.factor * static_cast<double>(*out.g));
    for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<T>(slope(i) * shared);
  } else {
    const auto factor = static_cast<C>(out.factor);
    const T* g = out.g;
    for (std::int64_t i = begin; i < end; ++i) {
      to[i] = static_cast<T>(slope(i) * (static_cast<C>(g[i]) * factor));
    }
  }
}

template <class T>
[[gnu::flatten]] double mse(const LossPairs<T>& in, T* losses, std::int64_t begin,
                            std::int64_t end) {
  using C = Compute<T>;
  const T* x = in.input;
  const T* y = in.target;
  return each(losses, begin, end, [=](std::int64_t i) {
    const C distance = static_cast<C>(x[i]) - static_cast<C>(y[i]);
    return distance * distance;
  });
}

template <class T>
[[gnu::flatten]] void mse_grad(const LossPairs<T>& in, const LossGradients<T>& out,
                               std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const T* x = in.input;
  const T* y = in.target;
  const auto slope = [=](std::int64_t i) {
    return 2 * (static_cast<C>(x[i]) - static_cast<C>(y[i]));
  };
  if (out.input != nullptr) each_slope(out.input, out, begin, end, slope);
  if (out.target != nullptr) {
    each_slope(out.target, out, begin, end, [=](std::int64_t i) { return -slope(i); });
  }
}

// log(1 + exp(-x)).
template <class C>
[[gnu::always_inline]] inline C softplus_of_negative(C x) {
  const C top = x < 0 ? -x : 0;
  return top + log1p_of_fraction(exp_of_negative(-std::abs(x)));
}

template <class T>
[[gnu::always_inline]] inline Compute<T> factor_at(const T* factors, std::int64_t i) {
  return factors == nullptr ? Compute<T>{1} : static_cast<Compute<T>>(factors[i]);
}

template <class T>
[[gnu::flatten]] double bce(const LossPairs<T>& in, T* losses, std::int64_t begin,
                            std::int64_t end) {
  using C = Compute<T>;
  const T* x = in.input;
  const T* y = in.target;
  if (in.weight == nullptr && in.pos_weight == nullptr) {
    return each(losses, begin, end, [=](std::int64_t i) {
      const auto xi = static_cast<C>(x[i]);
      return mul_add(1 - static_cast<C>(y[i]), xi, softplus_of_negative(xi));
    });
  }
  return each(losses, begin, end, [=](std::int64_t i) {
    const auto xi = static_cast<C>(x[i]);
    const auto yi = static_cast<C>(y[i]);
    const C bent = mul_add(factor_at(in.pos_weight, i) - 1, yi, C{1});
    return factor_at(in.weight, i) * mul_add(1 - yi, xi, bent * softplus_of_negative(xi));
  });
}

template <class T>
[[gnu::flatten]] void bce_grad(const LossPairs<T>& in, const LossGradients<T>& out,
                               std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const T* x = in.input;
  const T* y = in.target;
  if (out.input != nullptr && in.weight == nullptr && in.pos_weight == nullptr) {
    each_slope(out.input, out, begin, end, [=](std::int64_t i) {
      return sigmoid(static_cast<C>(x[i])) - static_cast<C>(y[i]);
    });
  } else if (out.input != nullptr) {
    each_slope(out.input, out, begin, end, [=](std::int64_t i) {
      const auto yi = static_cast<C>(y[i]);
      const C positive = factor_at(in.pos_weight, i) * yi;
      return factor_at(in.weight, i) *
             mul_add(positive + (1 - yi), sigmoid(static_cast<C>(x[i])), -positive);
    });
  }
  if (out.target != nullptr) {
    each_slope(out.target, out, begin, end, [=](std::int64_t i) {
      const auto xi = static_cast<C>(x[i]);
      return factor_at(in.weight, i) *
             mul_add(factor_at(in.pos_weight, i) - 1, softplus_of_negative(xi), -xi);
    });
  }
}

template <class T>
constexpr PointwiseLossOf<T> kLosses = {mse<T>, mse_grad<T>, bce<T>, bce_grad<T>};

}  // namespace

extern const PointwiseLossLoops kPointwiseLosses;
const PointwiseLossLoops kPointwiseLosses = {kLosses<float>, kLosses<double>, kLosses<BFloat16>};
GRADUS_LEVEL_END

GRADUS_CHOOSE(PointwiseLossLoops, kPointwiseLosses, pointwise_loss_loops)
