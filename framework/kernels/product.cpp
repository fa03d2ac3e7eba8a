#include "framework/kernels/product.h"
#include "framework/kernels/cpu.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/primitive_cache.h"

#include <cstring>
#include <optional>

namespace gradus::kernels {
namespace {

constexpr std::int64_t kNarrow = 16;  // rows or columns that a kernel needs to be fast

// How many blocks a product is worth: tasks of more than a few microseconds, and few enough for
// the kernels to reuse what they pack.
std::int64_t blocks_for(std::int64_t multiply_adds) {
  constexpr std::int64_t kMillion = 1000000;
  if (multiply_adds < kMillion) return 1;
  if (multiply_adds < 16 * kMillion) return 2;
  if (multiply_adds < 64 * kMillion) return 4;
  return multiply_adds < 256 * kMillion ? 8 : 16;
}

Split equal_parts(std::int64_t length, std::int64_t parts, std::int64_t rounding) {
  const std::int64_t step = (length + parts - 1) / parts;
  return {length, (step + rounding - 1) / rounding * rounding};
}

dnnl::memory::desc dense_desc(const Matrix& m) {
  const Strides strides = m.flipped ? Strides{1, m.rows} : Strides{m.columns, 1};
  return dnnl_desc({m.rows, m.columns}, strides, m.dtype);
}

void multiply_dnnl(const Matrix& out, const Matrix& a, const Matrix& b) {
  PrimitiveKey key('m');
  key.add(a.rows).add(a.columns).add(b.columns);
  key.add((a.flipped ? 1 : 0) + (b.flipped ? 2 : 0));
  key.add(static_cast<std::int64_t>(a.dtype)).add(static_cast<std::int64_t>(out.dtype));
  const auto primitive = cached_primitive(key, [&] {
    const auto pd = make_pd<dnnl::matmul>(dense_desc(a), dense_desc(b), dense_desc(out));
    return std::make_shared<const Primitive>(pd, dnnl::matmul());
  });
  execute(*primitive,
          {{DNNL_ARG_SRC, a.data}, {DNNL_ARG_WEIGHTS, b.data}, {DNNL_ARG_DST, out.data}});
}

std::int64_t bytes_of(const Matrix& m) {
  return m.rows * m.columns * static_cast<std::int64_t>(size_of(m.dtype));
}

// Dense matrices of bfloat16 in float32; a product of two is exact there, so that only the order of
// sums tells it from a native one.
void multiply_in_float(const Matrix& out, const Matrix& a, const Matrix& b) {
  const auto in_float = [](const Matrix& m, Scratch<float>& to) {
    return Matrix{
        reinterpret_cast<std::byte*>(to.data()), kFloat32, m.rows, m.columns, m.line(), m.flipped};
  };
  const auto numbers = [](const Matrix& m) {
    return View{m.data, m.dtype, {m.rows * m.columns}, {1}};
  };
  Scratch<float> a_storage(a.rows * a.columns);
  Scratch<float> b_storage(b.rows * b.columns);
  const Matrix wide_a = in_float(a, a_storage);
  const Matrix wide_b = in_float(b, b_storage);
  copy(numbers(wide_a), numbers(a));
  copy(numbers(wide_b), numbers(b));
  if (out.dtype == kFloat32) return multiply_dnnl(out, wide_a, wide_b);
  Scratch<float> out_storage(out.rows * out.columns);
  const Matrix wide_out = in_float(out, out_storage);
  multiply_dnnl(wide_out, wide_a, wide_b);
  copy(numbers(out), numbers(wide_out));
}

void multiply(const Matrix& out, const Matrix& a, const Matrix& b) {
  if (a.dtype == kBFloat16 && !has_native_bfloat16()) return multiply_in_float(out, a, b);
  multiply_dnnl(out, a, b);
}

// A matrix that is dense: itself, or a copy for the length of the scope.
class Dense {
 public:
  explicit Dense(const Matrix& m) : matrix_(m) {
    if (m.is_dense()) return;
    storage_.emplace(bytes_of(m));
    copy_dense(storage_->data(), m);
    matrix_.data = storage_->data();
    matrix_.step = m.line();
  }
  [[nodiscard]] const Matrix& get() const { return matrix_; }

 private:
  Matrix matrix_;
  std::optional<Scratch<>> storage_;
};

}  // namespace

Matrix Matrix::part(int dim, std::int64_t begin, std::int64_t end) const {
  Matrix result = *this;
  const bool along_lines = (dim == 1) != flipped;
  const std::int64_t offset = along_lines ? begin : begin * step;
  result.data += offset * static_cast<std::int64_t>(size_of(dtype));
  (dim == 0 ? result.rows : result.columns) = end - begin;
  return result;
}

Matrix as_matrix(const View& view, std::unique_ptr<Scratch<>>& storage) {
  Matrix m{view.as<std::byte>(), view.dtype, view.sizes[0], view.sizes[1], 0, false};
  const auto step = [](std::int64_t lines, std::int64_t line, std::int64_t stride) {
    return lines == 1 ? line : stride;
  };
  if (view.strides[1] == 1 || m.columns == 1) {
    m.step = step(m.rows, m.columns, view.strides[0]);
    if (m.step >= m.columns) return m;
  }
  if (view.strides[0] == 1 || m.rows == 1) {
    m.flipped = true;
    m.step = step(m.columns, m.rows, view.strides[1]);
    if (m.step >= m.rows) return m;
  }
  storage = std::make_unique<Scratch<>>(bytes_of(m));
  copy({storage->data(), view.dtype, view.sizes, contiguous_strides(view.sizes)}, view);
  return {storage->data(), view.dtype, m.rows, m.columns, m.columns, false};
}

void copy_dense(std::byte* to, const Matrix& from) {
  const auto size = static_cast<std::int64_t>(size_of(from.dtype));
  const auto bytes = static_cast<std::size_t>(from.line() * size);
  for (std::int64_t i = 0; i < from.lines(); ++i, to += bytes) {
    std::memcpy(to, from.data + i * from.step * size, bytes);
  }
}

Product::Product(const View& out, const View& a, const View& b)
    : a_(as_matrix(a, a_copy_)), b_(as_matrix(b, b_copy_)) {
  std::unique_ptr<Scratch<>> none;
  out_ = as_matrix(out, none);
  if (none) throw Error("the result of a product needs a stride of 1");
  transposed_ = out_.flipped;
  if (transposed_) {
    std::swap(a_, b_);
    a_ = a_.transposed();
    b_ = b_.transposed();
    out_ = out_.transposed();
  }
  const std::int64_t blocks = blocks_for(out_.rows * out_.columns * a_.columns);
  const bool wide = out_.columns >= kNarrow * blocks;
  const bool few_rows = out_.rows < (b_.flipped ? 4 : 1) * kNarrow * blocks;
  dim_ = wide && few_rows ? 1 : 0;
  split_ = dim_ == 0 ? equal_parts(out_.rows, blocks, 4) : equal_parts(out_.columns, blocks, 16);
}

void Product::run(std::int64_t block) const {
  run(block, [](const Matrix&, std::int64_t, std::int64_t) {});
}

void Product::run(std::int64_t block, Epilogue epilogue) const {
  const std::int64_t begin = split_.begin(block);
  const std::int64_t end = split_.end(block);
  const Matrix to = out_.part(dim_, begin, end);
  const Dense a(dim_ == 0 ? a_.part(0, begin, end) : a_);
  const Dense b(dim_ == 0 ? b_ : b_.part(1, begin, end));
  if (to.is_dense()) {
    multiply(to, a.get(), b.get());
  } else {
    Scratch<> result(bytes_of(to));
    const Matrix dense{result.data(), to.dtype, to.rows, to.columns, to.columns, false};
    multiply(dense, a.get(), b.get());
    const auto size = static_cast<std::int64_t>(size_of(to.dtype));
    const auto line = static_cast<std::size_t>(to.columns * size);
    for (std::int64_t r = 0; r < to.rows; ++r) {
      std::memcpy(to.data + r * to.step * size, dense.data + r * to.columns * size, line);
    }
  }
  const std::int64_t row = dim_ == 0 ? begin : 0;
  const std::int64_t column = dim_ == 0 ? 0 : begin;
  if (transposed_) {
    epilogue(to.transposed(), column, row);
  } else {
    epilogue(to, row, column);
  }
}

void Product::run() const {
  parallel_for(split_.chunks, [this](std::int64_t block) { run(block); });
}

}  // namespace gradus::kernels
