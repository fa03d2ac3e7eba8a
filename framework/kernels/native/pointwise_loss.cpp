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

// Losses of the distance d = x - y: the loss, and its slope in x (in y it is the negative).
template <class C>
struct Mse {
  explicit Mse(double /*parameter*/) {}
  [[gnu::always_inline]] C loss(C d) const { return d * d; }
  [[gnu::always_inline]] C slope(C d) const { return 2 * d; }
};

template <class C>
[[gnu::always_inline]] inline C sign(C d) {
  return d > 0 ? C{1} : d < 0 ? C{-1} : C{};
}

template <class C>
struct L1 {
  explicit L1(double /*parameter*/) {}
  [[gnu::always_inline]] C loss(C d) const { return std::abs(d); }
  [[gnu::always_inline]] C slope(C d) const { return sign(d); }
};

template <class C>
struct SmoothL1 {
  C beta;
  C inverse;

  explicit SmoothL1(double of_loss)
      : beta(static_cast<C>(of_loss)), inverse(of_loss > 0 ? static_cast<C>(1 / of_loss) : C{}) {}
  [[gnu::always_inline]] C loss(C d) const {
    const C size = std::abs(d);
    return size < beta ? d * d * inverse / 2 : size - beta / 2;
  }
  [[gnu::always_inline]] C slope(C d) const { return std::abs(d) < beta ? d * inverse : sign(d); }
};

template <class C>
struct Huber {
  C delta;

  explicit Huber(double of_loss) : delta(static_cast<C>(of_loss)) {}
  [[gnu::always_inline]] C loss(C d) const {
    const C size = std::abs(d);
    return size <= delta ? d * d / 2 : delta * (size - delta / 2);
  }
  [[gnu::always_inline]] C slope(C d) const { return std::abs(d) <= delta ? d : delta * sign(d); }
};

template <class T, template <class> class Rule>
[[gnu::flatten]] double distance(const LossPairs<T>& in, T* losses, std::int64_t begin,
                                 std::int64_t end) {
  using C = Compute<T>;
  const Rule<C> rule(in.parameter);
  const T* x = in.input;
  const T* y = in.target;
  return each(losses, begin, end, [=](std::int64_t i) {
    return rule.loss(static_cast<C>(x[i]) - static_cast<C>(y[i]));
  });
}

template <class T, template <class> class Rule>
[[gnu::flatten]] void distance_grad(const LossPairs<T>& in, const LossGradients<T>& out,
                                    std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const Rule<C> rule(in.parameter);
  const T* x = in.input;
  const T* y = in.target;
  const auto slope = [=](std::int64_t i) {
    return rule.slope(static_cast<C>(x[i]) - static_cast<C>(y[i]));
  };
  if (out.input != nullptr) each_slope(out.input, out, begin, end, slope);
  if (out.target != nullptr) {
    each_slope(out.target, out, begin, end, [=](std::int64_t i) { return -slope(i); });
  }
}

template <class T>
[[gnu::always_inline]] inline Compute<T> factor_at(const T* factors, std::int64_t i) {
  return factors == nullptr ? Compute<T>{1} : static_cast<Compute<T>>(factors[i]);
}

// log(x) and log(1 - x) for a probability x, at least -100: a wrong 0 or 1 costs that much.
template <class C>
struct BoundedLogs {
  C of_x;
  C of_rest;
  [[gnu::always_inline]] explicit BoundedLogs(C x) : of_x(std::log(x)), of_rest(std::log1p(-x)) {
    of_x = of_x < -100 ? C{-100} : of_x;
    of_rest = of_rest < -100 ? C{-100} : of_rest;
  }
};

template <class T>
[[gnu::flatten]] double bce(const LossPairs<T>& in, T* losses, std::int64_t begin,
                            std::int64_t end) {
  using C = Compute<T>;
  return each(losses, begin, end, [=](std::int64_t i) {
    const BoundedLogs<C> logs(static_cast<C>(in.input[i]));
    const auto y = static_cast<C>(in.target[i]);
    return factor_at(in.weight, i) * mul_add(y - 1, logs.of_rest, -y * logs.of_x);
  });
}

// A bound on x (1 - x), which divides the slope; in double, too, it is PyTorch's float.
constexpr float kLeastSpread = 1e-12F;

template <class T>
[[gnu::flatten]] void bce_grad(const LossPairs<T>& in, const LossGradients<T>& out,
                               std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  if (out.input != nullptr) {
    each_slope(out.input, out, begin, end, [=](std::int64_t i) {
      const auto x = static_cast<C>(in.input[i]);
      const C spread = (1 - x) * x;
      const C bounded = spread < kLeastSpread ? C{kLeastSpread} : spread;
      return factor_at(in.weight, i) * (x - static_cast<C>(in.target[i])) / bounded;
    });
  }
  if (out.target != nullptr) {
    each_slope(out.target, out, begin, end, [=](std::int64_t i) {
      const BoundedLogs<C> logs(static_cast<C>(in.input[i]));
      return factor_at(in.weight, i) * (logs.of_rest - logs.of_x);
    });
  }
}

// log(1 + exp(-x)).
template <class C>
[[gnu::always_inline]] inline C softplus_of_negative(C x) {
  const C top = x < 0 ? -x : 0;
  return top + log1p_of_fraction(exp_of_negative(-std::abs(x)));
}

template <class T>
[[gnu::flatten]] double bce_with_logits(const LossPairs<T>& in, T* losses, std::int64_t begin,
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
[[gnu::flatten]] void bce_with_logits_grad(const LossPairs<T>& in, const LossGradients<T>& out,
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
constexpr PointwiseLossOf<T> kLosses = {
    .mse = {distance<T, Mse>, distance_grad<T, Mse>},
    .l1 = {distance<T, L1>, distance_grad<T, L1>},
    .smooth_l1 = {distance<T, SmoothL1>, distance_grad<T, SmoothL1>},
    .huber = {distance<T, Huber>, distance_grad<T, Huber>},
    .bce = {bce<T>, bce_grad<T>},
    .bce_with_logits = {bce_with_logits<T>, bce_with_logits_grad<T>}};

}  // namespace

extern const PointwiseLossLoops kPointwiseLosses;
const PointwiseLossLoops kPointwiseLosses = {kLosses<float>, kLosses<double>, kLosses<BFloat16>};
GRADUS_LEVEL_END

GRADUS_CHOOSE(PointwiseLossLoops, kPointwiseLosses, pointwise_loss_loops)
