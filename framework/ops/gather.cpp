// Ops with an index for each element.
#include "framework/kernels/elementwise.h"
#include "framework/kernels/indexing.h"
#include "framework/ops/apply.h"
#include "framework/ops/conversion.h"
#include "framework/ops/index_checks.h"
#include "framework/ops/indexing.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

using autograd::SavedTensor;

int check(const Shape& sizes, int dim, const Tensor& index) {
  const int d = normalize_dim(dim, sizes.size());
  expect_index(index);
  bool fits = std::max(index.dim(), 1) == std::max(sizes.size(), 1);
  for (int i = 0; fits && i < std::min(sizes.size(), index.dim()); ++i) {
    fits = i == d || index.sizes()[i] <= sizes[i];
  }
  if (fits) return d;
  throw ShapeError("an index of shape " + to_string(index.sizes()) +
                   " does not fit a tensor of shape " + to_string(sizes) + " along dim " +
                   std::to_string(dim));
}

void expect_shape(const Tensor& x, const Tensor& index) {
  if (x.sizes() == index.sizes()) return;
  throw ShapeError("shape " + to_string(x.sizes()) + " differs from the index's " +
                   to_string(index.sizes()));
}

struct Gather {
  static constexpr OpInfo kInfo{
      .name = "gather",
      .doc = "The values along a dim at the places that an int64 index tells.",
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
    const int d = check(in[0].sizes(), dim, index);
    saved_index = SavedTensor(index);
    const Tensor out(index.sizes(), in[0].dtype());
    kernels::gather(out.raw(), in[0].raw(), d, index.raw());
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {gather_backward(g, s.sizes(0), dim, saved_index.unpack({}, kInfo.name))};
  }
  static Samples samples() {
    const auto at = [](int dim, const NestedNumbers& index) {
      return [=](Inputs in) { return gather(in[0], dim, tensor(index)); };
    };
    return {
        .good = {{{sample({3, 4})}, at(1, {{0, 3}, {1, 1}, {2, 0}})},
                 {{sample({3, 4})}, at(0, {{2, 0, 1, 1}, {2, 2, 2, 2}})},
                 {{sample({2, 3, 2})}, at(1, {{{2, 0}, {1, 1}}, {{0, 0}, {0, 2}}})},
                 {{sample({4})}, at(-1, {3, 3, 0})},
                 {{sample({})}, at(0, 0)}},
        .bad = {{{sample({3, 4})}, at(1, {{4}}), "index 4 is out of range for dim 1 of size 4"},
                {{sample({3, 4})}, at(0, {{-1}}), "index -1 is out of range for dim 0 of size 3"},
                {{sample({3, 4})}, at(1, {0, 1}), "does not fit a tensor of shape [3, 4]"},
                {{sample({3, 4})}, at(1, {{0}, {0}, {0}, {0}}), "does not fit a tensor of shape"},
                {{sample({3, 4})}, at(1, {{0.5}}), "must be an int64 tensor, got float32"}}};
  }
};

struct GatherBackward {
  static constexpr OpInfo kInfo{.name = "gather_backward",
                                .doc = "Zeros with x added at the places that gather() would read.",
                                .promotes = false,
                                .keeps = true};
  Shape sizes;
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    const int d = check(sizes, dim, index);
    expect_shape(in[0], index);
    saved_index = SavedTensor(index);
    const Tensor total = zeros(sizes, sum_dtype(in[0].dtype()));
    kernels::scatter_add(total.raw(), in[0].raw(), d, index.raw());
    return to(total, in[0].dtype());
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {gather(g, dim, saved_index.unpack({}, kInfo.name))};
  }
  static Samples samples() {
    const auto call = [](Inputs in) {
      return gather_backward(in[0], {3, 4}, 1, tensor({{0, 3}, {1, 1}, {2, 0}}));
    };
    return {.good = {{{sample({3, 2})}, call}},
            .bad = {{{sample({3, 1})}, call, "differs from the index's [3, 2]"}}};
  }
};

// scatter() and scatter_add() of a src that has the shape of the index.
template <class Op>
Tensor write(Op& op, Inputs in, DType dtype) {
  const int d = check(in[0].sizes(), op.dim, op.index);
  expect_same_dtype(in[0], in[1]);
  expect_shape(in[1], op.index);
  op.saved_index = SavedTensor(op.index);
  Tensor out(in[0].sizes(), dtype);
  kernels::copy(out.raw(), in[0].raw());
  if constexpr (Op::kAdds) {
    kernels::scatter_add(out.raw(), in[1].raw(), d, op.index.raw());
  } else {
    kernels::scatter(out.raw(), in[1].raw(), d, op.index.raw());
  }
  return to(out, in[0].dtype());
}

Samples writes(Tensor (*op)(const Tensor&, int, const Tensor&, const Tensor&, Location)) {
  const auto at = [op](int dim, const NestedNumbers& index) {
    return [=](Inputs in) { return op(in[0], dim, tensor(index), in[1], Location::current()); };
  };
  const auto integers = [op](Inputs in) {
    return op(in[0], 0, tensor({0}), tensor({1}), Location::current());
  };
  return {
      .good = {{{sample({3, 4}), sample({3, 2})}, at(1, {{0, 3}, {1, 2}, {2, 0}})},
               {{sample({3, 4}), sample({3, 5})}, at(0, {{2, 0, 1, 1}, {0, 2, 2, 0}})},
               {{sample({4}), sample({2})}, at(-1, {3, 0})},
               {{sample({}), sample({})}, at(0, 0)}},
      .bad = {{{sample({3, 4}), sample({1, 1})}, at(1, {{4}}), "index 4 is out of range for dim"},
              {{sample({4}), sample({1})}, at(0, {0, 1}), "src of shape [1] is smaller than"},
              {{sample({4})}, integers, "cannot write int64 values into float64"}}};
}

struct Scatter {
  static constexpr OpInfo kInfo{
      .name = "scatter",
      .doc = "A tensor with values written where gather() would read; the last write stays.",
      .inputs = 2,
      .promotes = false,
      .keeps = true};
  static constexpr bool kAdds = false;
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) { return write(*this, in, in[0].dtype()); }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    const Tensor places = saved_index.unpack({}, kInfo.name);
    return {needs[0] ? scatter(g, dim, places, 0) : Tensor(),
            needs[1] ? gather(g, dim, places) : Tensor()};
  }
  static Samples samples() {
    Samples result = writes(scatter);
    result.good.push_back({{sample({3, 4})}, [](Inputs in) {
                             return scatter(in[0], 1, tensor({{0, 3}, {1, 1}}), 2.5);
                           }});
    return result;
  }
};

struct ScatterAdd {
  static constexpr OpInfo kInfo{
      .name = "scatter_add",
      .doc = "A tensor with values added where gather() would read, in the order of the index.",
      .inputs = 2,
      .promotes = false,
      .keeps = true};
  static constexpr bool kAdds = true;
  int dim;
  Tensor index;
  SavedTensor saved_index{};

  Tensor forward(Inputs in) { return write(*this, in, sum_dtype(in[0].dtype())); }
  Gradients backward(const Saved&, const Tensor& g, const Needs& needs) {
    return {g, needs[1] ? gather(g, dim, saved_index.unpack({}, kInfo.name)) : Tensor()};
  }
  static Samples samples() {
    Samples result = writes(scatter_add);
    result.good.push_back({{sample({2, 3}), sample({2, 4})}, [](Inputs in) {
                             const Tensor twice = tensor({{0, 0, 2, 0}, {1, 1, 1, 2}});
                             return scatter_add(in[0], 1, twice, in[1]);
                           }});
    return result;
  }
};

struct TakeAlongDim {
  static constexpr OpInfo kInfo{
      .name = "take_along_dim",
      .doc = "The values along a dim at an index, both broadcast outside of it."};
  static Samples samples() {
    const auto at = [](std::optional<int> dim, const NestedNumbers& index) {
      return [=](Inputs in) { return take_along_dim(in[0], tensor(index), dim); };
    };
    return {.good = {{{sample({3, 4})}, at(1, {{2}, {0}, {3}})},
                     {{sample({3, 4})}, at(0, {{2}})},
                     {{sample({1, 4})}, at(1, {{0, 1}, {2, 2}})},
                     {{sample({3, 4})}, at({}, {11, 0, 5})}},
            .bad = {{{sample({3, 4})}, at(0, {1}), "needs an index of 2 dims, got shape [1]"},
                    {{sample({3, 4})}, at(1, {{1}, {2}}), "shapes do not broadcast"},
                    {{sample({3, 4})}, at({}, {12}), "index 12 is out of range for dim 0 of"}}};
  }
};

// The part of src that an index covers.
Tensor covered(const Tensor& src, const Tensor& index) {
  expect_index(index);
  if (src.dim() != index.dim()) return src;
  Tensor result = src;
  for (int d = 0; d < src.dim(); ++d) {
    if (src.sizes()[d] < index.sizes()[d]) {
      throw ShapeError("a src of shape " + to_string(src.sizes()) + " is smaller than the index, " +
                       to_string(index.sizes()));
    }
    if (src.sizes()[d] > index.sizes()[d]) result = slice(result, d, 0, index.sizes()[d]);
  }
  return result;
}

const RegisterOps<Gather, GatherBackward, Scatter, ScatterAdd, TakeAlongDim> kRegistered;

}  // namespace
}  // namespace ops

Tensor gather(const Tensor& x, int dim, const Tensor& index, Location at) {
  return ops::apply(ops::Gather{dim, index}, {x}, at);
}

Tensor gather_backward(const Tensor& x, const Shape& sizes, int dim, const Tensor& index,
                       Location at) {
  return ops::apply(ops::GatherBackward{sizes, dim, index}, {x}, at);
}

Tensor scatter(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Location at) {
  return ops::compose("scatter", at, [&] {
    return ops::apply(ops::Scatter{dim, index}, {x, ops::covered(src, index)}, at);
  });
}

Tensor scatter(const Tensor& x, int dim, const Tensor& index, Scalar value, Location at) {
  return ops::compose("scatter", at, [&] {
    ops::expect_index(index);
    const Tensor src = expand(full({}, value, x.dtype()), index.sizes());
    return ops::apply(ops::Scatter{dim, index}, {x, src}, at);
  });
}

Tensor scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Location at) {
  return ops::compose("scatter_add", at, [&] {
    return ops::apply(ops::ScatterAdd{dim, index}, {x, ops::covered(src, index)}, at);
  });
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<int> dim, Location at) {
  return ops::compose("take_along_dim", at, [&] {
    ops::expect_index(index);
    if (!dim) return gather(reshape(x, {-1}), 0, reshape(index, {-1}));
    if (index.dim() != x.dim()) {
      throw ShapeError("needs an index of " + std::to_string(x.dim()) + " dims, got shape " +
                       to_string(index.sizes()));
    }
    const int d = normalize_dim(*dim, x.dim());
    Shape of_x = x.sizes();
    Shape of_index = index.sizes();
    if (x.dim() > 0) of_x[d] = of_index[d] = 1;
    Shape common = broadcast_shapes(of_x, of_index);
    Shape of_result = common;
    if (x.dim() > 0) {
      common[d] = x.sizes()[d];
      of_result[d] = index.sizes()[d];
    }
    return gather(expand(x, common), d, expand(index, of_result));
  });
}

}  // namespace gradus
