#include "framework/kernels/reduce.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"

#include <cmath>
#include <limits>

namespace gradus::kernels {
namespace {

// A list of dims, merged where memory allows, that can be walked in row-major order.
struct Dims {
  Shape sizes;
  Strides strides;

  void append(std::int64_t size, std::int64_t stride) {
    if (size == 1) return;
    if (!sizes.empty() && strides.back() == stride * size) {
      sizes[sizes.size() - 1] *= size;
      strides[sizes.size() - 1] = stride;
    } else {
      sizes.push_back(size);
      strides.push_back(stride);
    }
  }
  [[nodiscard]] std::int64_t offset(std::int64_t index) const {
    std::int64_t result = 0;
    for (int d = sizes.size() - 1; d >= 0; --d) {
      result += index % sizes[d] * strides[d];
      index /= sizes[d];
    }
    return result;
  }
};

// The dims of a reduction, each part sorted so that the smallest stride is innermost.
struct Plan {
  Dims kept;       // strides in `in`
  Dims reduced;    // strides in `in`
  Strides out;     // strides in `out` of the kept dims before merging
  Dims kept_flat;  // unmerged kept dims, strides in `out`

  Plan(const View& out_view, const View& in, const Shape& is_reduced) {
    std::array<int, kMaxDims> order{};
    const int dims = in.sizes.size();
    for (int d = 0; d < dims; ++d) order[static_cast<std::size_t>(d)] = d;
    std::stable_sort(order.begin(), order.begin() + dims,
                     [&](int a, int b) { return in.strides[a] > in.strides[b]; });
    for (int k = 0; k < dims; ++k) {
      const int d = order[static_cast<std::size_t>(k)];
      (is_reduced[d] != 0 ? reduced : kept).append(in.sizes[d], in.strides[d]);
      if (is_reduced[d] == 0 && in.sizes[d] != 1) {
        kept_flat.sizes.push_back(in.sizes[d]);
        kept_flat.strides.push_back(out_view.strides[d]);
      }
    }
  }
};

struct Sum {
  static constexpr double kStart = 0;
  static double combine(double a, double b) { return a + b; }
};
struct Max {
  static constexpr double kStart = -std::numeric_limits<double>::infinity();
  static double combine(double a, double b) { return a > b || std::isnan(a) ? a : b; }
};

constexpr std::int64_t kLanes = 8;

// Reduces a run of memory with independent lanes, so that it vectorises without changing order.
template <class Rule, class T, class Acc>
Acc reduce_run(const T* in, std::int64_t count, std::int64_t stride, Acc start) {
  Acc lanes[kLanes];
  std::fill(lanes, lanes + kLanes, static_cast<Acc>(Rule::kStart));
  std::int64_t i = 0;
  if (stride == 1) {
    for (; i + kLanes <= count; i += kLanes) {
      for (std::int64_t l = 0; l < kLanes; ++l) {
        lanes[l] = static_cast<Acc>(Rule::combine(lanes[l], static_cast<Acc>(in[i + l])));
      }
    }
  }
  Acc result = start;
  for (const Acc lane : lanes) result = static_cast<Acc>(Rule::combine(result, lane));
  for (; i < count; ++i) {
    result = static_cast<Acc>(Rule::combine(result, static_cast<Acc>(in[i * stride])));
  }
  return result;
}

template <class Rule, class T>
struct Reduction {
  static double combine(double a, double b) { return Rule::combine(a, b); }

  const View& out;
  const View& in;
  Plan plan;
  std::int64_t outputs = plan.kept.sizes.numel();
  std::int64_t length = plan.reduced.sizes.numel();

  // partial[k - kept_begin] for kept [kept_begin, kept_end) over reduced [begin, end).
  void chunk(double* partial, std::int64_t kept_begin, std::int64_t kept_end, std::int64_t begin,
             std::int64_t end) const {
    std::fill(partial, partial + (kept_end - kept_begin), Rule::kStart);
    const T* data = in.template as<T>();
    const Dims& reduced = plan.reduced;
    const std::int64_t run = reduced.sizes.empty() ? 1 : reduced.sizes.back();
    const std::int64_t run_stride = reduced.sizes.empty() ? 1 : reduced.strides.back();
    const bool columns = plan.kept.sizes.size() == 1 && plan.kept.strides[0] == 1;
    if (columns && run_stride != 1) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* row = data + reduced.offset(r) + kept_begin;
        for (std::int64_t k = 0; k < kept_end - kept_begin; ++k) {
          partial[k] = Rule::combine(partial[k], static_cast<double>(row[k]));
        }
      }
      return;
    }
    for (std::int64_t k = kept_begin; k < kept_end; ++k) {
      const T* base = data + plan.kept.offset(k);
      for (std::int64_t r = begin; r < end;) {
        const std::int64_t count = std::min(end - r, run - r % run);
        partial[k - kept_begin] =
            reduce_run<Rule>(base + reduced.offset(r), count, run_stride, partial[k - kept_begin]);
        r += count;
      }
    }
  }

  template <class To>
  void store(const double* values, std::int64_t kept_begin, std::int64_t kept_end) const {
    for (std::int64_t k = kept_begin; k < kept_end; ++k) {
      out.template as<To>()[plan.kept_flat.offset(k)] = static_cast<To>(values[k - kept_begin]);
    }
  }

  template <class To>
  void run() const {
    const Split reduced(
        length,
        std::max<std::int64_t>(kGrain / std::max<std::int64_t>(outputs, 1), std::int64_t{1024}),
        32);
    if (reduced.chunks <= 1 || outputs * 4 > length) {
      const Split kept(outputs, kGrain / std::max<std::int64_t>(length, 1) + 1);
      parallel_for(kept, [&](std::int64_t begin, std::int64_t end) {
        Scratch<double> partial(end - begin);
        chunk(partial.data(), begin, end, 0, length);
        store<To>(partial.data(), begin, end);
      });
      return;
    }
    Scratch<double> partial(reduced.chunks * outputs);
    parallel_for(reduced.chunks, [&](std::int64_t c) {
      chunk(&partial[c * outputs], 0, outputs, reduced.begin(c), reduced.end(c));
    });
    for (std::int64_t c = 1; c < reduced.chunks; ++c) {
      for (std::int64_t k = 0; k < outputs; ++k) {
        partial[k] = combine(partial[k], partial[c * outputs + k]);
      }
    }
    store<To>(partial.data(), 0, outputs);
  }
};

// Integers are summed exactly, not in double.
void sum_integers(const View& out, const View& in, const Plan& plan) {
  dispatch(in.dtype, [&]<class T>(T) {
    const std::int64_t length = plan.reduced.sizes.numel();
    const std::int64_t outputs = plan.kept.sizes.numel();
    parallel_for(Split(outputs, kGrain / std::max<std::int64_t>(length, 1) + 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t k = begin; k < end; ++k) {
                     const T* base = in.as<T>() + plan.kept.offset(k);
                     std::int64_t total = 0;
                     for (std::int64_t r = 0; r < length; ++r) {
                       total += static_cast<std::int64_t>(base[plan.reduced.offset(r)]);
                     }
                     out.as<std::int64_t>()[plan.kept_flat.offset(k)] = total;
                   }
                 });
  });
}

}  // namespace

void sum(const View& out, const View& in, const Shape& reduced) {
  if (out.sizes.numel() == 0) return;
  const Plan plan(out, in, reduced);
  if (!is_floating(in.dtype)) {
    sum_integers(out, in, plan);
    return;
  }
  dispatch_floating(in.dtype, [&]<class T>(T) {
    Reduction<Sum, T>{out, in, plan}.template run<T>();
  });
}

void amax(const View& out, const View& in, const Shape& reduced) {
  if (out.sizes.numel() == 0) return;
  const Plan plan(out, in, reduced);
  dispatch(in.dtype, [&]<class T>(T) { Reduction<Max, T>{out, in, plan}.template run<T>(); });
}

void argmax(const View& out, const View& in, int dim) {
  const std::int64_t length = in.sizes[dim];
  Dims from;
  Dims to;
  for (int d = 0; d < in.sizes.size(); ++d) {
    if (d == dim) continue;
    from.sizes.push_back(in.sizes[d]);
    from.strides.push_back(in.strides[d]);
    to.strides.push_back(out.strides[d]);
  }
  to.sizes = from.sizes;
  const Split split(from.sizes.numel(), kGrain / length + 1);
  dispatch(in.dtype, [&]<class T>(T) {
    parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        const T* base = in.as<T>() + from.offset(k);
        std::int64_t best = 0;
        for (std::int64_t i = 1; i < length; ++i) {
          const auto value = static_cast<Compute<T>>(base[i * in.strides[dim]]);
          const auto top = static_cast<Compute<T>>(base[best * in.strides[dim]]);
          const bool top_is_nan = top != top;
          if (!top_is_nan && !(value <= top)) best = i;
        }
        out.as<std::int64_t>()[to.offset(k)] = best;
      }
    });
  });
}

}  // namespace gradus::kernels
