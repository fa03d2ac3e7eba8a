#include "framework/kernels/matmul.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/primitive_cache.h"

#include <array>
#include <cstring>

namespace gradus::kernels {
namespace {

constexpr std::int64_t kTiny = 1024;          // multiply-adds below which a plain loop wins
constexpr std::int64_t kBlockWork = 1500000;  // multiply-adds worth a task of their own
constexpr std::int64_t kMostBlocks = 16;
constexpr std::int64_t kBlockRounding = 32;  // rows or columns: whole tiles of the kernels

// A matrix as oneDNN takes it: one of its strides is 1, the other spans at least a line.
bool is_plain(const View& m) {
  const auto lines_up = [&](int line, int step) {
    return m.strides[line] == 1 && m.strides[step] >= m.sizes[line];
  };
  return lines_up(1, 0) || lines_up(0, 1);
}

// Sizes of 1 leave a stride without meaning; oneDNN still reads it, so it gets a plain value.
View normalised(View m) {
  if (m.sizes[0] == 1 && m.sizes[1] == 1) m.strides = {1, 1};
  if (m.sizes[0] == 1 && m.sizes[1] != 1 && m.strides[1] == 1) m.strides[0] = m.sizes[1];
  if (m.sizes[1] == 1 && m.sizes[0] != 1) m.strides[1] = m.strides[0] == 1 ? m.sizes[0] : 1;
  return m;
}

// The matrix itself where oneDNN can read it, else a dense copy in `storage`.
View plain(const View& matrix, std::unique_ptr<Scratch<>>& storage) {
  const View m = normalised(matrix);
  if (is_plain(m)) return m;
  const std::int64_t numel = m.sizes.numel();
  storage = std::make_unique<Scratch<>>(numel * static_cast<std::int64_t>(size_of(m.dtype)));
  const View copied{storage->data(), m.dtype, m.sizes, contiguous_strides(m.sizes)};
  copy(copied, m);
  return copied;
}

void run_block(const View& out, const View& a, const View& b, const View& bias) {
  const bool biased = bias.data != nullptr;
  PrimitiveKey key('m');
  key.add(a.sizes).add(a.strides).add(b.sizes).add(b.strides).add(out.strides).add(biased ? 1 : 0);
  const auto primitive = cached_primitive(key, [&] {
    const auto desc = [](const View& v) { return dnnl_desc(v.sizes, v.strides, v.dtype); };
    const Shape row = {1, out.sizes[1]};
    const auto pd =
        biased ? make_pd<dnnl::matmul>(desc(a), desc(b),
                                       dnnl_desc(row, contiguous_strides(row), kFloat32), desc(out))
               : make_pd<dnnl::matmul>(desc(a), desc(b), desc(out));
    return std::make_shared<const Primitive>(pd, dnnl::matmul());
  });
  if (biased) {
    execute(*primitive, {{DNNL_ARG_SRC, a.data},
                         {DNNL_ARG_WEIGHTS, b.data},
                         {DNNL_ARG_BIAS, bias.data},
                         {DNNL_ARG_DST, out.data}});
  } else {
    execute(*primitive,
            {{DNNL_ARG_SRC, a.data}, {DNNL_ARG_WEIGHTS, b.data}, {DNNL_ARG_DST, out.data}});
  }
}

// Rows [begin, end) or columns of a matrix.
View part(const View& m, int dim, std::int64_t begin, std::int64_t end) {
  View view = m.shifted(begin * m.strides[dim]);
  view.sizes[dim] = end - begin;
  return view;
}

void matmul_dnnl(const View& out, const View& a_any, const View& b_any, const View& bias) {
  std::unique_ptr<Scratch<>> a_copy;
  std::unique_ptr<Scratch<>> b_copy;
  const View a = plain(a_any, a_copy);
  const View b = plain(b_any, b_copy);
  const std::int64_t rows = out.sizes[0];
  const std::int64_t columns = out.sizes[1];
  const int dim = rows >= columns ? 0 : 1;
  const std::int64_t work = rows * columns * a.sizes[1];
  const std::int64_t blocks = std::clamp<std::int64_t>(work / kBlockWork, 1, kMostBlocks);
  const std::int64_t length = out.sizes[dim];
  const std::int64_t step = (length + blocks - 1) / blocks;
  const Split split(length, (step + kBlockRounding - 1) / kBlockRounding * kBlockRounding);
  parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
    const View block = part(out, dim, begin, end);
    if (dim == 0) {
      run_block(block, normalised(part(a, 0, begin, end)), b, bias);
    } else {
      const View piece = bias.data == nullptr ? bias : bias.shifted(begin);
      run_block(block, a, normalised(part(b, 1, begin, end)), piece);
    }
  });
}

// f64 and bf16: panels of both matrices are packed as doubles, a tile of the result stays in
// registers over the whole inner dim, and each element is rounded once.
constexpr std::int64_t kTileRows = 6;
constexpr std::int64_t kTileColumns = 8;
constexpr std::int64_t kTaskRows = 96;
constexpr std::int64_t kTaskColumns = 256;

// Rows [begin, begin + count) of a matrix (columns, if it is given flipped), element k of each next
// to each other, in panels of kWidth; zeros beyond the edge.
template <class T, std::int64_t kWidth>
void pack(double* to, const View& m, std::int64_t begin, std::int64_t count) {
  const std::int64_t inner = m.sizes[1];
  for (std::int64_t first = 0; first < count; first += kWidth) {
    const std::int64_t filled = std::min(kWidth, count - first);
    for (std::int64_t k = 0; k < inner; ++k, to += kWidth) {
      const T* from = m.as<T>() + (begin + first) * m.strides[0] + k * m.strides[1];
      for (std::int64_t i = 0; i < kWidth; ++i) {
        to[i] = i < filled ? static_cast<double>(from[i * m.strides[0]]) : 0.0;
      }
    }
  }
}

// The products of one panel of rows and one of columns.
using Tile = std::array<std::array<double, kTileColumns>, kTileRows>;
Tile multiply(const double* __restrict a, const double* __restrict b, std::int64_t inner) {
  using Vector [[gnu::vector_size(32)]] = double;
  constexpr std::size_t kVectors = kTileColumns * sizeof(double) / sizeof(Vector);
  Vector sums[kTileRows][kVectors] = {};
  for (std::int64_t k = 0; k < inner; ++k, a += kTileRows, b += kTileColumns) {
    Vector row[kVectors];
    for (std::size_t j = 0; j < kVectors; ++j) {
      std::memcpy(&row[j], b + j * sizeof(Vector) / sizeof(double), sizeof(Vector));
    }
    for (std::int64_t i = 0; i < kTileRows; ++i) {
      for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] += a[i] * row[j];
    }
  }
  Tile tile;
  std::memcpy(&tile, sums, sizeof(tile));
  return tile;
}

template <class T>
void store(const View& out, std::int64_t row, std::int64_t column, const Tile& tile,
           const View& bias) {
  const std::int64_t rows = std::min(kTileRows, out.sizes[0] - row);
  const std::int64_t columns = std::min(kTileColumns, out.sizes[1] - column);
  for (std::int64_t i = 0; i < rows; ++i) {
    T* to = out.as<T>() + (row + i) * out.strides[0] + column * out.strides[1];
    for (std::int64_t j = 0; j < columns; ++j) {
      double value = tile[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
      if (bias.data != nullptr) {
        value += static_cast<double>(bias.as<T>()[(column + j) * bias.strides[0]]);
      }
      to[j * out.strides[1]] = static_cast<T>(value);
    }
  }
}

// One task: a block of rows by a block of columns.
template <class T>
void packed_block(const View& out, const View& a, const View& b_flipped, const View& bias,
                  std::int64_t row, std::int64_t column) {
  const std::int64_t inner = a.sizes[1];
  const std::int64_t rows = std::min(kTaskRows, out.sizes[0] - row);
  const std::int64_t end = std::min(column + kTaskColumns, out.sizes[1]);
  Scratch<double> left((rows + kTileRows - 1) / kTileRows * kTileRows * inner);
  Scratch<double> right(kTileColumns * inner);
  pack<T, kTileRows>(left.data(), a, row, rows);
  for (std::int64_t c = column; c < end; c += kTileColumns) {
    pack<T, kTileColumns>(right.data(), b_flipped, c, std::min(kTileColumns, end - c));
    for (std::int64_t r = 0; r < rows; r += kTileRows) {
      store<T>(out, row + r, c, multiply(&left[r * inner], right.data(), inner), bias);
    }
  }
}

void matmul_packed(const View& out, const View& a, const View& b, const View& bias) {
  const View b_flipped = b.with({b.sizes[1], b.sizes[0]}, {b.strides[1], b.strides[0]});
  const std::int64_t wide = (out.sizes[1] + kTaskColumns - 1) / kTaskColumns;
  const std::int64_t high = (out.sizes[0] + kTaskRows - 1) / kTaskRows;
  dispatch_floating(out.dtype, [&]<class T>(T) {
    parallel_for(high * wide, [&](std::int64_t task) {
      packed_block<T>(out, a, b_flipped, bias, task / wide * kTaskRows, task % wide * kTaskColumns);
    });
  });
}

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

}  // namespace

void matmul_naive(const View& out, const View& a, const View& b, const View& bias) {
  dispatch(out.dtype, [&]<class T>(T) { naive<T>(out, a, b, bias); });
}

void matmul(const View& out, const View& a, const View& b, const View& bias) {
  const std::int64_t work = out.sizes.numel() * a.sizes[1];
  const bool plain_bias = bias.data == nullptr || bias.strides[0] == 1 || bias.sizes[0] == 1;
  const View target = normalised(out);
  if (out.dtype == kFloat32 && work > kTiny && is_plain(target) && plain_bias) {
    matmul_dnnl(target, a, b, bias);
  } else if (is_floating(out.dtype) && out.dtype != kFloat32 && work > kTiny) {
    matmul_packed(out, a, b, bias);
  } else {
    matmul_naive(out, a, b, bias);
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
  parallel_for(Split(batches, kBlockWork / (work + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   matmul(matrix(out, i), matrix(a, i), matrix(b, i));
                 }
               });
}

}  // namespace gradus::kernels
