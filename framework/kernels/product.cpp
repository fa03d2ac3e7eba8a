#include "framework/kernels/product.h"
#include "framework/kernels/cpu.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/primitive_cache.h"
#include "framework/kernels/profile.h"

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

// `bias` is null but for products of float32, and may be null there.
void multiply_dnnl(const Matrix& out, const Matrix& a, const Matrix& b, std::byte* bias) {
  PrimitiveKey key('m');
  key.add(a.rows).add(a.columns).add(b.columns);
  key.add((a.flipped ? 1 : 0) + (b.flipped ? 2 : 0) + (bias != nullptr ? 4 : 0));
  key.add(static_cast<std::int64_t>(a.dtype)).add(static_cast<std::int64_t>(out.dtype));
  const auto primitive = cached_primitive(key, [&] {
    const auto in_row = dnnl_desc({1, b.columns}, {b.columns, 1}, kFloat32);
    const auto pd =
        bias == nullptr
            ? make_pd<dnnl::matmul>(dense_desc(a), dense_desc(b), dense_desc(out))
            : make_pd<dnnl::matmul>(dense_desc(a), dense_desc(b), in_row, dense_desc(out));
    return std::make_shared<const Primitive>(pd, dnnl::matmul());
  });
  const PrimitiveArg from{DNNL_ARG_SRC, a.data};
  const PrimitiveArg by{DNNL_ARG_WEIGHTS, b.data};
  const PrimitiveArg to{DNNL_ARG_DST, out.data};
  if (bias == nullptr) return execute(*primitive, {from, by, to});
  execute(*primitive, {from, by, {DNNL_ARG_BIAS, bias}, to});
}

#if defined(__x86_64__)
constexpr bool kHasFastSgemm = true;
#else
constexpr bool kHasFastSgemm = false;
#endif

// By sgemm, which takes any steps.
void multiply_strided(const Matrix& out, const Matrix& a, const Matrix& b) {
  if (profile::is_on()) profile::count_kernel("sgemm", a.rows * a.columns * b.columns);
  const auto floats = [](const Matrix& m) { return reinterpret_cast<float*>(m.data); };
  const auto order = [](const Matrix& m) { return m.flipped ? 'T' : 'N'; };
  const SingleThread single;
  named_errors([&] {
    dnnl::error::wrap_c_api(
        dnnl_sgemm(order(a), order(b), a.rows, b.columns, a.columns, 1, floats(a), a.step,
                   floats(b), b.step, 0, floats(out), out.step),
        "sgemm failed");
  });
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
  if (out.dtype == kFloat32) return multiply_dnnl(out, wide_a, wide_b, nullptr);
  Scratch<float> out_storage(out.rows * out.columns);
  const Matrix wide_out = in_float(out, out_storage);
  multiply_dnnl(wide_out, wide_a, wide_b, nullptr);
  copy(numbers(out), numbers(wide_out));
}

void multiply(const Matrix& out, const Matrix& a, const Matrix& b, std::byte* bias) {
  if (a.dtype == kBFloat16 && !has_native_bfloat16()) return multiply_in_float(out, a, b);
  multiply_dnnl(out, a, b, bias);
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

// The product of dense copies.
void multiply_in_dense(const Matrix& out, const Matrix& a, const Matrix& b, std::byte* bias) {
  const Dense dense_a(a);
  const Dense dense_b(b);
  if (out.is_dense()) return multiply(out, dense_a.get(), dense_b.get(), bias);
  Scratch<> result(bytes_of(out));
  const Matrix dense{result.data(), out.dtype, out.rows, out.columns, out.columns, false};
  multiply(dense, dense_a.get(), dense_b.get(), bias);
  const auto size = static_cast<std::int64_t>(size_of(out.dtype));
  const auto line = static_cast<std::size_t>(out.columns * size);
  for (std::int64_t r = 0; r < out.rows; ++r) {
    std::memcpy(out.data + r * out.step * size, dense.data + r * out.columns * size, line);
  }
}

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

Product::Product(const View& out, const View& a, const View& b, const View& bias)
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
  const bool plain = bias.data != nullptr && bias.dtype == kFloat32 && bias.strides[0] == 1;
  // If the first block, the largest, does not suit sgemm, none does.
  if (plain && a_.dtype == kFloat32 && !transposed_ && !block(0).suits_sgemm()) {
    bias_ = bias.as<std::byte>();
  }
}

bool Product::Block::suits_sgemm() const {
  const bool dense = out.is_dense() && a.is_dense() && b.is_dense();
  return kHasFastSgemm && a.dtype == kFloat32 && (a.flipped || (!b.flipped && !dense));
}

void Product::run(std::int64_t block) const {
  run(block, [](const Matrix&, std::int64_t, std::int64_t) {});
}

Product::Block Product::block(std::int64_t index) const {
  const std::int64_t begin = split_.begin(index);
  const std::int64_t end = split_.end(index);
  const bool by_rows = dim_ == 0;
  return {.out = out_.part(dim_, begin, end),
          .a = by_rows ? a_.part(0, begin, end) : a_,
          .b = by_rows ? b_ : b_.part(1, begin, end),
          .row = by_rows ? begin : 0,
          .column = by_rows ? 0 : begin};
}

void Product::run(std::int64_t index, Epilogue epilogue) const {
  const Block block = this->block(index);
  if (block.suits_sgemm()) {
    multiply_strided(block.out, block.a, block.b);
  } else {
    multiply_in_dense(
        block.out, block.a, block.b,
        bias_ == nullptr ? nullptr : bias_ + block.column * std::int64_t{sizeof(float)});
  }
  if (transposed_) {
    epilogue(block.out.transposed(), block.column, block.row);
  } else {
    epilogue(block.out, block.row, block.column);
  }
}

void Product::run() const {
  parallel_for(split_.chunks, [this](std::int64_t block) { run(block); });
}

}  // namespace gradus::kernels
