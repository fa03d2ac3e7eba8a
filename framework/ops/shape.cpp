#include "framework/ops/shape.h"
#include "framework/kernels/elementwise.h"
#include "framework/ops/apply.h"

#include <array>

namespace gradus {
namespace ops {
namespace {

Tensor view(const Tensor& x, const Shape& sizes, const Strides& strides, std::int64_t shift = 0) {
  return alias(x, sizes, strides, x.impl()->offset + shift);
}

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

struct Reshape {
  static constexpr OpInfo kInfo{
      .name = "reshape",
      .doc = "The same elements in row-major order under other sizes; one size may be -1.",
      .promotes = false};
  Shape sizes;

  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Shape wanted = resolve(x);
    if (const auto strides = view_strides(x, wanted)) return view(x, wanted, *strides);
    return view(contiguous(x), wanted, contiguous_strides(wanted), -x.impl()->offset);
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

 private:
  [[nodiscard]] Shape resolve(const Tensor& x) const {
    Shape result = sizes;
    int open = -1;
    for (int d = 0; d < result.size(); ++d) {
      if (result[d] < -1) throw ShapeError("a size is negative: " + to_string(sizes));
      if (result[d] != -1) continue;
      if (open >= 0) throw ShapeError("more than one size is -1: " + to_string(sizes));
      open = d;
      result[d] = 1;
    }
    if (open >= 0 && result.numel() != 0) result[open] = x.numel() / result.numel();
    if (result.numel() != x.numel()) {
      throw ShapeError(
          "shape " + to_string(x.sizes()) + " has " + std::to_string(x.numel()) + " elements, " +
          to_string(sizes) +
          (open >= 0 ? " does not divide them" : " has " + std::to_string(result.numel())));
    }
    return result;
  }
};

struct Permute {
  static constexpr OpInfo kInfo{.name = "permute",
                                .doc = "The dims in another order: dim i of the result is dims[i].",
                                .promotes = false};
  Shape dims;

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
    return view(x, sizes, strides);
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
    return view(x, wanted, broadcast_strides(x.sizes(), x.strides(), wanted));
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

// The part of a dim that slice() takes, clamped as Python does.
struct Range {
  std::int64_t start;
  std::int64_t count;
  std::int64_t step;

  Range(std::int64_t size, std::int64_t from, std::int64_t to, std::int64_t by) : step(by) {
    if (by < 1) throw ValueError("the step must be at least 1, got " + std::to_string(by));
    const auto clamped = [&](std::int64_t i) {
      return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size);
    };
    start = clamped(from);
    count = (std::max(clamped(to) - start, std::int64_t{0}) + by - 1) / by;
  }
};

Tensor part_of(const Tensor& x, int dim, const Range& range) {
  Shape sizes = x.sizes();
  Strides strides = x.strides();
  sizes[dim] = range.count;
  strides[dim] *= range.step;
  return view(x, sizes, strides, range.start * x.strides()[dim]);
}

struct Slice {
  static constexpr OpInfo kInfo{
      .name = "slice",
      .doc = "Elements start, start + step, ... before end along a dim; ends as in Python.",
      .promotes = false};
  int dim;
  std::int64_t start, end, step;

  Tensor forward(Inputs in) {
    if (in[0].dim() == 0) throw ShapeError("a 0-dim tensor has no dim to slice");
    const int d = normalize_dim(dim, in[0].dim());
    return part_of(in[0], d, Range(in[0].sizes()[d], start, end, step));
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {slice_backward(g, s.sizes(0), dim, start, end, step)};
  }
  static Samples samples() {
    const auto part = [](int dim, std::int64_t start, std::int64_t end, std::int64_t step) {
      return [=](Inputs in) { return slice(in[0], dim, start, end, step); };
    };
    return {.good = {{{sample({5, 3})}, part(0, 1, 4, 1)},
                     {{sample({2, 7})}, part(1, 0, kEnd, 3)},
                     {{sample({2, 7})}, part(-1, -4, -1, 2)},
                     {{sample({4})}, part(0, 3, 1, 1)},
                     {{sample({0, 3})}, part(1, 1, 3, 1)}},
            .bad = {{{sample({2, 7})}, part(1, 0, 3, 0), "the step must be at least 1, got 0"},
                    {{sample({2, 7})}, part(2, 0, 3, 1), "dim 2 is out of range"},
                    {{sample({})}, part(0, 0, 1, 1), "no dim to slice"}}};
  }
};

struct SliceBackward {
  static constexpr OpInfo kInfo{.name = "slice_backward",
                                .doc = "Zeros with x in the place that slice() would take.",
                                .promotes = false};
  Shape sizes;
  int dim;
  std::int64_t start, end, step;

  Tensor forward(Inputs in) {
    Tensor out = zeros(sizes, in[0].dtype());
    const int d = normalize_dim(dim, sizes.size());
    const Tensor place = part_of(out, d, Range(sizes[d], start, end, step));
    if (!(place.sizes() == in[0].sizes())) {
      throw ShapeError("shape " + to_string(in[0].sizes()) + " does not fill the slice " +
                       to_string(place.sizes()));
    }
    kernels::copy(place.raw(), in[0].raw());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {slice(g, dim, start, end, step)};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return slice_backward(in[0], {2, 7}, 1, 0, kEnd, 3); };
    return {.good = {{{sample({2, 3})}, call}},
            .bad = {{{sample({2, 4})}, call, "[2, 4] does not fill the slice [2, 3]"}}};
  }
};

struct Cat {
  static constexpr OpInfo kInfo{.name = "cat",
                                .doc = "Joins tensors along a dim; all other sizes are equal.",
                                .inputs = kAnyNumber};
  int dim;

  Tensor forward(Inputs in) {
    if (in.empty()) throw ValueError("needs at least one tensor");
    if (in[0].dim() == 0) throw ShapeError("0-dim tensors cannot be joined; reshape them to [1]");
    const int d = normalize_dim(dim, in[0].dim());
    Shape sizes = in[0].sizes();
    sizes[d] = 0;
    for (const Tensor& each : in) {
      Shape rest = each.sizes();
      if (each.dim() == in[0].dim()) rest[d] = in[0].sizes()[d];
      if (!(rest == in[0].sizes())) {
        throw ShapeError("shapes differ outside dim " + std::to_string(d) + ": " +
                         to_string(in[0].sizes()) + " and " + to_string(each.sizes()));
      }
      sizes[d] += each.sizes()[d];
    }
    Tensor out(sizes, in[0].dtype());
    std::int64_t begin = 0;
    for (const Tensor& each : in) {
      const std::int64_t end = begin + each.sizes()[d];
      kernels::copy(part_of(out, d, Range(sizes[d], begin, end, 1)).raw(), each.raw());
      begin = end;
    }
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    Gradients gradients;
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const std::int64_t end = begin + s.sizes(i)[normalize_dim(dim, g.dim())];
      gradients.push_back(needs[i] ? slice(g, dim, begin, end) : Tensor());
      begin = end;
    }
    return gradients;
  }
  static Samples samples() {
    const auto along = [](int dim) { return [=](Inputs in) { return cat(in, dim); }; };
    return {.good = {{{sample({2, 3}), sample({1, 3})}, along(0)},
                     {{sample({2, 3}), sample({2, 2}), sample({2, 1}), sample({2, 4})}, along(-1)},
                     {{sample({2}), sample({0})}, along(0)},
                     {{sample({2, 3, 4})}, along(1)}},
            .bad = {{{sample({2, 3}), sample({2, 4})}, along(0), "shapes differ outside dim 0"},
                    {{}, along(0), "at least one tensor"},
                    {{sample({})}, along(0), "0-dim tensors cannot be joined"}}};
  }
};

struct To {
  static constexpr OpInfo kInfo{
      .name = "to", .doc = "The same values in another dtype.", .promotes = false};
  DType dtype;
  DType before = kFloat32;

  Tensor forward(Inputs in) {
    before = in[0].dtype();
    Tensor out =
        is_dense(in[0].sizes(), in[0].strides())
            ? Tensor(make_ref<TensorImpl>(
                  make_ref<Storage>(static_cast<std::size_t>(in[0].numel()) * size_of(dtype)), 0,
                  in[0].sizes(), in[0].strides(), dtype))
            : Tensor(in[0].sizes(), dtype);
    kernels::copy(out.raw(), in[0].raw());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {to(g, before)}; }
  static Samples samples() {
    // There and back, so that the result stays in the dtype that gradcheck can measure.
    const auto call = [](Inputs in) { return to(in[0], kFloat64); };
    return {.good = {{{sample({2, 3}).to(kFloat32).to(kFloat64)}, call},
                     {{sample({}).to(kFloat32).to(kFloat64)}, call}}};
  }
};

struct Clone {
  static constexpr OpInfo kInfo{.name = "clone",
                                .doc = "A copy in dense memory; the gradient passes through.",
                                .promotes = false};
  std::optional<MemoryFormat> format;

  Tensor forward(Inputs in) {
    Tensor out = format ? Tensor(in[0].sizes(), in[0].dtype(), *format) : empty_like(in[0]);
    kernels::copy(out.raw(), in[0].raw());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {g}; }
  static Samples samples() {
    const auto as = [](std::optional<MemoryFormat> format) {
      return [=](Inputs in) { return clone(in[0], format); };
    };
    return {.good = {{{sample({2, 3})}, as({})},
                     {{sample({2, 3, 2, 2})}, as(MemoryFormat::ChannelsLast)},
                     {{sample({})}, as(MemoryFormat::Contiguous)},
                     {{sample({0, 3})}, as({})}},
            .bad = {{{sample({2, 3})}, as(MemoryFormat::ChannelsLast), "needs 4 dims"}}};
  }
};

const RegisterOps<Reshape, Permute, Expand, Slice, SliceBackward, Cat, To, Clone> kRegistered;

}  // namespace
}  // namespace ops

Tensor reshape(const Tensor& x, const Shape& sizes, Location at) {
  return ops::apply(ops::Reshape{sizes}, {x}, at);
}

Tensor flatten(const Tensor& x, int start_dim, int end_dim, Location at) {
  return ops::compose("flatten", at, [&] {
    const int start = normalize_dim(start_dim, x.dim());
    const int end = normalize_dim(end_dim, x.dim());
    if (start > end) throw ValueError("start_dim comes after end_dim");
    Shape sizes;
    std::int64_t joined = 1;
    for (int d = 0; d < x.dim(); ++d) {
      const std::int64_t size = x.sizes()[d];
      if (d >= start && d <= end) joined *= size;
      if (d < start || d > end) sizes.push_back(size);
      if (d == end) sizes.push_back(joined);
    }
    if (x.dim() == 0) sizes.push_back(1);
    return reshape(x, sizes);
  });
}

Tensor permute(const Tensor& x, const Shape& dims, Location at) {
  return ops::apply(ops::Permute{dims}, {x}, at);
}

Tensor transpose(const Tensor& x, int a, int b, Location at) {
  return ops::compose("transpose", at, [&] {
    Shape dims;
    for (int d = 0; d < x.dim(); ++d) dims.push_back(d);
    const int first = normalize_dim(a, x.dim());
    const int second = normalize_dim(b, x.dim());
    if (x.dim() > 0) std::swap(dims[first], dims[second]);
    return permute(x, dims);
  });
}

Tensor expand(const Tensor& x, const Shape& sizes, Location at) {
  return ops::apply(ops::Expand{sizes}, {x}, at);
}

Tensor squeeze(const Tensor& x, int dim, Location at) {
  return ops::compose("squeeze", at, [&] {
    const int d = normalize_dim(dim, x.dim());
    if (x.dim() == 0 || x.sizes()[d] != 1) return x;
    Shape sizes = x.sizes();
    sizes.erase(d);
    return reshape(x, sizes);
  });
}

Tensor unsqueeze(const Tensor& x, int dim, Location at) {
  return ops::compose("unsqueeze", at, [&] {
    Shape sizes = x.sizes();
    sizes.insert(normalize_dim(dim, x.dim() + 1), 1);
    return reshape(x, sizes);
  });
}

Tensor slice(const Tensor& x, int dim, std::int64_t start, std::int64_t end, std::int64_t step,
             Location at) {
  return ops::apply(ops::Slice{dim, start, end, step}, {x}, at);
}

Tensor slice_backward(const Tensor& x, const Shape& sizes, int dim, std::int64_t start,
                      std::int64_t end, std::int64_t step, Location at) {
  return ops::apply(ops::SliceBackward{sizes, dim, start, end, step}, {x}, at);
}

Tensor cat(std::span<const Tensor> tensors, int dim, Location at) {
  ops::TensorList list;
  for (const Tensor& each : tensors) list.push_back(each);
  return ops::apply(ops::Cat{dim}, std::move(list), at);
}

Tensor cat(std::initializer_list<Tensor> tensors, int dim, Location at) {
  return cat(std::span(tensors.begin(), tensors.size()), dim, at);
}

Tensor to(const Tensor& x, DType dtype, Location at) {
  if (x.defined() && x.dtype() == dtype) return x;
  return ops::apply(ops::To{dtype}, {x}, at);
}

Tensor clone(const Tensor& x, std::optional<MemoryFormat> format, Location at) {
  return ops::apply(ops::Clone{format}, {x}, at);
}

Tensor contiguous(const Tensor& x, MemoryFormat format, Location at) {
  if (x.defined() && x.is_contiguous(format)) return x;
  return clone(x, format, at);
}

}  // namespace gradus
