// The loop of all reductions: for every kept element, rule.combine over the reduced ones.
// Included by the kernels that give rules.
//
// A rule names the element type In and the type Acc that it accumulates in:
//
//   struct Sum {
//     using In = float;
//     using Acc = double;
//     Acc start() const { return 0; }                                // combining with it is void
//     Acc load(In x, std::int64_t k) const { return x; }             // for the k-th result
//     Acc combine(Acc a, Acc b) const { return a + b; }
//     static constexpr std::int64_t kCost = 1;  // of an element, against a memory-bound one
//   };
//
// Work is split, and runs of memory are spread over lanes, by sizes and strides alone: the same
// bits for any number of threads.
#pragma once

#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/view.h"

#include <cmath>
#include <limits>

namespace gradus::kernels {

/// Sizes with the strides of an input and an output, merged where both allow.
struct DimList {
  int count = 0;
  std::int64_t numel = 1;
  std::array<std::int64_t, kMaxDims + 1> sizes;
  std::array<std::int64_t, kMaxDims + 1> in;
  std::array<std::int64_t, kMaxDims + 1> out;

  void append(std::int64_t size, std::int64_t in_stride, std::int64_t out_stride) {
    numel *= size;
    if (size == 1) return;
    auto d = static_cast<std::size_t>(count);
    if (count > 0 && in[d - 1] == in_stride * size && out[d - 1] == out_stride * size) {
      size *= sizes[--d];
    } else {
      ++count;
    }
    sizes[d] = size;
    in[d] = in_stride;
    out[d] = out_stride;
  }
  /// Ends the list; an empty one gets a dim of size 1.
  void close() {
    if (count > 0) return;
    count = 1;
    sizes[0] = in[0] = out[0] = 1;
  }
  [[nodiscard]] std::size_t last() const { return static_cast<std::size_t>(count - 1); }
  [[nodiscard]] std::int64_t inner() const { return sizes[last()]; }
};

/// A walk over a DimList in its order, from the element with number `index` on.
struct Walk {
  const DimList* dims;
  std::int64_t index;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::array<std::int64_t, kMaxDims + 1> place;

  Walk(const DimList& list, std::int64_t from) : dims(&list), index(from) {
    for (int d = list.count - 1; d >= 0; --d) {
      const auto i = static_cast<std::size_t>(d);
      place[i] = from == 0 ? 0 : from % list.sizes[i];
      from = from == 0 ? 0 : from / list.sizes[i];
      in += place[i] * list.in[i];
      out += place[i] * list.out[i];
    }
  }
  /// Goes on by `steps` elements, not past the end of the innermost dim.
  void next(std::int64_t steps = 1) {
    index += steps;
    for (int d = dims->count - 1; d >= 0; --d, steps = 1) {
      const auto i = static_cast<std::size_t>(d);
      place[i] += steps;
      in += steps * dims->in[i];
      out += steps * dims->out[i];
      if (place[i] < dims->sizes[i]) return;
      in -= place[i] * dims->in[i];
      out -= place[i] * dims->out[i];
      place[i] = 0;
    }
  }
};

/// The dims of a reduction, each part sorted so that the smallest stride of the input is innermost.
struct ReductionPlan {
  DimList kept;
  DimList reduced;

  /// `is_reduced[d]` is 1 or 0; `out` has size 1 in reduced dims.
  ReductionPlan(const View& out, const View& in, const Shape& is_reduced) {
    std::array<int, kMaxDims> order;
    const int dims = in.sizes.size();
    for (int d = 0; d < dims; ++d) {
      int at = d;
      for (; at > 0 && in.strides[order[static_cast<std::size_t>(at - 1)]] < in.strides[d]; --at) {
        order[static_cast<std::size_t>(at)] = order[static_cast<std::size_t>(at - 1)];
      }
      order[static_cast<std::size_t>(at)] = d;
    }
    for (int k = 0; k < dims; ++k) {
      const int d = order[static_cast<std::size_t>(k)];
      if (is_reduced[d] != 0) {
        reduced.append(in.sizes[d], in.strides[d], 0);
      } else {
        kept.append(in.sizes[d], in.strides[d], out.strides[d]);
      }
    }
    kept.close();
    reduced.close();
  }
  /// Whether neighbours in memory belong to different results.
  [[nodiscard]] bool by_columns() const {
    return kept.inner() >= 4 && kept.in[kept.last()] == 1 && reduced.in[reduced.last()] != 1;
  }
};

/// rule.combine(start, every element of a run).
template <class Rule, class Step>
typename Rule::Acc reduce_run(const Rule& rule, std::int64_t k, const typename Rule::In* in,
                              std::int64_t count, Step step, typename Rule::Acc start) {
  using Acc = typename Rule::Acc;
  constexpr auto kLanes = static_cast<std::int64_t>(128 / sizeof(Acc));
  std::int64_t i = 0;
  if (count >= kLanes) {
    Acc lanes[kLanes];
    for (std::int64_t l = 0; l < kLanes; ++l) lanes[l] = rule.load(in[l * step], k);
    for (i = kLanes; i + kLanes <= count; i += kLanes) {
      for (std::int64_t l = 0; l < kLanes; ++l) {
        lanes[l] = rule.combine(lanes[l], rule.load(in[(i + l) * step], k));
      }
    }
    for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
      for (std::int64_t l = 0; l < width; ++l) lanes[l] = rule.combine(lanes[l], lanes[l + width]);
    }
    start = rule.combine(start, lanes[0]);
  }
  for (; i < count; ++i) start = rule.combine(start, rule.load(in[i * step], k));
  return start;
}

/// The accumulators of results [begin, end) over the reduced elements [from, to):
/// sink(k, offset in out, acc) each.
template <class Rule, class Sink>
void reduce_rows(const Rule& rule, const ReductionPlan& plan, const View& in, std::int64_t begin,
                 std::int64_t end, std::int64_t from, std::int64_t to, Sink sink) {
  using In = typename Rule::In;
  const In* data = in.as<In>();
  const std::int64_t run = plan.reduced.inner();
  const std::int64_t step = plan.reduced.in[plan.reduced.last()];
  const auto add_run = [&](std::int64_t k, const In* base, std::int64_t count,
                           typename Rule::Acc acc) {
    return step == 1
               ? reduce_run(rule, k, base, count, std::integral_constant<std::int64_t, 1>(), acc)
               : reduce_run(rule, k, base, count, step, acc);
  };
  for (Walk kept(plan.kept, begin); kept.index < end; kept.next()) {
    typename Rule::Acc acc = rule.start();
    const In* base = data + kept.in;
    if (plan.reduced.count == 1) {
      acc = add_run(kept.index, base + from * step, to - from, acc);
    } else if (from < to) {
      for (Walk at(plan.reduced, from); at.index < to;) {
        const std::int64_t left = run - at.place[plan.reduced.last()];
        const std::int64_t count = std::min(to - at.index, left);
        acc = add_run(kept.index, base + at.in, count, acc);
        at.next(count);
      }
    }
    sink(kept.index, kept.out, acc);
  }
}

/// The same where by_columns().
template <class Rule, class Sink>
void reduce_columns(const Rule& rule, const ReductionPlan& plan, const View& in, std::int64_t begin,
                    std::int64_t end, std::int64_t from, std::int64_t to, Sink sink) {
  using In = typename Rule::In;
  using Acc = typename Rule::Acc;
  constexpr std::int64_t kBlock = 256;
  Acc accs[kBlock];
  const std::int64_t out_step = plan.kept.out[plan.kept.last()];
  for (Walk kept(plan.kept, begin); kept.index < end;) {
    const std::int64_t left = plan.kept.inner() - kept.place[plan.kept.last()];
    const std::int64_t count = std::min({end - kept.index, left, kBlock});
    std::fill(accs, accs + count, rule.start());
    const In* base = in.as<In>() + kept.in;
    const std::int64_t first = kept.index;
    Walk at(plan.reduced, from);
    for (; at.index + 4 <= to;) {  // four rows at once: the accumulators stay in registers
      std::array<const In*, 4> rows;
      for (const In*& row : rows) {
        row = base + at.in;
        at.next();
      }
      for (std::int64_t j = 0; j < count; ++j) {
        Acc acc = accs[j];
        for (const In* row : rows) acc = rule.combine(acc, rule.load(row[j], first + j));
        accs[j] = acc;
      }
    }
    for (; at.index < to; at.next()) {
      const In* row = base + at.in;
      for (std::int64_t j = 0; j < count; ++j) {
        accs[j] = rule.combine(accs[j], rule.load(row[j], first + j));
      }
    }
    for (std::int64_t j = 0; j < count; ++j) sink(first + j, kept.out + j * out_step, accs[j]);
    kept.next(count);
  }
}

/// sink(k, offset in out, acc) for every result, from several threads at once. k numbers the
/// results in the order of the plan.
template <class Rule, class Sink>
void reduce(const Rule& rule, const ReductionPlan& plan, const View& in, Sink sink) {
  using Acc = typename Rule::Acc;
  const std::int64_t outputs = plan.kept.numel;
  const std::int64_t length = plan.reduced.numel;
  const bool by_columns = plan.by_columns();
  // One sink for parts and for results: the loops are compiled once.
  const auto part = [&](std::int64_t begin, std::int64_t end, std::int64_t from, std::int64_t to,
                        Acc* partial) {
    const auto take = [partial, &sink](std::int64_t k, std::int64_t offset, Acc acc) {
      if (partial != nullptr) {
        partial[k] = acc;
      } else {
        sink(k, offset, acc);
      }
    };
    if (by_columns) {
      reduce_columns(rule, plan, in, begin, end, from, to, take);
    } else {
      reduce_rows(rule, plan, in, begin, end, from, to, take);
    }
  };
  if (outputs == 0) return;
  constexpr std::int64_t kWorth = kGrain / Rule::kCost;
  if (outputs * length <= kWorth) {
    part(0, outputs, 0, length, nullptr);
    return;
  }
  const Split over_length(length, std::max(kWorth / outputs, std::int64_t{64}), 32);
  const Split over_outputs(outputs, std::max(kWorth / std::max(length, std::int64_t{1}) + 1,
                                             std::int64_t{by_columns ? 128 : 1}));
  if (over_outputs.chunks >= std::min(over_length.chunks, std::int64_t{8})) {
    parallel_for(over_outputs, [&](std::int64_t begin, std::int64_t end) {
      part(begin, end, 0, length, nullptr);
    });
    return;
  }
  Scratch<Acc> partial(over_length.chunks * outputs);
  parallel_for(over_length.chunks, [&](std::int64_t c) {
    part(0, outputs, over_length.begin(c), over_length.end(c), partial.data() + c * outputs);
  });
  for (Walk kept(plan.kept, 0); kept.index < outputs; kept.next()) {
    Acc acc = partial[kept.index];
    for (std::int64_t c = 1; c < over_length.chunks; ++c) {
      acc = rule.combine(acc, partial[c * outputs + kept.index]);
    }
    sink(kept.index, kept.out, acc);
  }
}

/// The rule of the largest or smallest value, or magnitude. NaN wins.
template <class T, bool kMax, bool kMagnitude = false>
struct Extreme {
  using In = T;
  using Acc = Compute<T>;
  using Out = T;
  static constexpr std::int64_t kCost = 1;
  [[nodiscard]] Acc start() const {
    using Limits = std::numeric_limits<Acc>;
    if constexpr (std::is_floating_point_v<Acc>) {
      return kMax ? -Limits::infinity() : Limits::infinity();
    } else {
      return kMax ? Limits::lowest() : Limits::max();
    }
  }
  [[nodiscard]] Acc load(T x, std::int64_t) const {
    if constexpr (kMagnitude) return std::abs(static_cast<Acc>(x));
    return static_cast<Acc>(x);
  }
  [[nodiscard]] Acc combine(Acc a, Acc b) const {
    const Acc best = kMax ? (a > b ? a : b) : (a < b ? a : b);  // b where one is NaN
    return a == a ? best : a;
  }
};

}  // namespace gradus::kernels
