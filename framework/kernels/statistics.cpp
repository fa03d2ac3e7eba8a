#include "framework/kernels/statistics.h"
#include "framework/kernels/reduction.h"
#include "framework/kernels/vector_math.h"

namespace gradus::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class T, std::int64_t kWork = 1>
struct Adds {
  using In = T;
  using Acc = double;
  static constexpr std::int64_t kCost = kWork;
  [[nodiscard]] double start() const { return 0; }
  [[nodiscard]] double combine(double a, double b) const { return a + b; }
};

template <class T>
struct Sum : Adds<T> {
  [[nodiscard]] double load(T x, std::int64_t) const { return static_cast<double>(x); }
};

template <class T>
struct Squares : Adds<T> {
  [[nodiscard]] double load(T x, std::int64_t) const {
    return static_cast<double>(x) * static_cast<double>(x);
  }
};

template <class T>
struct Magnitudes : Adds<T> {
  [[nodiscard]] double load(T x, std::int64_t) const { return std::fabs(static_cast<double>(x)); }
};

template <class T>
struct NonZeros : Adds<T> {
  [[nodiscard]] double load(T x, std::int64_t) const { return static_cast<double>(x) != 0 ? 1 : 0; }
};

template <class T>
struct Powers : Adds<T, 16> {
  double p;
  explicit Powers(double power) : p(power) {}
  [[nodiscard]] double load(T x, std::int64_t) const {
    return std::pow(std::fabs(static_cast<double>(x)), p);
  }
};

template <class T>
struct SquaredDistances : Adds<T> {
  const double* centre;
  explicit SquaredDistances(const double* means) : centre(means) {}
  [[nodiscard]] double load(T x, std::int64_t k) const {
    const double distance = static_cast<double>(x) - centre[k];
    return distance * distance;
  }
};

template <class T>
struct Exponentials : Adds<T, 16> {
  const double* top;
  explicit Exponentials(const double* tops) : top(tops) {}
  [[nodiscard]] double load(T x, std::int64_t k) const {
    const auto below = static_cast<Compute<T>>(static_cast<double>(x) - top[k]);
    return below > 0 ? below : exp_or_zero(below);  // above its top is infinity alone
  }
};

template <class T, class Rule, class Finish>
void store(const Rule& rule, const ReductionPlan& plan, const View& out, const View& in,
           Finish finish) {
  T* data = out.as<T>();
  reduce(rule, plan, in, [=](std::int64_t k, std::int64_t offset, auto acc) {
    data[offset] = static_cast<T>(finish(static_cast<double>(acc), k));
  });
}

}  // namespace

void variance(const View& out, const View& in, const Shape& reduced, double correction, bool root) {
  const ReductionPlan plan(out, in, reduced);
  const auto count = static_cast<double>(plan.reduced.numel);
  const double freedom = std::max(count - correction, 0.0);
  Scratch<double> means(plan.kept.numel);
  dispatch_floating(in.dtype, [&]<class T>(T) {
    double* to = means.data();
    reduce(Sum<T>(), plan, in,
           [=](std::int64_t k, std::int64_t, double total) { to[k] = total / count; });
    store<T>(SquaredDistances<T>(to), plan, out, in, [=](double total, std::int64_t) {
      return root ? std::sqrt(total / freedom) : total / freedom;
    });
  });
}

void norm(const View& out, const View& in, const Shape& reduced, double p) {
  const ReductionPlan plan(out, in, reduced);
  dispatch_floating(in.dtype, [&]<class T>(T) {
    const auto run = [&](const auto& rule, auto finish) {
      store<T>(rule, plan, out, in, [=](double acc, std::int64_t) { return finish(acc); });
    };
    const auto as_is = [](double acc) { return acc; };
    if (p == 2) {
      run(Squares<T>(), [](double acc) { return std::sqrt(acc); });
    } else if (p == 1) {
      run(Magnitudes<T>(), as_is);
    } else if (p == 0) {
      run(NonZeros<T>(), as_is);
    } else if (p == kInfinity) {
      run(Extreme<T, true, true>(), as_is);
    } else if (p == -kInfinity) {
      run(Extreme<T, false, true>(), as_is);
    } else {
      run(Powers<T>(p), [p](double acc) { return std::pow(acc, 1 / p); });
    }
  });
}

void logsumexp(const View& out, const View& in, const Shape& reduced) {
  const ReductionPlan plan(out, in, reduced);
  Scratch<double> tops(plan.kept.numel);
  dispatch_floating(in.dtype, [&]<class T>(T) {
    double* to = tops.data();
    reduce(Extreme<T, true>(), plan, in, [=](std::int64_t k, std::int64_t, auto top) {
      to[k] = std::isinf(top) ? 0 : static_cast<double>(top);
    });
    store<T>(Exponentials<T>(to), plan, out, in,
             [=](double total, std::int64_t k) { return to[k] + std::log(total); });
  });
}

}  // namespace gradus::kernels
