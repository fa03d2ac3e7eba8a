#include "framework/ops/rearrangement.h"
#include "framework/kernels/elementwise.h"
#include "framework/ops/apply.h"
#include "framework/ops/indexing.h"
#include "framework/ops/joining.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

struct Flip {
  static constexpr OpInfo kInfo{.name = "flip",
                                .doc = "The order of elements reversed along dims."};
  Shape dims;

  void describe(Attributes& a) const { a("dims", dims); }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    kernels::View from = x.raw();
    Shape seen = Shape::filled(std::max(x.dim(), 1), 0);
    for (const std::int64_t dim : dims) {
      const int d = normalize_dim(static_cast<int>(dim), x.dim());
      if (seen[d]++ != 0) throw ValueError("dim " + std::to_string(d) + " is listed twice");
      if (x.dim() == 0 || x.numel() == 0) continue;
      from = from.shifted((x.sizes()[d] - 1) * x.strides()[d]);
      from.strides[d] = -from.strides[d];
    }
    const Tensor out = empty_like(x);
    kernels::copy(out.raw(), from);
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {flip(g, dims)}; }
  static Samples samples() {
    const auto along = [](const Shape& dims) {
      return [=](Inputs in) { return flip(in[0], dims); };
    };
    return {.good = {{{sample({2, 3})}, along({0})},
                     {{sample({2, 3, 4})}, along({0, -1})},
                     {{sample({2, 3})}, along({})},
                     {{sample({})}, along({0})},
                     {{sample({0, 3})}, along({0, 1})}},
            .bad = {{{sample({2, 3})}, along({2}), "dim 2 is out of range"},
                    {{sample({2, 3})}, along({1, -1}), "dim 1 is listed twice"}}};
  }
};

// Copies the elements of each row of the last dim from first(row) to last(row); zeros elsewhere.
template <class First, class Last>
Tensor triangle(const Tensor& x, First first, Last last) {
  if (x.dim() < 2) throw ShapeError("needs at least 2 dims, got " + to_string(x.sizes()));
  const Tensor from = x.contiguous();
  Tensor out(x.sizes(), x.dtype());
  const std::int64_t columns = x.sizes().back();
  const std::int64_t rows = x.sizes()[x.dim() - 2];
  if (x.numel() == 0) return out;
  const kernels::Split split(x.numel() / columns, kernels::kGrain / columns + 1);
  kernels::dispatch(x.dtype(), [&]<class T>(T) {
    const T* source = from.data_ptr<T>();
    T* target = out.data_ptr<T>();
    kernels::parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const auto limit = [&](std::int64_t i) { return std::clamp(i, std::int64_t{0}, columns); };
        const std::int64_t a = limit(first(row % rows));
        const std::int64_t b = std::max(a, limit(last(row % rows)));
        T* to = target + row * columns;
        for (std::int64_t i = 0; i < a; ++i) to[i] = T{};
        std::copy(source + row * columns + a, source + row * columns + b, to + a);
        for (std::int64_t i = b; i < columns; ++i) to[i] = T{};
      }
    });
  });
  return out;
}

Samples triangles(Tensor (*op)(const Tensor&, std::int64_t, Location)) {
  const auto from = [op](std::int64_t diagonal) {
    return [=](Inputs in) { return op(in[0], diagonal, Location::current()); };
  };
  return {.good = {{{sample({3, 4})}, from(0)},
                   {{sample({4, 3})}, from(1)},
                   {{sample({2, 3, 3})}, from(-1)},
                   {{sample({2, 2})}, from(7)},
                   {{sample({2, 2})}, from(-7)},
                   {{sample({0, 3})}, from(0)}},
          .bad = {{{sample({3})}, from(0), "needs at least 2 dims, got [3]"}}};
}

struct Tril {
  static constexpr OpInfo kInfo{.name = "tril",
                                .doc = "The lower triangle of the last two dims; zeros above."};
  std::int64_t diagonal;

  void describe(Attributes& a) const { a("diagonal", diagonal); }
  Tensor forward(Inputs in) {
    return triangle(
        in[0], [](std::int64_t) { return std::int64_t{0}; },
        [this](std::int64_t row) { return row + diagonal + 1; });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {tril(g, diagonal)}; }
  static Samples samples() { return triangles(tril); }
};

struct Triu {
  static constexpr OpInfo kInfo{.name = "triu",
                                .doc = "The upper triangle of the last two dims; zeros below."};
  std::int64_t diagonal;

  void describe(Attributes& a) const { a("diagonal", diagonal); }
  Tensor forward(Inputs in) {
    const std::int64_t columns = in[0].dim() == 0 ? 0 : in[0].sizes().back();
    return triangle(
        in[0], [this](std::int64_t row) { return row + diagonal; },
        [columns](std::int64_t) { return columns; });
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {triu(g, diagonal)}; }
  static Samples samples() { return triangles(triu); }
};

struct Roll {
  static constexpr OpInfo kInfo{
      .name = "roll", .doc = "Elements shifted along dims; what leaves comes in at the other end."};
  static Samples samples() {
    const auto by = [](const Shape& shifts, const Shape& dims) {
      return [=](Inputs in) { return roll(in[0], shifts, dims); };
    };
    return {.good = {{{sample({2, 3})}, by({1}, {})},
                     {{sample({4, 3})}, by({-1}, {0})},
                     {{sample({4, 3})}, by({5, 1}, {0, -1})},
                     {{sample({})}, by({2}, {})},
                     {{sample({0, 2})}, by({1}, {0})}},
            .bad = {{{sample({2, 3})}, by({1, 2}, {0}), "2 shifts and 1 dims"},
                    {{sample({2, 3})}, by({1, 2}, {}), "2 shifts and 0 dims"}}};
  }
};

struct Rot90 {
  static constexpr OpInfo kInfo{.name = "rot90", .doc = "Quarter turns in the plane of two dims."};
  static Samples samples() {
    const auto turn = [](int k, const Shape& dims) {
      return [=](Inputs in) { return rot90(in[0], k, dims); };
    };
    return {.good = {{{sample({2, 3})}, turn(1, {0, 1})},
                     {{sample({2, 3})}, turn(2, {0, 1})},
                     {{sample({2, 3, 2})}, turn(-1, {1, 2})},
                     {{sample({2, 3})}, turn(4, {-1, 0})}},
            .bad = {{{sample({2, 3})}, turn(1, {0}), "turns take two dims"},
                    {{sample({2, 3})}, turn(1, {1, -1}), "turns take two different dims"}}};
  }
};

struct Diag {
  static constexpr OpInfo kInfo{
      .name = "diag",
      .doc = "The diagonal of a matrix, or a matrix with a vector on its diagonal."};
  static Samples samples() {
    const auto on = [](int diagonal) { return [=](Inputs in) { return diag(in[0], diagonal); }; };
    return {.good = {{{sample({3, 4})}, on(1)},
                     {{sample({3})}, on(0)},
                     {{sample({2})}, on(-1)},
                     {{sample({0})}, on(1)}},
            .bad = {{{sample({2, 2, 2})}, on(0), "needs 1 or 2 dims, got [2, 2, 2]"}}};
  }
};

struct DiagEmbed {
  static constexpr OpInfo kInfo{.name = "diag_embed",
                                .doc = "Square matrices with the last dim on their diagonals."};
  static Samples samples() {
    const auto on = [](int offset, int dim1, int dim2) {
      return [=](Inputs in) { return diag_embed(in[0], offset, dim1, dim2); };
    };
    return {.good = {{{sample({2, 3})}, on(0, -2, -1)}, {{sample({2, 3})}, on(-1, 0, 2)}},
            .bad = {{{sample({})}, on(0, 0, 1), "a 0-dim tensor is no diagonal"},
                    {{sample({2})}, on(0, 1, 1), "dim 1 is listed twice"}}};
  }
};

Samples repetitions(Tensor (*op)(const Tensor&, const Shape&, Location)) {
  const auto by = [op](const Shape& repeats) {
    return [=](Inputs in) { return op(in[0], repeats, Location::current()); };
  };
  return {.good = {{{sample({2, 3})}, by({2, 2})},
                   {{sample({3})}, by({2, 1, 2})},
                   {{sample({2, 2})}, by({1, 0})},
                   {{sample({})}, by({2})},
                   {{sample({})}, by({})}},
          .bad = {{{sample({2, 3})}, by({1, -1}), "a number of repeats is negative"}}};
}

struct Repeat {
  static constexpr OpInfo kInfo{.name = "repeat", .doc = "The tensor repeated along each dim."};
  static Samples samples() {
    Samples result = repetitions(repeat);
    result.bad.push_back({{sample({2, 3})},
                          [](Inputs in) { return repeat(in[0], {2}); },
                          "1 numbers of repeats for the 2 dims"});
    return result;
  }
};

struct Tile {
  static constexpr OpInfo kInfo{
      .name = "tile", .doc = "The tensor repeated along its last dims, and new ones in front."};
  static Samples samples() {
    Samples result = repetitions(tile);
    result.good.push_back({{sample({2, 3})}, [](Inputs in) { return tile(in[0], {2}); }});
    return result;
  }
};

struct RepeatInterleave {
  static constexpr OpInfo kInfo{.name = "repeat_interleave",
                                .doc = "Each element several times in a row, along a dim."};
  static Samples samples() {
    const auto by = [](std::int64_t repeats, std::optional<int> dim) {
      return [=](Inputs in) { return repeat_interleave(in[0], repeats, dim); };
    };
    const auto each = [](const NestedNumbers& repeats) {
      return [=](Inputs in) { return repeat_interleave(in[0], tensor(repeats), 1); };
    };
    return {.good = {{{sample({2, 3})}, by(2, {})},
                     {{sample({2, 3})}, by(3, 0)},
                     {{sample({2, 3})}, by(0, -1)},
                     {{sample({2, 3})}, each({2, 0, 1})},
                     {{sample({2, 3})}, each({2})},
                     {{sample({})}, by(3, {})}},
            .bad = {{{sample({2, 3})}, by(-1, 0), "a number of repeats is negative"},
                    {{sample({2, 3})}, each({1, -1, 1}), "a number of repeats is negative"},
                    {{sample({2, 3})}, each({1, 2}), "[2] does not fit the 3 elements of dim 1"},
                    {{sample({2, 3})}, each({0.5}), "must be an int64 tensor"}}};
  }
};

// x as [elements before dim, those from dim on], with the second repeated; as `sizes`.
Tensor repeated(const Tensor& x, std::int64_t outer, std::int64_t repeats, const Shape& sizes) {
  const std::int64_t inner = outer == 0 ? 0 : x.numel() / outer;
  return reshape(expand(reshape(x, {outer, 1, inner}), {outer, repeats, inner}), sizes);
}

void expect_repeats(std::int64_t repeats) {
  if (repeats < 0) {
    throw ValueError("a number of repeats is negative: " + std::to_string(repeats));
  }
}

const RegisterOps<Flip, Tril, Triu, Roll, Rot90, Diag, DiagEmbed, Repeat, Tile, RepeatInterleave>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor flip(const Tensor& x, const Shape& dims, Location at) {
  return ops::apply(ops::Flip{dims}, {x}, at);
}

Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims, Location at) {
  return ops::compose("roll", at, [&] {
    if (dims.empty() && shifts.size() == 1) {
      return reshape(roll(reshape(x, {-1}), shifts, {0}), x.sizes());
    }
    if (dims.size() != shifts.size()) {
      throw ValueError("there are " + std::to_string(shifts.size()) + " shifts and " +
                       std::to_string(dims.size()) + " dims");
    }
    Tensor result = x;
    for (int i = 0; i < dims.size(); ++i) {
      const auto dim = static_cast<int>(dims[i]);
      const std::int64_t size = x.dim() == 0 ? 0 : x.size(dim);
      if (size == 0) continue;
      const std::int64_t cut = ((-shifts[i] % size) + size) % size;
      if (cut != 0) result = cat({slice(result, dim, cut), slice(result, dim, 0, cut)}, dim);
    }
    return result.is_same(x) ? x.clone() : result;
  });
}

Tensor rot90(const Tensor& x, int k, const Shape& dims, Location at) {
  return ops::compose("rot90", at, [&] {
    if (dims.size() != 2) throw ValueError("turns take two dims, got " + to_string(dims));
    const int a = normalize_dim(static_cast<int>(dims[0]), x.dim());
    const int b = normalize_dim(static_cast<int>(dims[1]), x.dim());
    if (a == b) throw ValueError("turns take two different dims, got " + to_string(dims));
    switch ((k % 4 + 4) % 4) {
      case 1:
        return transpose(flip(x, {b}), a, b);
      case 2:
        return flip(x, dims);
      case 3:
        return transpose(flip(x, {a}), a, b);
      default:
        return x.clone();
    }
  });
}

Tensor tril(const Tensor& x, std::int64_t diagonal, Location at) {
  return ops::apply(ops::Tril{diagonal}, {x}, at);
}

Tensor triu(const Tensor& x, std::int64_t diagonal, Location at) {
  return ops::apply(ops::Triu{diagonal}, {x}, at);
}

Tensor diag(const Tensor& x, int diagonal, Location at) {
  return ops::compose("diag", at, [&] {
    if (x.dim() == 1) return diag_embed(x, diagonal);
    if (x.dim() == 2) return gradus::diagonal(x, diagonal).clone();
    throw ShapeError("needs 1 or 2 dims, got " + to_string(x.sizes()));
  });
}

Tensor diag_embed(const Tensor& x, int offset, int dim1, int dim2, Location at) {
  return ops::compose("diag_embed", at, [&] {
    if (x.dim() == 0) throw ShapeError("a 0-dim tensor is no diagonal");
    const int a = normalize_dim(dim1, x.dim() + 1);
    const int b = normalize_dim(dim2, x.dim() + 1);
    if (a == b) throw ValueError("dim " + std::to_string(a) + " is listed twice");
    const std::int64_t side = x.sizes().back() + std::abs(offset);
    Shape sizes = x.sizes();
    sizes.erase(x.dim() - 1);
    sizes.insert(std::min(a, b), side);
    sizes.insert(std::max(a, b), side);
    return diagonal_backward(x, sizes, offset, a, b);
  });
}

Tensor repeat(const Tensor& x, const Shape& repeats, Location at) {
  return ops::compose("repeat", at, [&] {
    const int shift = repeats.size() - x.dim();
    if (shift < 0) {
      throw ShapeError("there are " + std::to_string(repeats.size()) +
                       " numbers of repeats for the " + std::to_string(x.dim()) +
                       " dims of shape " + to_string(x.sizes()) + "; tile() takes fewer");
    }
    for (const std::int64_t each : repeats) ops::expect_repeats(each);
    Shape sizes = Shape::filled(shift, 1);
    for (const std::int64_t size : x.sizes()) sizes.push_back(size);
    Tensor result = reshape(x, sizes);
    // The last dim first: what is copied grows on the way.
    for (int d = sizes.size() - 1; d >= 0; --d) {
      if (repeats[d] == 1) continue;
      std::int64_t outer = 1;
      for (int i = 0; i < d; ++i) outer *= sizes[i];
      sizes[d] *= repeats[d];
      result = ops::repeated(result, outer, repeats[d], sizes);
    }
    return result.impl()->storage == x.impl()->storage ? result.clone() : result;
  });
}

Tensor tile(const Tensor& x, const Shape& repeats, Location at) {
  return ops::compose("tile", at, [&] {
    Shape all = repeats;
    while (all.size() < x.dim()) all.insert(0, 1);
    return repeat(x, all);
  });
}

Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<int> dim,
                         Location at) {
  return ops::compose("repeat_interleave", at, [&] {
    ops::expect_repeats(repeats);
    const Tensor source = dim ? x : reshape(x, {-1});
    const int d = normalize_dim(dim.value_or(0), source.dim());
    Shape sizes = source.sizes();
    std::int64_t outer = 1;
    for (int i = 0; i <= d && i < sizes.size(); ++i) outer *= sizes[i];
    if (sizes.empty()) sizes.push_back(1);
    sizes[d] *= repeats;
    return ops::repeated(source, outer, repeats, sizes);
  });
}

Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<int> dim,
                         Location at) {
  return ops::compose("repeat_interleave", at, [&] {
    if (repeats.dtype() != kInt64) {
      throw DTypeError("the numbers of repeats must be an int64 tensor, got " +
                       std::string(name_of(repeats.dtype())));
    }
    const Tensor source = dim ? x : reshape(x, {-1});
    const int d = normalize_dim(dim.value_or(0), source.dim());
    const std::int64_t size = source.dim() == 0 ? 1 : source.sizes()[d];
    if (repeats.dim() > 1 || (repeats.numel() != 1 && repeats.numel() != size)) {
      throw ShapeError("a list of repeats of shape " + to_string(repeats.sizes()) +
                       " does not fit the " + std::to_string(size) + " elements of dim " +
                       std::to_string(d));
    }
    const auto counts = expand(reshape(repeats, {-1}), {size}).to_vector<std::int64_t>();
    std::vector<std::int64_t> index;
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int64_t count = counts[static_cast<std::size_t>(i)];
      ops::expect_repeats(count);
      index.insert(index.end(), static_cast<std::size_t>(count), i);
    }
    return index_select(source.dim() == 0 ? reshape(source, {1}) : source, d, tensor(index));
  });
}

}  // namespace gradus
