#include "framework/kernels/cross_entropy.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/native/cross_entropy.h"
#include "framework/kernels/parallel.h"

namespace gradus::kernels {
namespace {

template <class T>
native::ScoreRows<T> rows_of(const View& x, const View& labels, const CrossEntropy& how) {
  native::ScoreRows<T> rows = {.scores = x.as<T>(),
                               .stride = x.strides[0],
                               .classes = x.sizes[1],
                               .labels = labels.as<std::int64_t>(),
                               .ignored = how.ignore_index,
                               .weight = how.weight.as<T>(),
                               .weight_sum = static_cast<double>(x.sizes[1]),
                               .label_smoothing = how.label_smoothing};
  if (rows.weight == nullptr) return rows;
  rows.weight_sum = 0;
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    rows.weight_sum += static_cast<double>(rows.weight[c]);
  }
  return rows;
}

// A score costs a few times what an element of memory-bound work does.
Split split_of(const View& x) {
  return {x.sizes[0], kGrain / 4 / (x.sizes[1] + 1) + 1};
}

}  // namespace

CrossEntropySums cross_entropy(const View& losses, const View& scales, const View& x,
                               const View& labels, const CrossEntropy& how) {
  return dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto rows = rows_of<T>(x, labels, how);
    const auto& loops = native::cross_entropy_loops().of<T>();
    const Split split = split_of(x);
    Scratch<native::LossSums> parts(split.chunks);
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      parts[chunk] = loops.forward(rows, static_cast<native::RowScale<T>*>(scales.data),
                                   losses.as<T>(), split.begin(chunk), split.end(chunk));
    });
    CrossEntropySums sums;
    for (std::int64_t chunk = 0; chunk < split.chunks; ++chunk) {
      sums.loss += parts[chunk].loss;
      sums.weight += parts[chunk].weight;
    }
    return sums;
  });
}

void cross_entropy_grad(const View& gx, const View& g, double factor, const View& scales,
                        const View& x, const View& labels, const CrossEntropy& how) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto rows = rows_of<T>(x, labels, how);
    const auto& loops = native::cross_entropy_loops().of<T>();
    const std::int64_t g_step = g.sizes.empty() ? 0 : 1;
    parallel_for(split_of(x), [&](std::int64_t begin, std::int64_t end) {
      loops.backward(rows, static_cast<const native::RowScale<T>*>(scales.data), gx.as<T>(), factor,
                     g.as<T>(), g_step, begin, end);
    });
  });
}

}  // namespace gradus::kernels
