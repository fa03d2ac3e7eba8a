#include "framework/kernels/reduce.h"
#include "framework/kernels/reduction.h"

namespace gradus::kernels {
namespace {

// Integers wrap around, as unsigned ones may.
template <class T>
using Wide = std::conditional_t<is_floating(kDTypeOf<T>), double, std::uint64_t>;

template <class T>
struct Sum {
  using In = T;
  using Acc = Wide<T>;
  using Out = std::conditional_t<is_floating(kDTypeOf<T>), T, std::int64_t>;
  static constexpr std::int64_t kCost = 1;
  [[nodiscard]] Acc start() const { return 0; }
  [[nodiscard]] Acc load(T x, std::int64_t) const { return static_cast<Acc>(x); }
  [[nodiscard]] Acc combine(Acc a, Acc b) const { return a + b; }
};

template <class T>
struct NanSum : Sum<T> {
  using typename Sum<T>::Acc;
  [[nodiscard]] Acc load(T x, std::int64_t) const {
    const auto value = static_cast<Acc>(x);
    return value == value ? value : Acc{};
  }
};

template <class T>
struct Prod : Sum<T> {
  using typename Sum<T>::Acc;
  [[nodiscard]] Acc start() const { return 1; }
  [[nodiscard]] Acc combine(Acc a, Acc b) const { return a * b; }
};

template <class T>
using Max = Extreme<T, true>;
template <class T>
using Min = Extreme<T, false>;

template <class T>
struct Any {
  using In = T;
  using Acc = std::uint8_t;
  using Out = bool;
  static constexpr std::int64_t kCost = 1;
  [[nodiscard]] Acc start() const { return 0; }
  [[nodiscard]] Acc load(T x, std::int64_t) const { return static_cast<Compute<T>>(x) != 0; }
  [[nodiscard]] Acc combine(Acc a, Acc b) const { return a | b; }
};

template <class T>
struct All : Any<T> {
  using typename Any<T>::Acc;
  [[nodiscard]] Acc start() const { return 1; }
  [[nodiscard]] Acc combine(Acc a, Acc b) const { return a & b; }
};

template <class T>
struct CountNonzero {
  using In = T;
  using Acc = std::int64_t;
  using Out = std::int64_t;
  static constexpr std::int64_t kCost = 1;
  [[nodiscard]] Acc start() const { return 0; }
  [[nodiscard]] Acc load(T x, std::int64_t) const { return static_cast<Compute<T>>(x) != 0; }
  [[nodiscard]] Acc combine(Acc a, Acc b) const { return a + b; }
};

template <template <class> class Rule>
void run(const View& out, const View& in, const Shape& reduced) {
  const ReductionPlan plan(out, in, reduced);
  dispatch(in.dtype, [&]<class T>(T) {
    using Out = typename Rule<T>::Out;
    Out* data = out.as<Out>();
    reduce(Rule<T>(), plan, in, [data](std::int64_t, std::int64_t offset, auto acc) {
      data[offset] = static_cast<Out>(acc);
    });
  });
}

}  // namespace

void sum(const View& out, const View& in, const Shape& reduced) {
  run<Sum>(out, in, reduced);
}
void nansum(const View& out, const View& in, const Shape& reduced) {
  run<NanSum>(out, in, reduced);
}
void prod(const View& out, const View& in, const Shape& reduced) {
  run<Prod>(out, in, reduced);
}
void amax(const View& out, const View& in, const Shape& reduced) {
  run<Max>(out, in, reduced);
}
void amin(const View& out, const View& in, const Shape& reduced) {
  run<Min>(out, in, reduced);
}
void all(const View& out, const View& in, const Shape& reduced) {
  run<All>(out, in, reduced);
}
void any(const View& out, const View& in, const Shape& reduced) {
  run<Any>(out, in, reduced);
}
void count_nonzero(const View& out, const View& in, const Shape& reduced) {
  run<CountNonzero>(out, in, reduced);
}

}  // namespace gradus::kernels
