#include "framework/ops/views.h"
#include "framework/ops/apply.h"
#include "framework/ops/conversion.h"

namespace gradus {
namespace ops {
namespace {

// The strides under which x's memory reads as `sizes`, if there are any.
std::optional<Strides> view_strides(const Tensor& x, const Shape& sizes) {
  if (x.is_contiguous() || x.numel() == 0) return contiguous_strides(sizes);
  Strides strides = Shape::filled(sizes.size(), 0);
  int to = sizes.size() - 1;
  for (int from = x.dim() - 1; from >= 0;) {
    // A block of old dims that lie as one in memory must be covered by whole new dims.
    std::int64_t block = x.sizes()[from];
    const std::int64_t step = x.strides()[from];
    while (from > 0 && (x.sizes()[from - 1] == 1 || x.strides()[from - 1] == step * block)) {
      block *= x.sizes()[--from];
    }
    --from;
    std::int64_t covered = 1;
    while (to >= 0 && (covered < block || sizes[to] == 1)) {
      strides[to] = step * covered;
      covered *= sizes[to--];
    }
    if (covered != block) return {};
  }
  return strides;
}

// `sizes` for the elements of x, with a number in the place of -1.
Shape resolved(const Shape& sizes, const Tensor& x) {
  Shape result = sizes;
  int open = -1;
  for (int d = 0; d < result.size(); ++d) {
    if (result[d] < -1) throw ShapeError("a size is negative: " + to_string(sizes));
    if (result[d] != -1) continue;
    if (open >= 0) throw ShapeError("more than one size is -1: " + to_string(sizes));
    open = d;
    result[d] = 1;
  }
  if (open >= 0 && result.numel() == 0) {
    throw ShapeError("the open size of " + to_string(sizes) + " could be any, for no elements");
  }
  if (open >= 0) result[open] = x.numel() / result.numel();
  if (result.numel() != x.numel()) {
    throw ShapeError(
        "shape " + to_string(x.sizes()) + " has " + std::to_string(x.numel()) + " elements, " +
        to_string(sizes) +
        (open >= 0 ? " does not divide them" : " has " + std::to_string(result.numel())));
  }
  return result;
}

struct Reshape {
  static constexpr OpInfo kInfo{
      .name = "reshape",
      .doc = "The same elements in row-major order under other sizes; one size may be -1.",
      .promotes = false};
  Shape sizes;

  void describe(Attributes& a) const { a("sizes", sizes); }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Shape wanted = resolved(sizes, x);
    if (const auto strides = view_strides(x, wanted)) {
      return alias(x, wanted, *strides, x.impl()->offset);
    }
    return alias(contiguous(x), wanted, contiguous_strides(wanted), 0);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {reshape(g, s.sizes(0))};
  }
  static Samples samples() {
    const auto into = [](const Shape& sizes) {
      return [=](Inputs in) { return reshape(in[0], sizes); };
    };
    return {.good = {{{sample({2, 6})}, into({3, 4})},
                     {{sample({2, 3, 4})}, into({-1, 4})},
                     {{sample({4, 3})},
                      [](Inputs in) {
                        return reshape(in[0].t(), {2, 6});
                      }},
                     {{sample({})}, into({1, 1})},
                     {{sample({0, 3})}, into({3, 0})}},
            .bad = {{{sample({2, 6})}, into({5, 2}), "[2, 6] has 12 elements, [5, 2] has 10"},
                    {{sample({2, 6})}, into({-1, 5}), "[2, 6] has 12 elements"},
                    {{sample({2, 6})}, into({-1, -1}), "more than one size is -1"},
                    {{sample({2, 6})}, into({-2, -6}), "a size is negative"}}};
  }
};

struct View {
  static constexpr OpInfo kInfo{
      .name = "view",
      .doc = "The same memory in row-major order under other sizes; refused where it would copy.",
      .promotes = false};
  Shape sizes;

  void describe(Attributes& a) const { a("sizes", sizes); }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Shape wanted = resolved(sizes, x);
    const auto strides = view_strides(x, wanted);
    if (!strides) {
      throw ShapeError("no view of shape " + to_string(wanted) + " fits a tensor of shape " +
                       to_string(x.sizes()) + " and strides " + to_string(x.strides()) +
                       "; use reshape, which copies where it must");
    }
    return alias(x, wanted, *strides, x.impl()->offset);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {reshape(g, s.sizes(0))};
  }
  static Samples samples() {
    // Within one dim, so that it is a view whatever the strides.
    const auto into = [](const Shape& sizes) {
      return [=](Inputs in) { return view(in[0], sizes); };
    };
    return {.good = {{{sample({2, 6})}, into({2, 3, -1})},
                     {{sample({2, 3})}, into({2, 1, 3})},
                     {{sample({})}, into({1, 1})},
                     {{sample({0, 3})}, into({3, 0})}},
            .bad = {{{sample({2, 6})}, into({5, 2}), "[2, 6] has 12 elements, [5, 2] has 10"},
                    {{sample({2, 6}).t()}, into({12}), "use reshape, which copies"}}};
  }
};

struct Permute {
  static constexpr OpInfo kInfo{.name = "permute",
                                .doc = "The dims in another order: dim i of the result is dims[i].",
                                .promotes = false};
  Shape dims;

  void describe(Attributes& a) const { a("dims", dims); }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    if (dims.size() != x.dim()) {
      throw ShapeError("dims " + to_string(dims) + " do not list the " + std::to_string(x.dim()) +
                       " dims of shape " + to_string(x.sizes()));
    }
    Shape sizes = x.sizes();
    Strides strides = x.strides();
    Shape seen = Shape::filled(x.dim(), 0);
    for (int i = 0; i < dims.size(); ++i) {
      const int d = normalize_dim(static_cast<int>(dims[i]), x.dim());
      if (seen[d]++ != 0) throw ValueError("dim " + std::to_string(d) + " is listed twice");
      sizes[i] = x.sizes()[d];
      strides[i] = x.strides()[d];
    }
    return alias(x, sizes, strides, x.impl()->offset);
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    Shape inverse = dims;
    for (int i = 0; i < dims.size(); ++i) {
      inverse[normalize_dim(static_cast<int>(dims[i]), dims.size())] = i;
    }
    return {permute(g, inverse)};
  }
  static Samples samples() {
    const auto by = [](const Shape& dims) {
      return [=](Inputs in) { return permute(in[0], dims); };
    };
    return {.good = {{{sample({2, 3, 4})}, by({2, 0, 1})},
                     {{sample({2, 3})}, by({-1, 0})},
                     {{sample({})}, by({})},
                     {{sample({0, 3})}, by({1, 0})}},
            .bad = {{{sample({2, 3})}, by({0}), "dims [0] do not list the 2 dims"},
                    {{sample({2, 3})}, by({0, 0}), "dim 0 is listed twice"}}};
  }
};

struct Expand {
  static constexpr OpInfo kInfo{
      .name = "expand",
      .doc = "Stretches dims of size 1 and adds dims in front, without a copy; -1 keeps a size.",
      .promotes = false};
  Shape sizes;

  void describe(Attributes& a) const { a("sizes", sizes); }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    Shape wanted = sizes;
    const int shift = sizes.size() - x.dim();
    for (int d = 0; d < wanted.size(); ++d) {
      if (wanted[d] == -1 && d >= shift) wanted[d] = x.sizes()[d - shift];
    }
    bool stretches = shift >= 0;
    for (int d = 0; stretches && d < x.dim(); ++d) {
      stretches = x.sizes()[d] == 1 || x.sizes()[d] == wanted[d + shift];
    }
    for (const std::int64_t size : wanted) stretches = stretches && size >= 0;
    if (!stretches) {
      throw ShapeError("shape " + to_string(x.sizes()) + " does not stretch to " +
                       to_string(sizes));
    }
    std::int64_t numel = 1;
    for (const std::int64_t size : wanted) {
      if (__builtin_mul_overflow(numel, std::max<std::int64_t>(size, 1), &numel)) {
        throw ShapeError("a tensor of shape " + to_string(wanted) + " has too many elements");
      }
    }
    return alias(x, wanted, broadcast_strides(x.sizes(), x.strides(), wanted), x.impl()->offset);
  }
  // The node sums the gradient back to the input's shape.
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {g}; }
  static Samples samples() {
    const auto into = [](const Shape& sizes) {
      return [=](Inputs in) { return expand(in[0], sizes); };
    };
    return {.good = {{{sample({3, 1})}, into({3, 4})},
                     {{sample({3})}, into({2, -1})},
                     {{sample({})}, into({2, 2})},
                     {{sample({1, 3})}, into({0, 3})}},
            .bad = {{{sample({3, 2})}, into({3, 4}), "[3, 2] does not stretch to [3, 4]"},
                    {{sample({3})}, into({-1, 3}), "[3] does not stretch to [-1, 3]"}}};
  }
};

const RegisterOps<Reshape, View, Permute, Expand> kRegistered;

}  // namespace
}  // namespace ops

Tensor reshape(const Tensor& x, const Shape& sizes, Location at) {
  return ops::apply(ops::Reshape{sizes}, {x}, at);
}

Tensor view(const Tensor& x, const Shape& sizes, Location at) {
  return ops::apply(ops::View{sizes}, {x}, at);
}

Tensor permute(const Tensor& x, const Shape& dims, Location at) {
  return ops::apply(ops::Permute{dims}, {x}, at);
}

Tensor expand(const Tensor& x, const Shape& sizes, Location at) {
  return ops::apply(ops::Expand{sizes}, {x}, at);
}

}  // namespace gradus
