#include "framework/kernels/elementwise.h"

namespace gradus::kernels {

template <std::size_t N>
LoopNest<N>::LoopNest(const Shape& shape, const std::array<const Strides*, N>& of) {
  std::array<int, kMaxDims> order{};  // insertion sort: std::stable_sort would allocate
  for (int d = 0; d < shape.size(); ++d) {
    int at = d;
    for (; at > 0; --at) {
      const int before = order[static_cast<std::size_t>(at - 1)];
      if ((*of[0])[before] >= (*of[0])[d]) break;
      order[static_cast<std::size_t>(at)] = before;
    }
    order[static_cast<std::size_t>(at)] = d;
  }
  for (int k = 0; k < shape.size(); ++k) {
    const int dim = order[static_cast<std::size_t>(k)];
    if (shape[dim] != 1) append(shape[dim], dim, of);
  }
  if (dims_ == 0) {
    dims_ = 1;
    sizes_[0] = 1;
  }
}

template <std::size_t N>
void LoopNest<N>::append(std::int64_t size, int dim, const std::array<const Strides*, N>& of) {
  bool mergeable = dims_ > 0;
  const auto last = static_cast<std::size_t>(dims_ - 1);
  for (std::size_t n = 0; n < N && mergeable; ++n) {
    mergeable = strides_[n][last] == (*of[n])[dim] * size;
  }
  if (mergeable) {
    sizes_[last] *= size;
  } else {
    sizes_[static_cast<std::size_t>(dims_++)] = size;
  }
  for (std::size_t n = 0; n < N; ++n) {
    strides_[n][static_cast<std::size_t>(dims_ - 1)] = (*of[n])[dim];
  }
}

template <std::size_t N>
void LoopNest<N>::run_rows(std::int64_t begin, std::int64_t end, Run run) const {
  Offsets at{};
  std::array<std::int64_t, kMaxDims> place{};
  std::int64_t rest = begin;
  for (int d = dims_ - 2; d >= 0 && rest > 0; --d) {
    const auto i = static_cast<std::size_t>(d);
    place[i] = rest % sizes_[i];
    rest /= sizes_[i];
    for (std::size_t n = 0; n < N; ++n) at[n] += place[i] * strides_[n][i];
  }
  for (std::int64_t row = begin; row < end; ++row) {
    run(at, sizes_[static_cast<std::size_t>(dims_ - 1)]);
    for (int d = dims_ - 2; d >= 0; --d) {
      const auto i = static_cast<std::size_t>(d);
      for (std::size_t n = 0; n < N; ++n) at[n] += strides_[n][i];
      if (++place[i] < sizes_[i]) break;
      for (std::size_t n = 0; n < N; ++n) at[n] -= sizes_[i] * strides_[n][i];
      place[i] = 0;
    }
  }
}

template <std::size_t N>
void LoopNest<N>::for_each_run(Run run) const {
  const std::int64_t inner = sizes_[static_cast<std::size_t>(dims_ - 1)];
  std::int64_t rows = 1;
  for (int d = 0; d < dims_ - 1; ++d) rows *= sizes_[static_cast<std::size_t>(d)];
  if (rows * inner <= kGrain) {
    run_rows(0, rows, run);
  } else if (rows > 1) {
    parallel_for(Split(rows, kGrain / inner + 1),
                 [&](std::int64_t begin, std::int64_t end) { run_rows(begin, end, run); });
  } else {
    parallel_for(Split(inner, kGrain), [&](std::int64_t begin, std::int64_t end) {
      Offsets at;
      for (std::size_t n = 0; n < N; ++n) at[n] = begin * inner_stride(n);
      run(at, end - begin);
    });
  }
}

template class LoopNest<1>;
template class LoopNest<2>;
template class LoopNest<3>;
template class LoopNest<4>;

namespace {

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<To, std::uint8_t> && !std::is_integral_v<From>) {
    // What a uint8 cannot hold wraps instead of being undefined.
    return static_cast<To>(static_cast<std::int64_t>(static_cast<Compute<From>>(value)));
  } else {
    return static_cast<To>(static_cast<Compute<From>>(value));
  }
}

template <class Number>
void fill_with(const View& out, Number value) {
  dispatch(out.dtype, [&]<class T>(T) {
    const T typed = converted<T>(value);
    map<T>([=] { return typed; }, out);
  });
}

}  // namespace

void copy(const View& out, const View& in) {
  dispatch(out.dtype, [&]<class To>(To) {
    dispatch(in.dtype, [&]<class From>(From) {
      map<To, From>([](From value) { return converted<To>(value); }, out, in);
    });
  });
}

void fill(const View& out, double value) {
  fill_with(out, value);
}

void fill(const View& out, std::int64_t value) {
  fill_with(out, value);
}

}  // namespace gradus::kernels
