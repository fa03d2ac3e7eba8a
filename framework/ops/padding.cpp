// pad(): a border of a number copies once; the other borders select what they repeat, dim by dim.
#include "framework/kernels/elementwise.h"
#include "framework/ops/apply.h"
#include "framework/ops/indexing.h"
#include "framework/ops/rearrangement.h"

namespace gradus {
namespace ops {
namespace {

using Padding = std::vector<std::int64_t>;

// Elements added before and behind a dim, counted from the last one.
struct Border {
  std::int64_t before;
  std::int64_t behind;
};

Border border_of(const Padding& padding, int from_last) {
  const auto i = static_cast<std::size_t>(2 * from_last);
  return i + 1 < padding.size() ? Border{padding[i], padding[i + 1]} : Border{0, 0};
}

std::string to_text(const Padding& padding) {
  std::string text = "[";
  for (const std::int64_t each : padding) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(each);
  }
  return text + "]";
}

Shape padded_sizes(const Shape& sizes, const Padding& padding) {
  if (padding.size() % 2 != 0 || padding.size() > 2 * static_cast<std::size_t>(sizes.size())) {
    throw ShapeError("the padding " + to_text(padding) + " does not fit the " +
                     std::to_string(sizes.size()) + " dims of shape " + to_string(sizes) +
                     ": it is a number before and one behind for each dim, the last one first");
  }
  Shape result = sizes;
  for (int d = 0; d < sizes.size(); ++d) {
    const Border border = border_of(padding, sizes.size() - 1 - d);
    result[d] += border.before + border.behind;
    if (result[d] < 0) {
      throw ShapeError("the padding " + to_text(padding) + " leaves nothing of dim " +
                       std::to_string(d) + " of shape " + to_string(sizes));
    }
  }
  return result;
}

struct ConstantPad {
  static constexpr OpInfo kInfo{.name = "constant_pad",
                                .doc = "A border of one number; negative borders cut off."};
  Padding padding;
  Scalar value;

  void describe(Attributes& a) const {
    a("padding", padding);
    a("value", value);
  }
  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    const Tensor out = full(padded_sizes(x.sizes(), padding), value, x.dtype());
    kernels::View from = x.raw();
    kernels::View to = out.raw();
    for (int d = 0; d < x.dim(); ++d) {
      const Border border = border_of(padding, x.dim() - 1 - d);
      const std::int64_t cut = std::max(-border.before, std::int64_t{0});
      const std::int64_t left = std::max(border.before, std::int64_t{0});
      const std::int64_t count = std::min(x.sizes()[d] - cut, out.sizes()[d] - left);
      if (count <= 0) return out;
      from = from.shifted(cut * from.strides[d]);
      to = to.shifted(left * to.strides[d]);
      from.sizes[d] = to.sizes[d] = count;
    }
    kernels::copy(to, from);
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    Padding inverse = padding;
    for (std::int64_t& each : inverse) each = -each;
    return {pad(g, inverse)};
  }
  static Samples samples() {
    const auto by = [](const Padding& padding, double value) {
      return [=](Inputs in) { return pad(in[0], padding, PadMode::Constant, value); };
    };
    return {.good = {{{sample({3, 4})}, by({1, 2}, 0)},
                     {{sample({3, 4})}, by({1, 0, 0, 2}, 1.5)},
                     {{sample({3, 4})}, by({-1, 2, 1, -2}, 0)},
                     {{sample({3, 4})}, by({2, -5}, 0.5)},
                     {{sample({0, 2})}, by({1, 1, 1, 1}, 2)},
                     {{sample({})}, by({}, 0)}},
            .bad = {{{sample({3, 4})}, by({1}, 0), "the padding [1] does not fit the 2 dims"},
                    {{sample({4})}, by({0, 0, 1, 1}, 0), "does not fit the 1 dims"},
                    {{sample({4})}, by({-3, -2}, 0), "leaves nothing of dim 0 of shape [4]"}}};
  }
};

// Where an element at `place` (outside [0, size): in the border) is taken from.
std::int64_t source_of(std::int64_t place, std::int64_t size, PadMode mode) {
  switch (mode) {
    case PadMode::Reflect:
      return place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place;
    case PadMode::Replicate:
      return std::clamp(place, std::int64_t{0}, size - 1);
    default:
      return place < 0 ? place + size : place >= size ? place - size : place;
  }
}

void check_border(const Border& border, std::int64_t size, int dim, PadMode mode) {
  const std::int64_t most = mode == PadMode::Reflect ? size - 1 : size;
  const bool fits = mode == PadMode::Replicate
                        ? size > 0 || std::max(border.before, border.behind) <= 0
                        : std::max(border.before, border.behind) <= most;
  if (fits) return;
  throw ValueError("a border of " + std::to_string(std::max(border.before, border.behind)) +
                   " elements is too large for dim " + std::to_string(dim) + " of size " +
                   std::to_string(size) + ", which has no more to " +
                   (mode == PadMode::Reflect ? "reflect" : "repeat"));
}

Tensor pad_by_selection(const Tensor& x, const Padding& padding, PadMode mode) {
  const Shape sizes = padded_sizes(x.sizes(), padding);
  Tensor result = x;
  for (int d = x.dim() - 1; d >= 0; --d) {
    const Border border = border_of(padding, x.dim() - 1 - d);
    if (border.before == 0 && border.behind == 0) continue;
    check_border(border, x.sizes()[d], d, mode);
    std::vector<std::int64_t> index;
    for (std::int64_t i = 0; i < sizes[d]; ++i) {
      index.push_back(source_of(i - border.before, x.sizes()[d], mode));
    }
    result = index_select(result, d, tensor(index));
  }
  return result.is_same(x) ? x.clone() : result;
}

struct Pad {
  static constexpr OpInfo kInfo{
      .name = "pad", .doc = "A border of a number, mirrored, of the edge, or from the other end."};
  static Samples samples() {
    const auto by = [](const Padding& padding, PadMode mode) {
      return [=](Inputs in) { return pad(in[0], padding, mode); };
    };
    return {.good = {{{sample({2, 3, 4})}, by({3, 1}, PadMode::Reflect)},
                     {{sample({2, 3, 4})}, by({1, -2, 2, 0}, PadMode::Reflect)},
                     {{sample({2, 3, 4})}, by({5, 1, 0, 2}, PadMode::Replicate)},
                     {{sample({2, 3, 4})}, by({4, 1, 3, -1}, PadMode::Circular)},
                     {{sample({2, 3})}, by({0, 0}, PadMode::Circular)},
                     {{sample({2, 3})}, by({1, 1}, PadMode::Constant)}},
            .bad = {{{sample({2, 3})},
                     by({3, 0}, PadMode::Reflect),
                     "a border of 3 elements is too large for dim 1 of size 3"},
                    {{sample({2, 3})},
                     by({0, 4}, PadMode::Circular),
                     "a border of 4 elements is too large for dim 1 of size 3"},
                    {{sample({2, 0})}, by({0, 1}, PadMode::Replicate), "of size 0"}}};
  }
};

const RegisterOps<ConstantPad, Pad> kRegistered;

}  // namespace
}  // namespace ops

Tensor pad(const Tensor& x, const std::vector<std::int64_t>& padding, PadMode mode, Scalar value,
           Location at) {
  return ops::compose("pad", at, [&] {
    if (mode == PadMode::Constant) {
      return ops::apply(ops::ConstantPad{padding, value}, {x}, at);
    }
    return ops::pad_by_selection(x, padding, mode);
  });
}

}  // namespace gradus
