#include "framework/kernels/matmul.h"
#include "framework/kernels/cpu.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/product.h"
#include "framework/kernels/profile.h"

namespace gradus::kernels {
namespace {

constexpr std::int64_t kTiny = 1024;          // multiply-adds below which a plain loop wins
constexpr std::int64_t kBatchWork = 1500000;  // multiply-adds worth a task of their own

template <class T>
void naive(const View& out, const View& a, const View& b, const View& bias) {
  using Acc = std::conditional_t<is_floating(kDTypeOf<T>), double, std::int64_t>;
  const std::int64_t inner = a.sizes[1];
  const std::int64_t columns = out.sizes[1];
  parallel_for(Split(out.sizes[0], kGrain / (inner * columns + 1) + 1), [&](std::int64_t begin,
                                                                            std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        const T* x = a.as<T>() + i * a.strides[0];
        const T* y = b.as<T>() + j * b.strides[1];
        Acc total =
            bias.data == nullptr ? Acc{} : static_cast<Acc>(bias.as<T>()[j * bias.strides[0]]);
        for (std::int64_t k = 0; k < inner; ++k) {
          total += static_cast<Acc>(x[k * a.strides[1]]) * static_cast<Acc>(y[k * b.strides[0]]);
        }
        out.as<T>()[i * out.strides[0] + j * out.strides[1]] = static_cast<T>(total);
      }
    }
  });
}

// The matrix's rows times a vector: out[i] = sum of m[i][k] * v[k], in fixed lanes.
template <class T>
struct MatrixVector {
  using Acc = std::conditional_t<std::is_same_v<T, float>, float, double>;
  static constexpr std::int64_t kLanes = 32;

  static Acc dot(const T* __restrict row, const T* __restrict v, std::int64_t count) {
    Acc lanes[kLanes] = {};
    std::int64_t k = 0;
    for (; k + kLanes <= count; k += kLanes) {
      for (std::int64_t l = 0; l < kLanes; ++l) {
        lanes[l] += static_cast<Acc>(row[k + l]) * static_cast<Acc>(v[k + l]);
      }
    }
    for (std::int64_t l = 0; k < count; ++k, ++l) {
      lanes[l] += static_cast<Acc>(row[k]) * static_cast<Acc>(v[k]);
    }
    for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
      for (std::int64_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
    }
    return lanes[0];
  }

  static void run(const View& out, std::int64_t out_step, const View& m, const T* v) {
    const std::int64_t count = m.sizes[1];
    parallel_for(Split(m.sizes[0], 4 * kGrain / count + 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const T* row = m.as<T>() + i * m.strides[0];
                     out.as<T>()[i * out_step] = static_cast<T>(dot(row, v, count));
                   }
                 });
  }
};

View transposed(const View& m) {
  return m.with({m.sizes[1], m.sizes[0]}, {m.strides[1], m.strides[0]});
}

// out [M, 1] = a [M, K] x b [K, 1], where a's rows and b lie in one piece; false if they do not.
bool matrix_vector(const View& out, const View& a, const View& b) {
  if (out.sizes[1] != 1 || a.strides[1] != 1 || b.strides[0] != 1) return false;
  dispatch_floating(out.dtype,
                    [&]<class T>(T) { MatrixVector<T>::run(out, out.strides[0], a, b.as<T>()); });
  return true;
}

// block = f(block + bias from `column` on); its rows lie in one piece.
void finish(const Matrix& block, const View& bias, std::int64_t column, Activation activation) {
  dispatch_floating(block.dtype, [&]<class T>(T) {
    const T* shift = bias.data == nullptr ? nullptr : bias.as<T>() + column * bias.strides[0];
    for (std::int64_t r = 0; r < block.rows; ++r) {
      T* __restrict row = reinterpret_cast<T*>(block.data) + r * block.step;
      if (shift != nullptr) {
        for (std::int64_t c = 0; c < block.columns; ++c)
          row[c] = static_cast<T>(row[c] + shift[c * bias.strides[0]]);
      }
      activate(activation, block.dtype, row, block.columns);
    }
  });
}

void matmul_dnnl(const View& out, const View& a, const View& b, const View& bias,
                 Activation activation) {
  const Product product(out, a, b, bias);
  const View rest = product.adds_bias() ? View{} : bias;
  if (rest.data == nullptr && activation == Activation::None) return product.run();
  parallel_for(product.blocks(), [&](std::int64_t i) {
    product.run(i, [&](const Matrix& block, std::int64_t /*row*/, std::int64_t column) {
      finish(block, rest, column, activation);
    });
  });
}

// out = f(block + bias), rounded once.
template <class Bias>
void finish_bfloat16(const View& out, const Matrix& block, std::int64_t row, std::int64_t column,
                     const Bias* bias, Activation activation) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    float* __restrict sums = reinterpret_cast<float*>(block.data) + r * block.step;
    if (bias != nullptr) {
      for (std::int64_t c = 0; c < block.columns; ++c) {
        sums[c] += static_cast<float>(bias[column + c]);
      }
    }
    activate(activation, kFloat32, sums, block.columns);
    BFloat16* __restrict to = out.as<BFloat16>() + (row + r) * out.strides[0] + column;
    for (std::int64_t c = 0; c < block.columns; ++c) to[c] = BFloat16(sums[c]);
  }
}

bool has_plain_rows(const View& m) {
  return m.strides[1] == 1 && (m.strides[0] >= m.sizes[1] || m.sizes[0] == 1);
}

Matrix rows_of(const View& m) {
  return {m.as<std::byte>(), m.dtype, m.sizes[0], m.sizes[1], m.strides[0], false};
}

}  // namespace

bool is_large_product(DType dtype, std::int64_t m, std::int64_t k, std::int64_t n) {
  return m * k * n > kTiny && (dtype == kFloat32 || (dtype == kBFloat16 && has_native_bfloat16()));
}

void matmul_naive(const View& out, const View& a, const View& b, const View& bias) {
  dispatch(out.dtype, [&]<class T>(T) { naive<T>(out, a, b, bias); });
}

void matmul_bfloat16(const View& out, const View& a, const View& b, const View& bias,
                     Activation activation) {
  const bool empty = a.sizes[1] == 0;
  if (out.sizes.numel() == 0) return;
  if (bias.data == nullptr && activation == Activation::None && !empty) {
    return Product(out, a, b).run();
  }
  Scratch<float> sums(out.sizes.numel());
  const View exact{sums.data(), kFloat32, out.sizes, contiguous_strides(out.sizes)};
  const auto store = [&](const Matrix& block, std::int64_t row, std::int64_t column) {
    if (bias.data == nullptr || bias.dtype == kFloat32) {
      finish_bfloat16(out, block, row, column, bias.as<float>(), activation);
    } else {
      finish_bfloat16(out, block, row, column, bias.as<BFloat16>(), activation);
    }
  };
  if (empty) {
    fill(exact, 0);
    return store(rows_of(exact), 0, 0);
  }
  const Product product(exact, a, b);
  parallel_for(product.blocks(), [&](std::int64_t i) { product.run(i, store); });
}

void matmul(const View& out, const View& a, const View& b, const View& bias,
            Activation activation) {
  const bool plain = bias.data == nullptr && activation == Activation::None;
  const std::int64_t work = out.sizes.numel() * a.sizes[1];
  const bool large = work > kTiny && is_floating(out.dtype);
  const bool by_rows = has_plain_rows(out);
  const bool rounds_once = bias.data == nullptr || out.dtype != kBFloat16;
  if (large && (plain || by_rows) && rounds_once &&
      (matrix_vector(out, a, b) || matrix_vector(transposed(out), transposed(b), transposed(a)))) {
    if (profile::is_on()) profile::count_kernel("gradus", work);
    if (!plain) finish(rows_of(out), bias, 0, activation);
  } else if (large && out.dtype == kFloat32 &&
             (by_rows || (plain && has_plain_rows(transposed(out))))) {
    matmul_dnnl(out, a, b, bias, activation);
  } else if (large && out.dtype == kBFloat16 && by_rows && has_native_bfloat16() &&
             (bias.data == nullptr || bias.strides[0] == 1)) {
    matmul_bfloat16(out, a, b, bias, activation);
  } else if (large && out.dtype != kFloat32) {
    if (profile::is_on()) profile::count_kernel("gradus", work);
    matmul_packed(out, a, b, bias);
    if (activation != Activation::None) finish(rows_of(out), {}, 0, activation);
  } else {
    if (profile::is_on()) profile::count_kernel("gradus", work);
    matmul_naive(out, a, b, bias);
    if (activation != Activation::None) finish(rows_of(out), {}, 0, activation);
  }
}

void batched_matmul(const View& out, const View& a, const View& b) {
  const int batch_dims = out.sizes.size() - 2;
  std::int64_t batches = 1;
  for (int d = 0; d < batch_dims; ++d) batches *= out.sizes[d];
  const auto matrix = [&](const View& view, std::int64_t index) {
    std::int64_t offset = 0;
    for (int d = batch_dims - 1; d >= 0; --d) {
      offset += index % out.sizes[d] * view.strides[d];
      index /= out.sizes[d];
    }
    return view.shifted(offset).with({view.sizes[batch_dims], view.sizes[batch_dims + 1]},
                                     {view.strides[batch_dims], view.strides[batch_dims + 1]});
  };
  const std::int64_t work =
      out.sizes.numel() / std::max<std::int64_t>(batches, 1) * a.sizes[batch_dims + 1];
  parallel_for(Split(batches, kBatchWork / (work + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   matmul(matrix(out, i), matrix(a, i), matrix(b, i));
                 }
               });
}

}  // namespace gradus::kernels
