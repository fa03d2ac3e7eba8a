// The views of a part of the elements, and their gradients.
#include "framework/kernels/elementwise.h"
#include "framework/ops/apply.h"
#include "framework/ops/conversion.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

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
    const std::int64_t length = std::max(clamped(to) - start, std::int64_t{0});
    count = length / by + (length % by != 0 ? 1 : 0);
  }
};

Tensor part_of(const Tensor& x, int dim, const Range& range) {
  Shape sizes = x.sizes();
  Strides strides = x.strides();
  sizes[dim] = range.count;
  if (range.count > 1) strides[dim] *= range.step;
  return alias(x, sizes, strides, x.impl()->offset + range.start * x.strides()[dim]);
}

void expect_dims(const Tensor& x, int at_least, const char* purpose) {
  if (x.dim() >= at_least) return;
  throw ShapeError("a " + std::to_string(x.dim()) + "-dim tensor has " + purpose);
}

// Writes x to its place in zeros.
void put(const Tensor& place, const Tensor& x, const char* what) {
  if (!(place.sizes() == x.sizes())) {
    throw ShapeError("shape " + to_string(x.sizes()) + " does not fill the " + what + " " +
                     to_string(place.sizes()));
  }
  kernels::copy(place.raw(), x.raw());
}

struct Slice {
  static constexpr OpInfo kInfo{
      .name = "slice",
      .doc = "Elements start, start + step, ... before end along a dim; ends as in Python.",
      .promotes = false};
  int dim;
  std::int64_t start, end, step;

  void describe(Attributes& a) const {
    a("dim", dim);
    a("start", start);
    a("end", end);
    a("step", step);
  }
  Tensor forward(Inputs in) {
    expect_dims(in[0], 1, "no dim to slice");
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
                     {{sample({2, 7})}, part(1, 0, kEnd, kEnd)},
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

  void describe(Attributes& a) const {
    a("sizes", sizes);
    a("dim", dim);
    a("start", start);
    a("end", end);
    a("step", step);
  }
  Tensor forward(Inputs in) {
    const Tensor out = zeros(sizes, in[0].dtype());
    const int d = normalize_dim(dim, sizes.size());
    put(part_of(out, d, Range(sizes[d], start, end, step)), in[0], "slice");
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

struct Narrow {
  static constexpr OpInfo kInfo{.name = "narrow",
                                .doc = "A number of elements from a place on, along a dim."};
  static Samples samples() {
    const auto part = [](int dim, std::int64_t start, std::int64_t length) {
      return [=](Inputs in) { return narrow(in[0], dim, start, length); };
    };
    return {
        .good = {{{sample({5, 3})}, part(0, 1, 3)},
                 {{sample({2, 7})}, part(-1, -4, 2)},
                 {{sample({4})}, part(0, 4, 0)}},
        .bad = {{{sample({4})}, part(0, 2, 3), "3 elements from 2 on are not in dim 0 of size 4"},
                {{sample({4})}, part(0, -5, 1), "1 elements from -5 on are not in dim 0"},
                {{sample({4})}, part(0, 0, -1), "-1 elements from 0 on are not in dim 0"},
                {{sample({})}, part(0, 0, 1), "no dim to narrow"}}};
  }
};

struct Select {
  static constexpr OpInfo kInfo{.name = "select",
                                .doc = "What stands at an index of a dim, without that dim."};
  static Samples samples() {
    const auto at = [](int dim, std::int64_t index) {
      return [=](Inputs in) { return select(in[0], dim, index); };
    };
    return {.good = {{{sample({5, 3})}, at(0, 1)},
                     {{sample({2, 3, 2})}, at(-2, -1)},
                     {{sample({4})}, at(0, 3)}},
            .bad = {{{sample({2, 4})}, at(1, 4), "index 4 is out of range for dim 1 of size 4"},
                    {{sample({2, 4})}, at(0, -3), "index -3 is out of range for dim 0 of size 2"},
                    {{sample({})}, at(0, 0), "no dim to select from"}}};
  }
};

Tensor diagonal_of(const Tensor& x, int offset, int dim1, int dim2) {
  expect_dims(x, 2, "no diagonal");
  const int a = normalize_dim(dim1, x.dim());
  const int b = normalize_dim(dim2, x.dim());
  if (a == b) throw ValueError("dim " + std::to_string(a) + " is listed twice");
  const std::int64_t down = std::max(-std::int64_t{offset}, std::int64_t{0});
  const std::int64_t right = std::max(std::int64_t{offset}, std::int64_t{0});
  const std::int64_t length = std::min(x.sizes()[a] - down, x.sizes()[b] - right);
  Shape sizes = x.sizes();
  Strides strides = x.strides();
  sizes.push_back(std::max(length, std::int64_t{0}));
  strides.push_back(strides[a] + strides[b]);
  for (const int d : {std::max(a, b), std::min(a, b)}) {
    sizes.erase(d);
    strides.erase(d);
  }
  const std::int64_t shift = length > 0 ? down * x.strides()[a] + right * x.strides()[b] : 0;
  return alias(x, sizes, strides, x.impl()->offset + shift);
}

struct Diagonal {
  static constexpr OpInfo kInfo{
      .name = "diagonal", .doc = "The diagonal of two dims, as the last dim.", .promotes = false};
  int offset, dim1, dim2;

  Tensor forward(Inputs in) { return diagonal_of(in[0], offset, dim1, dim2); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {diagonal_backward(g, s.sizes(0), offset, dim1, dim2)};
  }
  static Samples samples() {
    const auto of = [](int offset, int dim1, int dim2) {
      return [=](Inputs in) { return diagonal(in[0], offset, dim1, dim2); };
    };
    return {.good = {{{sample({3, 4})}, of(0, 0, 1)},
                     {{sample({3, 4})}, of(1, 0, 1)},
                     {{sample({3, 4})}, of(-2, 0, 1)},
                     {{sample({3, 4})}, of(5, 0, 1)},
                     {{sample({2, 3, 2})}, of(0, -1, 0)}},
            .bad = {{{sample({3})}, of(0, 0, 1), "a 1-dim tensor has no diagonal"},
                    {{sample({3, 3})}, of(0, 1, -1), "dim 1 is listed twice"}}};
  }
};

struct DiagonalBackward {
  static constexpr OpInfo kInfo{.name = "diagonal_backward",
                                .doc = "Zeros with x on the diagonal that diagonal() would take.",
                                .promotes = false};
  Shape sizes;
  int offset, dim1, dim2;

  Tensor forward(Inputs in) {
    const Tensor out = zeros(sizes, in[0].dtype());
    put(diagonal_of(out, offset, dim1, dim2), in[0], "diagonal");
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {diagonal(g, offset, dim1, dim2)};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return diagonal_backward(in[0], {3, 4, 2}, 1, 0, 1); };
    return {.good = {{{sample({2, 3})}, call}},
            .bad = {{{sample({2, 4})}, call, "[2, 4] does not fill the diagonal [2, 3]"}}};
  }
};

Tensor windows_of(const Tensor& x, int dim, std::int64_t size, std::int64_t step) {
  const int d = normalize_dim(dim, x.dim());
  const std::int64_t length = x.dim() == 0 ? 1 : x.sizes()[d];
  if (size < 0 || size > length || step < 1) {
    throw ValueError("windows of " + std::to_string(size) + " elements, " + std::to_string(step) +
                     " apart, do not fit dim " + std::to_string(dim) + " of size " +
                     std::to_string(length));
  }
  Shape sizes = x.sizes();
  Strides strides = x.strides();
  if (x.dim() > 0) {
    sizes[d] = (length - size) / step + 1;
    strides[d] *= step;
  }
  sizes.push_back(size);
  strides.push_back(x.dim() == 0 ? 1 : x.strides()[d]);
  return alias(x, sizes, strides, x.impl()->offset);
}

struct Unfold {
  static constexpr OpInfo kInfo{
      .name = "unfold", .doc = "All windows along a dim, as a last dim.", .promotes = false};
  int dim;
  std::int64_t size, step;

  void describe(Attributes& a) const {
    a("dim", dim);
    a("size", size);
    a("step", step);
  }
  Tensor forward(Inputs in) { return windows_of(in[0], dim, size, step); }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {unfold_backward(g, s.sizes(0), dim, size, step)};
  }
  static Samples samples() {
    const auto by = [](int dim, std::int64_t size, std::int64_t step) {
      return [=](Inputs in) { return unfold(in[0], dim, size, step); };
    };
    return {.good = {{{sample({7})}, by(0, 3, 1)},
                     {{sample({2, 7})}, by(-1, 2, 3)},
                     {{sample({5, 2})}, by(0, 5, 1)},
                     {{sample({})}, by(0, 1, 1)}},
            .bad = {{{sample({2, 7})}, by(1, 8, 1), "do not fit dim 1 of size 7"},
                    {{sample({2, 7})}, by(1, 2, 0), "0 apart"}}};
  }
};

struct UnfoldBackward {
  static constexpr OpInfo kInfo{.name = "unfold_backward",
                                .doc = "Zeros with windows added at their places.",
                                .promotes = false};
  Shape sizes;
  int dim;
  std::int64_t size, step;

  // One element of all windows at a time: those never meet.
  Tensor forward(Inputs in) {
    const DType dtype = in[0].dtype();
    const Tensor total = zeros(sizes, dtype == kBFloat16 ? kFloat32 : dtype);
    const kernels::View places = windows_of(total, dim, size, step).raw();
    if (!(places.sizes == in[0].sizes())) {
      throw ShapeError("shape " + to_string(in[0].sizes()) + " is not that of the windows, " +
                       to_string(places.sizes));
    }
    const int last = places.sizes.size() - 1;
    const auto element = [last](const kernels::View& windows, std::int64_t i) {
      kernels::View result = windows.shifted(i * windows.strides[last]);
      result.sizes.erase(last);
      result.strides.erase(last);
      return result;
    };
    kernels::dispatch(dtype, [&]<class T>(T) {
      using Sum = Compute<T>;
      for (std::int64_t i = 0; i < size; ++i) {
        const kernels::View to = element(places, i);
        kernels::map<Sum, Sum, T>([](Sum a, T b) { return static_cast<Sum>(a + b); }, to, to,
                                  element(in[0].raw(), i));
      }
    });
    return to(total, dtype);
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {unfold(g, dim, size, step)};
  }
  static Samples samples() {
    const auto call = [](Inputs in) { return unfold_backward(in[0], {2, 7}, 1, 3, 2); };
    return {.good = {{{sample({2, 3, 3})}, call}},
            .bad = {{{sample({2, 3, 2})}, call, "is not that of the windows, [2, 3, 3]"}}};
  }
};

const RegisterOps<Slice, SliceBackward, Narrow, Select, Diagonal, DiagonalBackward, Unfold,
                  UnfoldBackward>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor slice(const Tensor& x, int dim, std::int64_t start, std::int64_t end, std::int64_t step,
             Location at) {
  return ops::apply(ops::Slice{dim, start, end, step}, {x}, at);
}

Tensor slice_backward(const Tensor& x, const Shape& sizes, int dim, std::int64_t start,
                      std::int64_t end, std::int64_t step, Location at) {
  return ops::apply(ops::SliceBackward{sizes, dim, start, end, step}, {x}, at);
}

Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length, Location at) {
  return ops::compose("narrow", at, [&] {
    ops::expect_dims(x, 1, "no dim to narrow");
    const std::int64_t size = x.size(dim);
    const std::int64_t first = start < 0 ? start + size : start;
    if (first < 0 || length < 0 || first > size - length) {
      throw ValueError(std::to_string(length) + " elements from " + std::to_string(start) +
                       " on are not in dim " + std::to_string(dim) + " of size " +
                       std::to_string(size));
    }
    return slice(x, dim, first, first + length);
  });
}

Tensor select(const Tensor& x, int dim, std::int64_t index, Location at) {
  return ops::compose("select", at, [&] {
    ops::expect_dims(x, 1, "no dim to select from");
    const std::int64_t size = x.size(dim);
    if (index < -size || index >= size) {
      throw ValueError("index " + std::to_string(index) + " is out of range for dim " +
                       std::to_string(dim) + " of size " + std::to_string(size));
    }
    const std::int64_t first = index < 0 ? index + size : index;
    Shape rest = x.sizes();
    rest.erase(normalize_dim(dim, x.dim()));
    return reshape(slice(x, dim, first, first + 1), rest);
  });
}

Tensor diagonal(const Tensor& x, int offset, int dim1, int dim2, Location at) {
  return ops::apply(ops::Diagonal{offset, dim1, dim2}, {x}, at);
}

Tensor diagonal_backward(const Tensor& x, const Shape& sizes, int offset, int dim1, int dim2,
                         Location at) {
  return ops::apply(ops::DiagonalBackward{sizes, offset, dim1, dim2}, {x}, at);
}

Tensor unfold(const Tensor& x, int dim, std::int64_t size, std::int64_t step, Location at) {
  return ops::apply(ops::Unfold{dim, size, step}, {x}, at);
}

Tensor unfold_backward(const Tensor& x, const Shape& sizes, int dim, std::int64_t size,
                       std::int64_t step, Location at) {
  return ops::apply(ops::UnfoldBackward{sizes, dim, size, step}, {x}, at);
}

}  // namespace gradus
