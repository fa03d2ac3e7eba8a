// The product of two matrices on oneDNN, cut into blocks that may run in any order and at once.
//
// The blocks are fixed by the sizes alone, so the bits do not depend on the number of threads.
// A block runs on oneDNN's matmul, whose fast kernels take dense matrices only (what is not dense
// is copied, a block at a time), or on its sgemm, which takes any steps: whichever is faster.
// Thread rules: run() may be called from any thread, once a block.
#pragma once

#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/view.h"

#include <memory>

namespace gradus::kernels {

/// A matrix in memory: rows of `columns` elements (or, if flipped, columns of `rows` elements),
/// each `step` elements after the one before.
struct Matrix {
  std::byte* data = nullptr;
  DType dtype = kFloat32;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t step = 0;
  bool flipped = false;

  [[nodiscard]] std::int64_t line() const { return flipped ? rows : columns; }
  [[nodiscard]] std::int64_t lines() const { return flipped ? columns : rows; }
  [[nodiscard]] bool is_dense() const { return step == line() || lines() == 1; }
  /// Rows (dim 0) or columns (dim 1) [begin, end).
  [[nodiscard]] Matrix part(int dim, std::int64_t begin, std::int64_t end) const;
  [[nodiscard]] Matrix transposed() const { return {data, dtype, columns, rows, step, !flipped}; }
};

/// The view as a Matrix; a dense copy of it, kept in `storage`, where its strides allow none.
Matrix as_matrix(const View& view, std::unique_ptr<Scratch<>>& storage);

/// A dense copy of a matrix, in the same order.
void copy_dense(std::byte* to, const Matrix& from);

/// out [M, N] = a [M, K] x b [K, N], K > 0, f32 or bf16 (in f32, and rounded, where it is not
/// native). `out` may be f32 for inputs of bf16; one of its strides must be 1.
class Product {
 public:
  /// What is done to a finished block of `out`: epilogue(block, its first row, its first column).
  using Epilogue = FunctionRef<void(const Matrix&, std::int64_t, std::int64_t)>;

  /// `bias` [N], if any, is for the caller to add in an epilogue, unless adds_bias() is true.
  Product(const View& out, const View& a, const View& b, const View& bias = {});

  /// Whether the kernels add the bias, which costs them nothing.
  [[nodiscard]] bool adds_bias() const { return bias_ != nullptr; }

  [[nodiscard]] std::int64_t blocks() const { return split_.chunks; }
  void run(std::int64_t block) const;
  void run(std::int64_t block, Epilogue epilogue) const;
  /// All blocks.
  void run() const;

 private:
  struct Block {
    Matrix out;
    Matrix a;
    Matrix b;
    std::int64_t row;
    std::int64_t column;

    /// sgemm needs no copies, and is the faster one where `a` is read by columns (of a core's 267
    /// GFLOP/s, weight gradients of 32 to 128 rows reach 254 to 268 on it, 195 to 250 on matmul, on
    /// an AMD EPYC with AVX-512). Where `b` is, matmul is (235 against 78 to 224 for 64 rows).
    [[nodiscard]] bool suits_sgemm() const;
  };
  [[nodiscard]] Block block(std::int64_t index) const;

  std::unique_ptr<Scratch<>> a_copy_;
  std::unique_ptr<Scratch<>> b_copy_;
  Matrix a_;
  Matrix b_;
  Matrix out_;  // never flipped: then the transposed product is computed
  std::byte* bias_ = nullptr;
  bool transposed_;
  int dim_ = 0;  // whether blocks are rows or columns
  Split split_{0, 1};
};

}  // namespace gradus::kernels
