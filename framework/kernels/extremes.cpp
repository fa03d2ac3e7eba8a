#include "framework/kernels/extremes.h"
#include "framework/kernels/reduction.h"

namespace gradus::kernels {
namespace {

template <class T, bool kMax>
class Search {
  using C = Compute<T>;

 public:
  Search(const View& values, const View& indices, const View& in, const Shape& reduced)
      : plan_(indices, in, reduced),
        in_(in.as<T>()),
        values_(values.as<T>()),
        indices_(indices.as<std::int64_t>()),
        step_(plan_.reduced.in[plan_.reduced.last()]) {}

  void run() const {
    const std::int64_t outputs = plan_.kept.numel;
    const std::int64_t length = plan_.reduced.numel;
    const bool by_columns = plan_.by_columns();
    const Split over_length(length, kGrain, 32);
    if (!by_columns && outputs < 8 && over_length.chunks > 1) {
      for (Walk kept(plan_.kept, 0); kept.index < outputs; kept.next()) {
        in_parts(in_ + kept.in, kept.out, over_length);
      }
      return;
    }
    const Split over_outputs(outputs,
                             std::max(kGrain / length + 1, std::int64_t{by_columns ? 64 : 1}));
    parallel_for(over_outputs, [&](std::int64_t begin, std::int64_t end) {
      if (by_columns) {
        columns(begin, end);
        return;
      }
      for (Walk kept(plan_.kept, begin); kept.index < end; kept.next()) {
        const T* base = in_ + kept.in;
        store(base, kept.out, first_best(base, length));
      }
    });
  }

 private:
  static bool better(C a, C b) {
    const bool beats = kMax ? a > b : a < b;
    return static_cast<int>(beats) | (static_cast<int>(a != a) & static_cast<int>(b == b));
  }

  void store(const T* base, std::int64_t offset, std::int64_t place) const {
    indices_[offset] = place;
    if (values_ != nullptr) values_[offset] = base[place * step_];
  }

  [[nodiscard]] std::int64_t first_best(const T* base, std::int64_t count) const {
    constexpr std::int64_t kBlock = 64;
    if (step_ != 1 || count < kBlock) {
      std::int64_t best = 0;
      C top = static_cast<C>(base[0]);
      for (std::int64_t i = 1; i < count; ++i) {
        const C value = static_cast<C>(base[i * step_]);
        if (!better(value, top)) continue;
        best = i;
        top = value;
      }
      return best;
    }
    const Extreme<T, kMax> rule;
    const C top =
        reduce_run(rule, 0, base, count, std::integral_constant<std::int64_t, 1>(), rule.start());
    const auto is_top = [top](T x) {
      const C value = static_cast<C>(x);
      return static_cast<int>(value == top) |
             (static_cast<int>(value != value) & static_cast<int>(top != top));
    };
    std::int64_t i = 0;
    for (; i + kBlock <= count; i += kBlock) {
      int found = 0;
      for (std::int64_t l = 0; l < kBlock; ++l) found |= is_top(base[i + l]);
      if (found != 0) break;
    }
    while (is_top(base[i]) == 0) ++i;
    return i;
  }

  void in_parts(const T* base, std::int64_t offset, const Split& split) const {
    Scratch<std::int64_t> places(split.chunks);
    parallel_for(split.chunks, [&](std::int64_t c) {
      const std::int64_t begin = split.begin(c);
      places[c] = begin + first_best(base + begin * step_, split.end(c) - begin);
    });
    std::int64_t best = places[0];
    for (std::int64_t c = 1; c < split.chunks; ++c) {
      const C value = static_cast<C>(base[places[c] * step_]);
      if (better(value, static_cast<C>(base[best * step_]))) best = places[c];
    }
    store(base, offset, best);
  }

  void columns(std::int64_t begin, std::int64_t end) const {
    constexpr std::int64_t kBlock = 128;
    C tops[kBlock];
    std::int64_t places[kBlock];
    const std::int64_t out_step = plan_.kept.out[plan_.kept.last()];
    for (Walk kept(plan_.kept, begin); kept.index < end;) {
      const std::int64_t left = plan_.kept.inner() - kept.place[plan_.kept.last()];
      const std::int64_t count = std::min({end - kept.index, left, kBlock});
      const T* base = in_ + kept.in;
      for (std::int64_t j = 0; j < count; ++j) tops[j] = static_cast<C>(base[j]);
      std::fill(places, places + count, 0);
      for (std::int64_t i = 1; i < plan_.reduced.numel; ++i) {
        const T* row = base + i * step_;
        for (std::int64_t j = 0; j < count; ++j) {
          const C value = static_cast<C>(row[j]);
          const bool wins = better(value, tops[j]);
          tops[j] = wins ? value : tops[j];
          places[j] = wins ? i : places[j];
        }
      }
      for (std::int64_t j = 0; j < count; ++j) store(base + j, kept.out + j * out_step, places[j]);
      kept.next(count);
    }
  }

  ReductionPlan plan_;
  const T* in_;
  T* values_;
  std::int64_t* indices_;
  std::int64_t step_;
};

}  // namespace

void extremes(const View& values, const View& indices, const View& in, int dim, bool largest) {
  if (indices.sizes.numel() == 0) return;
  Shape reduced = Shape::filled(in.sizes.size(), 0);
  if (!reduced.empty()) reduced[dim] = 1;
  dispatch(in.dtype, [&]<class T>(T) {
    if (largest) {
      Search<T, true>(values, indices, in, reduced).run();
    } else {
      Search<T, false>(values, indices, in, reduced).run();
    }
  });
}

}  // namespace gradus::kernels
