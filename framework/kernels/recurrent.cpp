#include "framework/kernels/recurrent.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/vector_math.h"

namespace gradus::kernels {
namespace {

template <class T>
Compute<T> wide(const T& value) {
  return static_cast<Compute<T>>(value);
}

// The slope of a sigmoid or tanh, from its value.
template <class C>
C sigmoid_slope(C y) {
  return y * (1 - y);
}
template <class C>
C tanh_slope(C y) {
  return 1 - y * y;
}

// ---- One row forward ----------------------------------------------------------------------------

template <bool kRelu, class T>
void plain_row(T* __restrict h, const T* __restrict x, const T* __restrict y, std::int64_t width) {
  for (std::int64_t j = 0; j < width; ++j) {
    const Compute<T> a = wide(x[j]) + wide(y[j]);
    h[j] = static_cast<T>(kRelu ? relu(a) : tanh(a));
  }
}

template <class T>
void lstm_row(T* __restrict h, T* __restrict c, T* __restrict kept, const T* __restrict c_before,
              const T* __restrict x, const T* __restrict y, std::int64_t width) {
  using C = Compute<T>;
  for (std::int64_t j = 0; j < width; ++j) {
    const C i = sigmoid(wide(x[j]) + wide(y[j]));
    const C f = sigmoid(wide(x[width + j]) + wide(y[width + j]));
    const C g = tanh(wide(x[2 * width + j]) + wide(y[2 * width + j]));
    const C o = sigmoid(wide(x[3 * width + j]) + wide(y[3 * width + j]));
    const C cell = f * wide(c_before[j]) + i * g;
    kept[j] = static_cast<T>(i);
    kept[width + j] = static_cast<T>(f);
    kept[2 * width + j] = static_cast<T>(g);
    kept[3 * width + j] = static_cast<T>(o);
    c[j] = static_cast<T>(cell);
    h[j] = static_cast<T>(o * tanh(cell));
  }
}

template <class T>
void gru_row(T* __restrict h, T* __restrict kept, const T* __restrict before, const T* __restrict x,
             const T* __restrict y, std::int64_t width) {
  using C = Compute<T>;
  for (std::int64_t j = 0; j < width; ++j) {
    const C r = sigmoid(wide(x[j]) + wide(y[j]));
    const C z = sigmoid(wide(x[width + j]) + wide(y[width + j]));
    const C inner = wide(y[2 * width + j]);
    const C n = tanh(wide(x[2 * width + j]) + r * inner);
    kept[j] = static_cast<T>(r);
    kept[width + j] = static_cast<T>(z);
    kept[2 * width + j] = static_cast<T>(n);
    kept[3 * width + j] = static_cast<T>(inner);
    h[j] = static_cast<T>((1 - z) * n + z * wide(before[j]));
  }
}

// ---- One row backward: dh and dc are the gradients of the states after the step -----------------

template <bool kRelu, class T>
void plain_row_grad(T* __restrict gx, T* __restrict dh, const T* __restrict h, std::int64_t width) {
  for (std::int64_t j = 0; j < width; ++j) {
    const Compute<T> y = wide(h[j]);
    const Compute<T> slope = wide(dh[j]);
    gx[j] = static_cast<T>(kRelu ? relu_grad(slope, y) : slope * tanh_slope(y));
    dh[j] = T{};
  }
}

template <class T>
void lstm_row_grad(T* __restrict gx, T* __restrict dh, T* __restrict dc, const T* __restrict kept,
                   const T* __restrict c, const T* __restrict c_before, std::int64_t width) {
  using C = Compute<T>;
  for (std::int64_t j = 0; j < width; ++j) {
    const C i = wide(kept[j]);
    const C f = wide(kept[width + j]);
    const C g = wide(kept[2 * width + j]);
    const C o = wide(kept[3 * width + j]);
    const C squashed = tanh(wide(c[j]));
    const C slope = wide(dh[j]);
    const C cell = wide(dc[j]) + slope * o * tanh_slope(squashed);
    gx[j] = static_cast<T>(cell * g * sigmoid_slope(i));
    gx[width + j] = static_cast<T>(cell * wide(c_before[j]) * sigmoid_slope(f));
    gx[2 * width + j] = static_cast<T>(cell * i * tanh_slope(g));
    gx[3 * width + j] = static_cast<T>(slope * squashed * sigmoid_slope(o));
    dh[j] = T{};
    dc[j] = static_cast<T>(cell * f);
  }
}

template <class T>
void gru_row_grad(T* __restrict gx, T* __restrict gh, T* __restrict dh, const T* __restrict kept,
                  const T* __restrict before, std::int64_t width) {
  using C = Compute<T>;
  for (std::int64_t j = 0; j < width; ++j) {
    const C r = wide(kept[j]);
    const C z = wide(kept[width + j]);
    const C n = wide(kept[2 * width + j]);
    const C slope = wide(dh[j]);
    const C of_n = slope * (1 - z) * tanh_slope(n);
    const C of_r = of_n * wide(kept[3 * width + j]) * sigmoid_slope(r);
    const C of_z = slope * (wide(before[j]) - n) * sigmoid_slope(z);
    gx[j] = gh[j] = static_cast<T>(of_r);
    gx[width + j] = gh[width + j] = static_cast<T>(of_z);
    gx[2 * width + j] = static_cast<T>(of_n);
    gh[2 * width + j] = static_cast<T>(of_n * r);
    dh[j] = static_cast<T>(slope * z);
  }
}

template <class T>
void add_row(T* __restrict to, const T* __restrict from, std::int64_t width) {
  for (std::int64_t j = 0; j < width; ++j) to[j] = static_cast<T>(wide(to[j]) + wide(from[j]));
}

// Row `row` of state `index` in a dense [S, N, H].
template <class T>
T* state_row(const View& states, std::int64_t index, std::int64_t row) {
  return states.as<T>() + (index * states.sizes[1] + row) * states.sizes[2];
}

template <class T>
T* row_of(const View& matrix, std::int64_t row) {
  return matrix.as<T>() + row * matrix.sizes[1];
}

template <class Body>
void for_each_row(const View& states, Body body) {
  const std::int64_t width = states.sizes[2];
  parallel_for(Split(states.sizes[1], kGrain / (8 * width + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) body(row, width);
               });
}

}  // namespace

void recurrent_step(RecurrentCell cell, const RecurrentStep& step, const View& x, const View& h) {
  dispatch_floating(step.next.dtype, [&]<class T>(T) {
    for_each_row(step.next, [&](std::int64_t row, std::int64_t width) {
      T* const to = state_row<T>(step.next, 0, row);
      const T* const in = row_of<T>(x, row);
      const T* const own = row_of<T>(h, row);
      switch (cell) {
        case RecurrentCell::Tanh:
          return plain_row<false>(to, in, own, width);
        case RecurrentCell::ReLU:
          return plain_row<true>(to, in, own, width);
        case RecurrentCell::LSTM:
          return lstm_row(to, state_row<T>(step.next, 1, row), row_of<T>(step.kept, row),
                          state_row<T>(step.state, 1, row), in, own, width);
        case RecurrentCell::GRU:
          return gru_row(to, row_of<T>(step.kept, row), state_row<T>(step.state, 0, row), in, own,
                         width);
      }
    });
  });
}

void recurrent_step_grad(RecurrentCell cell, const RecurrentStep& step, const View& gx,
                         const View& gh, const View& gstate, const View& gh_next) {
  dispatch_floating(gstate.dtype, [&]<class T>(T) {
    for_each_row(gstate, [&](std::int64_t row, std::int64_t width) {
      T* const dh = state_row<T>(gstate, 0, row);
      T* const to = row_of<T>(gx, row);
      if (gh_next.data != nullptr) add_row(dh, row_of<T>(gh_next, row), width);
      switch (cell) {
        case RecurrentCell::Tanh:
          return plain_row_grad<false>(to, dh, state_row<T>(step.next, 0, row), width);
        case RecurrentCell::ReLU:
          return plain_row_grad<true>(to, dh, state_row<T>(step.next, 0, row), width);
        case RecurrentCell::LSTM:
          return lstm_row_grad(to, dh, state_row<T>(gstate, 1, row), row_of<T>(step.kept, row),
                               state_row<T>(step.next, 1, row), state_row<T>(step.state, 1, row),
                               width);
        case RecurrentCell::GRU:
          return gru_row_grad(to, row_of<T>(gh, row), dh, row_of<T>(step.kept, row),
                              state_row<T>(step.state, 0, row), width);
      }
    });
  });
}

}  // namespace gradus::kernels
