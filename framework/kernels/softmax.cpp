#include "framework/kernels/softmax.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/native/softmax.h"
#include "framework/kernels/parallel.h"

namespace gradus::kernels {
namespace {

Split split_of(const View& x) {
  return {x.sizes[0], kGrain / 4 / (x.sizes[1] + 1) + 1};
}

}  // namespace

void softmax(const View& y, const View& x, bool masked) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto loop = native::softmax_loops().of<T>().softmax;
    parallel_for(split_of(x), [&](std::int64_t begin, std::int64_t end) {
      Scratch<Compute<T>> scratch(x.sizes[1]);
      loop(y.as<T>(), x.as<T>(), masked, scratch.data(), x.sizes[1], begin, end);
    });
  });
}

void softmax_grad(const View& gx, const View& gy, const View& y) {
  dispatch_floating(y.dtype, [&]<class T>(T) {
    const auto loop = native::softmax_loops().of<T>().softmax_grad;
    parallel_for(split_of(y), [&](std::int64_t begin, std::int64_t end) {
      loop(gx.as<T>(), gy.as<T>(), y.as<T>(), y.sizes[1], begin, end);
    });
  });
}

void log_softmax(const View& y, const View& x) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto loop = native::softmax_loops().of<T>().log_softmax;
    parallel_for(split_of(x), [&](std::int64_t begin, std::int64_t end) {
      Scratch<Compute<T>> scratch(x.sizes[1]);
      loop(y.as<T>(), x.as<T>(), scratch.data(), x.sizes[1], begin, end);
    });
  });
}

void log_softmax_grad(const View& gx, const View& gy, const View& y) {
  dispatch_floating(y.dtype, [&]<class T>(T) {
    const auto loop = native::softmax_loops().of<T>().log_softmax_grad;
    parallel_for(split_of(y), [&](std::int64_t begin, std::int64_t end) {
      loop(gx.as<T>(), gy.as<T>(), y.as<T>(), y.sizes[1], begin, end);
    });
  });
}

}  // namespace gradus::kernels
