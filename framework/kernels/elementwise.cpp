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
  if (dims == 0) {
    dims = 1;
    sizes[0] = 1;
  }
}

template <std::size_t N>
void LoopNest<N>::append(std::int64_t size, int dim, const std::array<const Strides*, N>& of) {
  bool mergeable = dims > 0;
  const auto last = static_cast<std::size_t>(dims - 1);
  for (std::size_t n = 0; n < N && mergeable; ++n) {
    mergeable = strides[n][last] == (*of[n])[dim] * size;
  }
  if (mergeable) {
    sizes[last] *= size;
  } else {
    sizes[static_cast<std::size_t>(dims++)] = size;
  }
  for (std::size_t n = 0; n < N; ++n) {
    strides[n][static_cast<std::size_t>(dims - 1)] = (*of[n])[dim];
  }
}

template <std::size_t N>
typename LoopNest<N>::Offsets LoopNest<N>::offsets(std::int64_t row, std::int64_t column) const {
  Offsets result;
  for (std::size_t n = 0; n < N; ++n) result[n] = column * inner_stride(n);
  for (int d = dims - 2; d >= 0; --d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t index = row % sizes[i];
    row /= sizes[i];
    for (std::size_t n = 0; n < N; ++n) result[n] += index * strides[n][i];
  }
  return result;
}

template <std::size_t N>
void LoopNest<N>::for_each_run(FunctionRef<void(const Offsets&, std::int64_t)> run) const {
  const std::int64_t inner = sizes[static_cast<std::size_t>(dims - 1)];
  std::int64_t rows = 1;
  for (int d = 0; d < dims - 1; ++d) rows *= sizes[static_cast<std::size_t>(d)];
  const auto run_rows = [&](std::int64_t begin, std::int64_t end) {
    Offsets at = offsets(begin, 0);
    for (std::int64_t row = begin;;) {
      run(at, inner);
      if (++row >= end) return;
      std::int64_t passed = 1;  // the rows of all dims further in: where they end, a dim goes on
      for (int d = dims - 2; d >= 0; --d) {
        const auto i = static_cast<std::size_t>(d);
        for (std::size_t n = 0; n < N; ++n) at[n] += strides[n][i];
        passed *= sizes[i];
        if (row % passed != 0) break;
        for (std::size_t n = 0; n < N; ++n) at[n] -= sizes[i] * strides[n][i];
      }
    }
  };
  if (rows == 1 && inner <= kGrain) {
    run(Offsets{}, inner);
  } else if (rows * inner <= kGrain) {
    run_rows(0, rows);
  } else if (rows == 1) {
    parallel_for(Split(inner, kGrain), [&](std::int64_t begin, std::int64_t end) {
      run(offsets(0, begin), end - begin);
    });
  } else {
    parallel_for(Split(rows, kGrain / inner + 1), run_rows);
  }
}

template struct LoopNest<1>;
template struct LoopNest<2>;
template struct LoopNest<3>;
template struct LoopNest<4>;

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
