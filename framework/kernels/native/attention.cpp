#include "framework/kernels/native/attention.h"
#include "framework/kernels/vector_math.h"

#include <cstring>
#include <limits>

#if defined(__FMA__)
#include <immintrin.h>
#endif

GRADUS_LEVEL_BEGIN
namespace {

#include "framework/kernels/native/vectors.h"

#if defined(GRADUS_COMPILES_AVX512)
constexpr std::int64_t kTileRows = 8;
#else
constexpr std::int64_t kTileRows = 4;
#endif
template <class C>
constexpr std::int64_t kTileColumns = 2 * kLength<C>;  // divides kAttentionPanel

// A left operand: element (i, k) of any strides.
template <class C>
struct Left {
  const C* data;
  std::int64_t row;
  std::int64_t step;

  [[nodiscard, gnu::always_inline]] Left from(std::int64_t i) const {
    return {data + i * row, row, step};
  }
};

// A right operand: element (k, c) at at(c)[k * step].
template <class C>
struct Right {
  const C* data;
  std::int64_t step;
  std::int64_t panel;  // from a panel of columns to the next

  [[nodiscard, gnu::always_inline]] const C* at(std::int64_t c) const {
    return data + c / kAttentionPanel * panel + c % kAttentionPanel;
  }
};

struct Span {
  std::int64_t begin;
  std::int64_t end;
};

// kRows rows of a tile of columns, the sum over the k in `inner`, in order.
template <std::int64_t kRows, class C>
[[gnu::always_inline]] inline void multiply(C* __restrict to, std::int64_t pitch,
                                            const Left<C>& left, const C* __restrict right,
                                            std::int64_t step, const Span& inner, C scale) {
  Vector<C> sums[kRows][2] = {};
  for (std::int64_t k = inner.begin; k < inner.end; ++k) {
    const Vector<C> low = load(right + k * step);
    const Vector<C> high = load(right + k * step + kLength<C>);
    const C* a = left.data + k * left.step;
    for (std::int64_t i = 0; i < kRows; ++i) {
      const Vector<C> factor = Vector<C>{} + a[i * left.row];
      sums[i][0] = mul_add(factor, low, sums[i][0]);
      sums[i][1] = mul_add(factor, high, sums[i][1]);
    }
  }
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t half = 0; half < 2; ++half) {
      const Vector<C> scaled = sums[i][half] * scale;
      std::memcpy(to + i * pitch + half * kLength<C>, &scaled, sizeof scaled);
    }
  }
}

// Rows of left x right to `to`, whole panels of columns.
template <class C>
[[gnu::always_inline]] inline void multiply_rows(C* __restrict to, std::int64_t pitch,
                                                 const Left<C>& left, const Right<C>& right,
                                                 std::int64_t rows, std::int64_t columns,
                                                 const Span& inner, C scale) {
  for (std::int64_t c = 0; c < columns; c += kTileColumns<C>) {
    std::int64_t i = 0;
    const auto tile = [&]<std::int64_t kRows>(std::integral_constant<std::int64_t, kRows>) {
      for (; i + kRows <= rows; i += kRows) {
        multiply<kRows>(to + i * pitch + c, pitch, left.from(i), right.at(c), right.step, inner,
                        scale);
      }
    };
    tile(std::integral_constant<std::int64_t, kTileRows>());
    tile(std::integral_constant<std::int64_t, 4>());
    tile(std::integral_constant<std::int64_t, 1>());
  }
}

// Takes scratch memory piece by piece.
template <class C>
struct Pool {
  C* next;
  C* take(std::int64_t count) {
    C* result = next;
    next += count;
    return result;
  }
};

// The rows of a matrix as a right operand (and, through left(), as a left one): the matrix itself
// where its rows are whole panels, else a copy.
template <class T, class C>
[[gnu::always_inline]] inline Right<C> rows_of(const Strided<const T>& m, std::int64_t rows,
                                               std::int64_t columns, Pool<C>& pool) {
  if constexpr (std::is_same_v<T, C>) {
    if (m.column == 1 && columns % kAttentionPanel == 0) return {m.data, m.row, kAttentionPanel};
  }
  const std::int64_t pitch = in_panels(columns);
  C* copy = pool.take(rows * pitch);
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* from = m.data + i * m.row;
    C* to = copy + i * pitch;
    for (std::int64_t c = 0; c < columns; ++c) to[c] = static_cast<C>(from[c * m.column]);
    for (std::int64_t c = columns; c < pitch; ++c) to[c] = C{};
  }
  return {copy, pitch, kAttentionPanel};
}

template <class C>
[[gnu::always_inline]] inline Left<C> left(const Right<C>& rows) {
  return {rows.data, rows.step, 1};
}

// The transpose of a matrix as a right operand, in panels.
template <class T, class C>
[[gnu::always_inline]] inline Right<C> flipped(const Strided<const T>& m, std::int64_t rows,
                                               std::int64_t columns, Pool<C>& pool) {
  C* copy = pool.take(in_panels(rows) * columns);
  for (std::int64_t begin = 0; begin < rows; begin += kAttentionPanel) {
    C* panel = copy + begin * columns;
    const std::int64_t filled = rows - begin < kAttentionPanel ? rows - begin : kAttentionPanel;
    if (filled < kAttentionPanel) std::memset(panel, 0, sizeof(C) * kAttentionPanel * columns);
    for (std::int64_t i = 0; i < filled; ++i) {
      const T* from = m.data + (begin + i) * m.row;
      for (std::int64_t c = 0; c < columns; ++c) {
        panel[c * kAttentionPanel + i] = static_cast<C>(from[c * m.column]);
      }
    }
  }
  return {copy, kAttentionPanel, kAttentionPanel * columns};
}

// Who sees whom, under causality.
template <class T>
struct Sight {
  std::int64_t queries;
  std::int64_t keys;
  bool causal;

  explicit Sight(const AttentionHead<T>& head)
      : queries(head.queries), keys(head.keys), causal(head.causal) {}
  /// The keys that query i sees: those before.
  [[nodiscard]] std::int64_t of_query(std::int64_t i) const {
    return causal && i + 1 < keys ? i + 1 : keys;
  }
  /// Those that a block of queries sees.
  [[nodiscard]] std::int64_t of_block(std::int64_t first) const {
    return of_query(first + kAttentionRows - 1);
  }
  /// The queries that see a block of keys, in part at least.
  [[nodiscard]] Span of_keys(std::int64_t first) const {
    return {!causal ? 0 : (first < queries ? first : queries), queries};
  }
};

template <class F>
[[gnu::always_inline]] inline void in_blocks(std::int64_t count, F body) {
  for (std::int64_t i = 0; i < count; i += kAttentionRows) {
    body(i, count - i < kAttentionRows ? count - i : kAttentionRows);
  }
}

// Copies rows out of scratch memory into a matrix of any strides.
template <class T, class C>
[[gnu::always_inline]] inline void put(const Strided<T>& to, std::int64_t first, const C* from,
                                       std::int64_t pitch, std::int64_t rows,
                                       std::int64_t columns) {
  for (std::int64_t i = 0; i < rows; ++i) {
    T* row = to.data + (first + i) * to.row;
    const C* in = from + i * pitch;
    if (to.column == 1) {
      for (std::int64_t c = 0; c < columns; ++c) row[c] = static_cast<T>(in[c]);
    } else {
      for (std::int64_t c = 0; c < columns; ++c) row[c * to.column] = static_cast<T>(in[c]);
    }
  }
}

// Sums of rows run in so many lanes at every level, which gives them the same bits.
constexpr std::int64_t kRowLanes = 16;
template <class C>
constexpr std::int64_t kParts = kRowLanes / kLength<C>;

template <std::int64_t kCount, class C>
[[gnu::always_inline]] inline C sum_of(const C* lanes) {
  if constexpr (kCount == 1) {
    return *lanes;
  } else {
    return sum_of<kCount / 2>(lanes) + sum_of<kCount / 2>(lanes + kCount / 2);
  }
}

template <std::int64_t kCount, class C>
[[gnu::always_inline]] inline C largest_of(const C* lanes) {
  if constexpr (kCount == 1) {
    return *lanes;
  } else {
    const C a = largest_of<kCount / 2>(lanes);
    const C b = largest_of<kCount / 2>(lanes + kCount / 2);
    return a > b ? a : b;
  }
}

// The sum of the vectors term(j) over whole panels.
template <class C, class Term>
[[gnu::always_inline]] inline C row_sum(std::int64_t columns, Term term) {
  Vector<C> sums[kParts<C>] = {};
  for (std::int64_t j = 0; j < columns; j += kRowLanes) {
    for (std::int64_t p = 0; p < kParts<C>; ++p) sums[p] += term(j + p * kLength<C>);
  }
  C lanes[kRowLanes];
  std::memcpy(lanes, sums, sizeof lanes);
  return sum_of<kRowLanes>(lanes);
}

// Elements from `count` on become `value`; they lie in the last panels of `columns`.
template <class C>
[[gnu::always_inline]] inline void fill_rest(C* row, std::int64_t count, std::int64_t columns,
                                             C value) {
  using Index = std::conditional_t<sizeof(C) == 8, std::int64_t, std::int32_t>;
  using Indices [[gnu::vector_size(kVectorBytes)]] = Index;
  Indices lane;
  for (std::int64_t l = 0; l < kLength<C>; ++l) lane[l] = static_cast<Index>(l);
  for (std::int64_t j = count / kLength<C> * kLength<C>; j < columns; j += kLength<C>) {
    const Indices kept = lane < static_cast<Index>(count - j);
    const Vector<C> values = kept ? load(row + j) : Vector<C>{} + value;
    std::memcpy(row + j, &values, sizeof values);
  }
}

// The softmax of the first `count` scores of a row of whole panels; zeros in their rest, and in a
// row that sees nothing.
template <class C>
[[gnu::always_inline]] inline void softmax_row(C* row, std::int64_t count, std::int64_t columns) {
  constexpr C kLeast = -std::numeric_limits<C>::infinity();
  fill_rest(row, count, columns, kLeast);
  Vector<C> tops[2] = {Vector<C>{} + kLeast, Vector<C>{} + kLeast};  // NaN is passed over
  for (std::int64_t j = 0; j < columns; j += 2 * kLength<C>) {
    for (std::int64_t p = 0; p < 2; ++p) {
      const Vector<C> scores = load(row + j + p * kLength<C>);
      tops[p] = scores > tops[p] ? scores : tops[p];
    }
  }
  const Vector<C> higher = tops[1] > tops[0] ? tops[1] : tops[0];
  C lanes[kLength<C>];
  std::memcpy(lanes, &higher, sizeof lanes);
  C top = largest_of<kLength<C>>(lanes);
  if (top == kLeast) top = 0;
  for (std::int64_t j = 0; j < columns; ++j) row[j] = exp_or_zero(row[j] - top);
  const C total = row_sum<C>(columns, [row](std::int64_t j) { return load(row + j); });
  const C scale = total == 0 ? C{} : 1 / total;
  for (std::int64_t j = 0; j < columns; ++j) row[j] *= scale;
}

// gs = p * (gp - sum(p * gp)) over the first `count` elements, in the place of gp; zeros in the
// rest of the panels.
template <class C>
[[gnu::always_inline]] inline void softmax_row_grad(C* __restrict gp, const C* __restrict p,
                                                    std::int64_t count, std::int64_t columns) {
  fill_rest(gp, count, columns, C{});
  const C shared = row_sum<C>(columns, [=](std::int64_t j) { return load(p + j) * load(gp + j); });
  for (std::int64_t j = 0; j < columns; ++j) gp[j] = p[j] * (gp[j] - shared);
}

template <class T>
[[gnu::flatten]] void forward(const AttentionHead<T>& head, const Strided<T>& out,
                              Compute<T>* scratch) {
  using C = Compute<T>;
  Pool<C> pool{scratch};
  const Sight<T> sight(head);
  const std::int64_t pitch = in_panels(head.keys);
  const std::int64_t value_pitch = in_panels(head.value_width);
  const Right<C> keys = flipped<T, C>(head.k, head.keys, head.width, pool);
  const Right<C> values = rows_of<T, C>(head.v, head.keys, head.value_width, pool);
  const Left<C> queries = left(rows_of<T, C>(head.q, head.queries, head.width, pool));
  C* few_weights = pool.take(kAttentionRows * pitch);
  C* block = pool.take(kAttentionRows * value_pitch);
  in_blocks(head.queries, [&](std::int64_t first, std::int64_t rows) {
    const std::int64_t seen = sight.of_block(first);
    const std::int64_t columns = in_panels(seen);
    C* weights = head.weights == nullptr ? few_weights : head.weights + first * pitch;
    multiply_rows(weights, pitch, queries.from(first), keys, rows, columns, {0, head.width},
                  head.scale);
    for (std::int64_t i = 0; i < rows; ++i) {
      softmax_row(weights + i * pitch, sight.of_query(first + i), columns);
    }
    multiply_rows(block, value_pitch, {weights, pitch, 1}, values, rows, value_pitch, {0, seen},
                  C{1});
    put(out, first, block, value_pitch, rows, head.value_width);
  });
}

template <class T>
[[gnu::flatten]] void backward(const AttentionHead<T>& head, const AttentionGradients<T>& to,
                               Compute<T>* scratch) {
  using C = Compute<T>;
  Pool<C> pool{scratch};
  const Sight<T> sight(head);
  const std::int64_t pitch = in_panels(head.keys);
  const std::int64_t width = in_panels(head.width);
  const std::int64_t value_width = in_panels(head.value_width);
  const Right<C> values = flipped<T, C>(head.v, head.keys, head.value_width, pool);
  const Right<C> g = rows_of<T, C>(to.g, head.queries, head.value_width, pool);
  const Right<C> q = rows_of<T, C>(head.q, head.queries, head.width, pool);
  const Right<C> k = rows_of<T, C>(head.k, head.keys, head.width, pool);
  C* gscores = pool.take(head.queries * pitch);
  C* block = pool.take(kAttentionRows * (width > value_width ? width : value_width));
  in_blocks(head.queries, [&](std::int64_t first, std::int64_t rows) {
    const std::int64_t seen = sight.of_block(first);
    C* gs = gscores + first * pitch;
    const std::int64_t columns = in_panels(seen);
    multiply_rows(gs, pitch, left(g).from(first), values, rows, columns, {0, head.value_width},
                  C{1});
    for (std::int64_t i = 0; i < rows; ++i) {
      softmax_row_grad(gs + i * pitch, head.weights + (first + i) * pitch,
                       sight.of_query(first + i), columns);
    }
    multiply_rows(block, width, {gs, pitch, 1}, k, rows, width, {0, seen}, head.scale);
    put(to.q, first, block, width, rows, head.width);
  });
  in_blocks(head.keys, [&](std::int64_t first, std::int64_t rows) {
    const Span seen_by = sight.of_keys(first);
    multiply_rows(block, value_width, {head.weights + first, 1, pitch}, g, rows, value_width,
                  seen_by, C{1});
    put(to.v, first, block, value_width, rows, head.value_width);
    multiply_rows(block, width, {gscores + first, 1, pitch}, q, rows, width, seen_by, head.scale);
    put(to.k, first, block, width, rows, head.width);
  });
}

}  // namespace

extern const AttentionLoops kAttention;
const AttentionLoops kAttention = {.f32 = {forward<float>, backward<float>},
                                   .f64 = {forward<double>, backward<double>},
                                   .bf16 = {forward<BFloat16>, backward<BFloat16>}};
GRADUS_LEVEL_END
GRADUS_CHOOSE(AttentionLoops, kAttention, attention_loops)
