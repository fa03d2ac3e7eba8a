#include "framework/kernels/elementwise.h"
#include "framework/kernels/matmul.h"
#include "framework/kernels/memory.h"

#include <array>
#include <cstring>

namespace gradus::kernels {
namespace {

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

}  // namespace

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

}  // namespace gradus::kernels
