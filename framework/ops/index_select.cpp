// Ops with an index for each part along a dim.
#include "framework/kernels/elementwise.h"
#include "framework/kernels/indexing.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/conversion.h"
#include "framework/ops/index_checks.h"
#include "framework/ops/indexing.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

using autograd::SavedTensor;

// An index that was checked against a dim, in row-major order.
struct Places {
  int dim;
  Tensor index;

  Places(const Shape& sizes, int wanted_dim, const Tensor& wanted) {
    expect_index(wanted);
    if (sizes.empty()) throw ShapeError("a 0-dim tensor has no dim to index");
    if (wanted.dim() > 1) {
      throw ShapeError("needs an index of one dim, got shape " + to_string(wanted.sizes()));
    }
    dim = normalize_dim(wanted_dim, sizes.size());
    index = wanted.contiguous();
    kernels::check_indices(span(), sizes[dim], dim);
  }
  [[nodiscard]] std::span<const std::int64_t> span() const {
    return {index.data_ptr<std::int64_t>(), static_cast<std::size_t>(index.numel())};
  }
  /// `sizes` with as many parts in the dim as there are indices.
  [[nodiscard]] Shape selected(const Shape& sizes) const {
    Shape result = sizes;
    result[dim] = index.numel();
    return result;
  }
  void expect_shape(const Tensor& x, const Shape& sizes) const {
    if (x.sizes() == selected(sizes)) return;
    throw ShapeError("shape " + to_string(x.sizes()) + " is not that of the indexed part, " +
                     to_string(selected(sizes)));
  }
};

Tensor dense_copy(const Tensor& x, DType dtype) {
  Tensor out(x.sizes(), dtype);
  kernels::copy(out.raw(), x.raw());
  return out;
}

struct IndexSelect {
  static constexpr OpInfo kInfo{.name = "index_select",
                                .doc = "The parts along a dim that an int64 index tells.",
                                .promotes = false,
                                .keeps = true};
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  void describe(Attributes& a) const {
    a("dim", dim);
    a("index", index);
  }
  Tensor forward(Inputs in) {
    const Places places(in[0].sizes(), dim, index);
    saved_index = SavedTensor(index);
    const Tensor out(places.selected(in[0].sizes()), in[0].dtype());
    kernels::take_rows(out.raw(), in[0].contiguous().raw(), places.dim, places.span());
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {index_select_backward(g, s.sizes(0), dim, saved_index.unpack({}, kInfo.name))};
  }
  static Samples samples() {
    const auto at = [](int dim, const NestedNumbers& index) {
      return [=](Inputs in) { return index_select(in[0], dim, tensor(index)); };
    };
    return {.good = {{{sample({3, 4})}, at(0, {2, 0, 2})},
                     {{sample({2, 3, 2})}, at(-2, {1})},
                     {{sample({4})}, at(0, {3, 3, 1, 0, 3})},
                     {{sample({3, 2})}, at(0, 1)}},
            .bad = {{{sample({3, 4})}, at(1, {4}), "index 4 is out of range for dim 1 of size 4"},
                    {{sample({3, 4})}, at(0, {-1}), "index -1 is out of range for dim 0 of size 3"},
                    {{sample({3, 4})}, at(0, {{1}}), "needs an index of one dim, got shape [1, 1]"},
                    {{sample({})}, at(0, {0}), "no dim to index"}}};
  }
};

struct IndexSelectBackward {
  static constexpr OpInfo kInfo{
      .name = "index_select_backward",
      .doc = "Zeros with x added at the places that index_select() would read.",
      .promotes = false,
      .keeps = true};
  Shape sizes;
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    const Places places(sizes, dim, index);
    places.expect_shape(in[0], sizes);
    saved_index = SavedTensor(index);
    const Tensor total = zeros(sizes, sum_dtype(in[0].dtype()));
    kernels::add_rows(total.raw(), in[0].contiguous().raw(), places.dim, places.span());
    return to(total, in[0].dtype());
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {index_select(g, dim, saved_index.unpack({}, kInfo.name))};
  }
  static Samples samples() {
    const auto call = [](Inputs in) {
      return index_select_backward(in[0], {2, 4}, 1, tensor({3, 1, 3}));
    };
    return {.good = {{{sample({2, 3})}, call}},
            .bad = {{{sample({2, 2})}, call, "[2, 2] is not that of the indexed part, [2, 3]"}}};
  }
};

using Write = Tensor (*)(const Tensor&, const Tensor&, const Tensor&);

Samples writes(Write rows, Write last) {
  const auto at = [](Write op, const NestedNumbers& index) {
    return [=](Inputs in) { return op(in[0], tensor(index), in[1]); };
  };
  const auto integers = [rows](Inputs in) { return rows(in[0], tensor({0}), tensor({{1}})); };
  return {.good = {{{sample({3, 4}), sample({2, 4})}, at(rows, {2, 0})},
                   {{sample({2, 3, 4}), sample({2, 3, 2})}, at(last, {1, 3})},
                   {{sample({3}), sample({1})}, at(rows, {1})},
                   {{sample({3, 2}), sample({1, 2})}, at(rows, 1)}},
          .bad = {{{sample({3, 4}), sample({1, 4})}, at(rows, {3}), "index 3 is out of range for"},
                  {{sample({3, 4}), sample({4})}, at(rows, {1}), "is not that of the indexed part"},
                  {{sample({3, 1})}, integers, "cannot write int64 values into float64"}}};
}

struct IndexAdd {
  static constexpr OpInfo kInfo{
      .name = "index_add",
      .doc = "A tensor with parts added along a dim, in the order of the index.",
      .inputs = 2,
      .promotes = false,
      .keeps = true};
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    expect_same_dtype(in[0], in[1]);
    const Places places(in[0].sizes(), dim, index);
    places.expect_shape(in[1], in[0].sizes());
    saved_index = SavedTensor(index);
    const Tensor out = dense_copy(in[0], sum_dtype(in[0].dtype()));
    kernels::add_rows(out.raw(), in[1].contiguous().raw(), places.dim, places.span());
    return to(out, in[0].dtype());
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    return {g, needs[1] ? index_select(g, dim, saved_index.unpack({}, kInfo.name)) : Tensor()};
  }
  static Samples samples() {
    Samples result = writes(
        [](const Tensor& x, const Tensor& i, const Tensor& src) { return index_add(x, 0, i, src); },
        [](const Tensor& x, const Tensor& i, const Tensor& src) {
          return index_add(x, -1, i, src, 0.5);
        });
    result.good.push_back({{sample({2, 2}), sample({3, 2})}, [](Inputs in) {
                             return index_add(in[0], 0, tensor({1, 1, 1}), in[1]);
                           }});
    return result;
  }
};

struct IndexCopy {
  static constexpr OpInfo kInfo{
      .name = "index_copy",
      .doc = "A tensor with parts written along a dim; the last write to a place stays.",
      .inputs = 2,
      .promotes = false,
      .keeps = true};
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    expect_same_dtype(in[0], in[1]);
    const Places places(in[0].sizes(), dim, index);
    places.expect_shape(in[1], in[0].sizes());
    saved_index = SavedTensor(index);
    const Tensor out = dense_copy(in[0], in[0].dtype());
    kernels::put_rows(out.raw(), in[1].contiguous().raw(), places.dim, places.span());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    const Tensor at = saved_index.unpack({}, kInfo.name);
    return {needs[0] ? index_fill(g, dim, at, 0) : Tensor(),
            needs[1] ? index_select(g, dim, at) : Tensor()};
  }
  static Samples samples() {
    return writes([](const Tensor& x, const Tensor& i,
                     const Tensor& src) { return index_copy(x, 0, i, src); },
                  [](const Tensor& x, const Tensor& i, const Tensor& src) {
                    return index_copy(x, -1, i, src);
                  });
  }
};

struct IndexFill {
  static constexpr OpInfo kInfo{.name = "index_fill",
                                .doc = "A tensor with a number at the indices along a dim.",
                                .promotes = false,
                                .keeps = true};
  int dim;
  Tensor index;
  Scalar value;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    const Places places(in[0].sizes(), dim, index);
    saved_index = SavedTensor(index);
    const Tensor out = dense_copy(in[0], in[0].dtype());
    const Tensor parts = full(places.selected(in[0].sizes()), value, in[0].dtype());
    kernels::put_rows(out.raw(), parts.raw(), places.dim, places.span());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {index_fill(g, dim, saved_index.unpack({}, kInfo.name), 0)};
  }
  static Samples samples() {
    const auto at = [](int dim, const NestedNumbers& index) {
      return [=](Inputs in) { return index_fill(in[0], dim, tensor(index), 1.5); };
    };
    return {.good = {{{sample({3, 4})}, at(1, {2, 0, 2})}, {{sample({3})}, at(-1, {1})}},
            .bad = {{{sample({3, 4})}, at(1, {4}), "index 4 is out of range for dim 1 of size 4"}}};
  }
};

std::optional<std::int64_t> resolved(std::optional<std::int64_t> padding_idx, std::int64_t rows) {
  if (!padding_idx) return {};
  if (*padding_idx < -rows || *padding_idx >= rows) {
    throw ValueError("padding_idx " + std::to_string(*padding_idx) + " is out of range for the " +
                     std::to_string(rows) + " rows of the weight");
  }
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

struct Embedding {
  static constexpr OpInfo kInfo{.name = "embedding",
                                .doc = "The rows of a weight at an int64 index of any shape.",
                                .promotes = false,
                                .keeps = true};
  Tensor index;
  std::optional<std::int64_t> padding_idx;
  SavedTensor saved_index{};

  void describe(Attributes& a) const { a("index", index); }
  Tensor forward(Inputs in) {
    const Tensor& weight = in[0];
    expect_index(index);
    const Places places(weight.sizes(), 0, index.reshape({-1}));
    padding_idx = resolved(padding_idx, weight.sizes()[0]);
    saved_index = SavedTensor(index);
    Shape sizes = index.sizes();
    for (int d = 1; d < weight.dim(); ++d) sizes.push_back(weight.sizes()[d]);
    const Tensor out(sizes, weight.dtype());
    const kernels::View rows = out.raw().with(places.selected(weight.sizes()),
                                              contiguous_strides(places.selected(weight.sizes())));
    kernels::take_rows(rows, weight.contiguous().raw(), 0, places.span());
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor at = saved_index.unpack({}, kInfo.name);
    return {embedding_backward(g, at, s.sizes(0)[0], padding_idx)};
  }
  static Samples samples() {
    const auto at = [](const NestedNumbers& index, std::optional<std::int64_t> padding = {}) {
      return [=](Inputs in) { return embedding(in[0], tensor(index), padding); };
    };
    return {.good = {{{sample({4, 3})}, at({{0, 3}, {1, 1}})},
                     {{sample({4, 2, 2})}, at({2, 2, 2})},
                     {{sample({4, 3})}, at(1)},
                     {{sample({4})}, at({{3}, {0}})}},
            .bad = {{{sample({4, 3})}, at({4}), "index 4 is out of range for dim 0 of size 4"},
                    {{sample({4, 3})}, at({0}, 4), "padding_idx 4 is out of range for the 4 rows"},
                    {{sample({4, 3})}, at({0.5}), "must be an int64 tensor"}}};
  }
};

struct EmbeddingBackward {
  static constexpr OpInfo kInfo{.name = "embedding_backward",
                                .doc = "The rows of a gradient added up at their indices.",
                                .promotes = false,
                                .keeps = true};
  Tensor index;
  std::int64_t rows;
  std::optional<std::int64_t> padding_idx;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    expect_index(index);
    padding_idx = resolved(padding_idx, rows);
    saved_index = SavedTensor(index);
    const int dims = index.dim();
    Shape sizes{rows};
    for (int d = dims; d < in[0].dim(); ++d) sizes.push_back(in[0].sizes()[d]);
    const Places places(sizes, 0, index.reshape({-1}));
    const Tensor parts = in[0].reshape(places.selected(sizes)).contiguous();
    const Tensor total = zeros(sizes, sum_dtype(in[0].dtype()));
    kernels::add_rows(total.raw(), parts.raw(), 0, places.span());
    if (padding_idx) select(total, 0, *padding_idx).fill_(0);
    return to(total, in[0].dtype());
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    const Tensor weight = padding_idx ? index_fill(g, 0, tensor({*padding_idx}), 0) : g;
    return {embedding(weight, saved_index.unpack({}, kInfo.name), padding_idx)};
  }
  static Samples samples() {
    const auto at = [](const NestedNumbers& index, std::optional<std::int64_t> padding) {
      return [=](Inputs in) { return embedding_backward(in[0], tensor(index), 4, padding); };
    };
    return {.good = {{{sample({2, 2, 3})}, at({{0, 3}, {1, 1}}, {})},
                     {{sample({3, 2})}, at({0, 3, 0}, -1)}},
            .bad = {{{sample({2, 3})}, at({0, 1, 2}, {}), "[2, 3] has 6 elements"}}};
  }
};

const RegisterOps<IndexSelect, IndexSelectBackward, IndexAdd, IndexCopy, IndexFill, Embedding,
                  EmbeddingBackward>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor index_select(const Tensor& x, int dim, const Tensor& index, Location at) {
  return ops::apply(ops::IndexSelect{dim, index}, {x}, at);
}

Tensor index_select_backward(const Tensor& x, const Shape& sizes, int dim, const Tensor& index,
                             Location at) {
  return ops::apply(ops::IndexSelectBackward{sizes, dim, index}, {x}, at);
}

Tensor index_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Scalar alpha,
                 Location at) {
  return ops::compose("index_add", at, [&] {
    const Tensor scaled = alpha.to_double() == 1 ? src : mul(src, alpha);
    return ops::apply(ops::IndexAdd{dim, index}, {x, scaled}, at);
  });
}

Tensor index_copy(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Location at) {
  return ops::apply(ops::IndexCopy{dim, index}, {x, src}, at);
}

Tensor index_fill(const Tensor& x, int dim, const Tensor& index, Scalar value, Location at) {
  return ops::apply(ops::IndexFill{dim, index, value}, {x}, at);
}

Tensor embedding(const Tensor& weight, const Tensor& index, std::optional<std::int64_t> padding_idx,
                 Location at) {
  return ops::apply(ops::Embedding{index, padding_idx}, {weight}, at);
}

Tensor embedding_backward(const Tensor& gradient, const Tensor& index, std::int64_t rows,
                          std::optional<std::int64_t> padding_idx, Location at) {
  return ops::apply(ops::EmbeddingBackward{index, rows, padding_idx}, {gradient}, at);
}

}  // namespace gradus
