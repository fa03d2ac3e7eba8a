// The views that are another view under a handier name.
#include "framework/ops/apply.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

struct Flatten {
  static constexpr OpInfo kInfo{.name = "flatten",
                                .doc = "Several dims as one; a 0-dim tensor becomes [1]."};
  static Samples samples() {
    const auto from = [](int start, int end) {
      return [=](Inputs in) { return flatten(in[0], start, end); };
    };
    return {.good = {{{sample({2, 3, 2})}, from(0, -1)},
                     {{sample({2, 3, 2})}, from(1, 2)},
                     {{sample({2, 3})}, from(1, 1)},
                     {{sample({})}, from(0, -1)},
                     {{sample({0, 3})}, from(0, 1)}},
            .bad = {{{sample({2, 3})}, from(1, 0), "start_dim comes after end_dim"}}};
  }
};

struct Unflatten {
  static constexpr OpInfo kInfo{.name = "unflatten",
                                .doc = "One dim as several; one of their sizes may be -1."};
  static Samples samples() {
    const auto into = [](int dim, const Shape& sizes) {
      return [=](Inputs in) { return unflatten(in[0], dim, sizes); };
    };
    return {.good = {{{sample({2, 6})}, into(1, {2, 3})}, {{sample({6, 2})}, into(-2, {-1, 2})}},
            .bad = {{{sample({2, 6})}, into(1, {4, 2}), "do not make up the 6 of dim 1"},
                    {{sample({2, 6})}, into(1, {4, -1}), "do not make up the 6 of dim 1"},
                    {{sample({2, 6})}, into(1, {}), "at least one size"}}};
  }
};

struct Ravel {
  static constexpr OpInfo kInfo{.name = "ravel", .doc = "All elements in one dim."};
  static Samples samples() {
    const auto call = [](Inputs in) { return ravel(in[0]); };
    return {.good = {{{sample({2, 3})}, call}, {{sample({})}, call}, {{sample({0, 2})}, call}}};
  }
};

Samples swaps(Tensor (*op)(const Tensor&, int, int, Location)) {
  const auto swap = [op](int a, int b) {
    return [=](Inputs in) { return op(in[0], a, b, Location::current()); };
  };
  return {.good = {{{sample({2, 3, 4})}, swap(0, -1)},
                   {{sample({2, 3})}, swap(1, 1)},
                   {{sample({})}, swap(0, -1)},
                   {{sample({0, 3})}, swap(0, 1)}},
          .bad = {{{sample({2, 3})}, swap(0, 2), "dim 2 is out of range"}}};
}

struct Transpose {
  static constexpr OpInfo kInfo{.name = "transpose", .doc = "Two dims change places."};
  static Samples samples() { return swaps(transpose); }
};

struct SwapAxes {
  static constexpr OpInfo kInfo{.name = "swapaxes", .doc = "Another name for transpose."};
  static Samples samples() { return swaps(swapaxes); }
};

struct SwapDims {
  static constexpr OpInfo kInfo{.name = "swapdims", .doc = "Another name for transpose."};
  static Samples samples() { return swaps(swapdims); }
};

struct Turned {
  static constexpr OpInfo kInfo{
      .name = "t", .doc = "The transposed matrix; tensors of fewer than 2 dims stay as they are."};
  static Samples samples() {
    const auto call = [](Inputs in) { return t(in[0]); };
    return {.good = {{{sample({2, 3})}, call}, {{sample({3})}, call}, {{sample({})}, call}},
            .bad = {{{sample({2, 3, 4})}, call, "needs at most 2 dims, got [2, 3, 4]"}}};
  }
};

struct MoveDim {
  static constexpr OpInfo kInfo{.name = "movedim",
                                .doc = "Dims moved to other places; the rest keeps its order."};
  static Samples samples() {
    const auto move = [](const Shape& from, const Shape& to) {
      return [=](Inputs in) { return movedim(in[0], from, to); };
    };
    return {.good = {{{sample({2, 3, 4})}, move({0}, {-1})},
                     {{sample({2, 3, 2, 1})}, move({3, 0}, {0, 1})},
                     {{sample({2, 3})}, [](Inputs in) { return movedim(in[0], 1, 0); }},
                     {{sample({})}, move({}, {})}},
            .bad = {{{sample({2, 3})}, move({0, 1}, {0}), "2 dims to 1 places"},
                    {{sample({2, 3})}, move({0, -2}, {0, 1}), "dim 0 is listed twice"},
                    {{sample({2, 3})}, move({0, 1}, {1, 1}), "dim 1 is listed twice"}}};
  }
};

struct ExpandAs {
  static constexpr OpInfo kInfo{.name = "expand_as",
                                .doc = "Expanded to the shape of another tensor."};
  static Samples samples() {
    const auto call = [](Inputs in) { return expand_as(in[0], zeros({2, 3})); };
    return {.good = {{{sample({3})}, call}, {{sample({2, 1})}, call}},
            .bad = {{{sample({2})}, call, "[2] does not stretch to [2, 3]"}}};
  }
};

struct BroadcastTo {
  static constexpr OpInfo kInfo{.name = "broadcast_to", .doc = "Another name for expand."};
  static Samples samples() {
    const auto call = [](Inputs in) { return broadcast_to(in[0], {2, 3}); };
    return {.good = {{{sample({3})}, call}, {{sample({})}, call}},
            .bad = {{{sample({2})}, call, "[2] does not stretch to [2, 3]"}}};
  }
};

struct BroadcastTensors {
  static constexpr OpInfo kInfo{.name = "broadcast_tensors",
                                .doc = "All tensors expanded to their common shape.",
                                .inputs = kAnyNumber};
  static Samples samples() {
    const auto which = [](std::size_t i) {
      return [=](Inputs in) { return broadcast_tensors(in)[i]; };
    };
    return {.good = {{{sample({3, 1}), sample({2})}, which(0)},
                     {{sample({3, 1}), sample({2}), sample({})}, which(1)}},
            .bad = {{{sample({3}), sample({2})}, which(0), "shapes do not broadcast"}}};
  }
};

struct Squeeze {
  static constexpr OpInfo kInfo{.name = "squeeze",
                                .doc = "Without dims of size 1; listed dims of other sizes stay."};
  static Samples samples() {
    const auto without = [](const Shape& dims) {
      return [=](Inputs in) { return squeeze(in[0], dims); };
    };
    return {
        .good = {{{sample({1, 3, 1, 2})}, [](Inputs in) { return squeeze(in[0]); }},
                 {{sample({1, 3, 1, 2})}, [](Inputs in) { return squeeze(in[0], -2); }},
                 {{sample({1, 3, 1, 2})}, without({0, 1, 2})},
                 {{sample({1})}, [](Inputs in) { return squeeze(in[0], 0); }},
                 {{sample({})}, [](Inputs in) { return squeeze(in[0]); }},
                 {{sample({})}, [](Inputs in) { return squeeze(in[0], -1); }},
                 {{sample({0, 1})}, [](Inputs in) { return squeeze(in[0]); }}},
        .bad = {{{sample({1, 3})}, without({2}), "dim 2 is out of range for a tensor of 2 dims"},
                {{sample({1, 3})}, without({0, -2}), "dim 0 is listed twice"}}};
  }
};

struct Unsqueeze {
  static constexpr OpInfo kInfo{.name = "unsqueeze", .doc = "With a new dim of size 1."};
  static Samples samples() {
    const auto at = [](int dim) { return [=](Inputs in) { return unsqueeze(in[0], dim); }; };
    return {.good = {{{sample({2, 3})}, at(1)},
                     {{sample({2, 3})}, at(-1)},
                     {{sample({})}, at(0)},
                     {{sample({0})}, at(0)}},
            .bad = {{{sample({2, 3})}, at(3), "dim 3 is out of range"}}};
  }
};

// Which of `dims` dims a list names.
Shape flags_of(const Shape& list, int dims) {
  Shape flags = Shape::filled(std::max(dims, 1), 0);
  for (const std::int64_t dim : list) {
    const int d = normalize_dim(static_cast<int>(dim), dims);
    if (flags[d]++ != 0) throw ValueError("dim " + std::to_string(d) + " is listed twice");
  }
  return flags;
}

const RegisterOps<Flatten, Unflatten, Ravel, Transpose, SwapAxes, SwapDims, Turned, MoveDim,
                  ExpandAs, BroadcastTo, BroadcastTensors, Squeeze, Unsqueeze>
    kRegistered;

}  // namespace
}  // namespace ops

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

Tensor unflatten(const Tensor& x, int dim, const Shape& sizes, Location at) {
  return ops::compose("unflatten", at, [&] {
    const int d = normalize_dim(dim, x.dim());
    if (sizes.empty()) throw ValueError("needs at least one size");
    const std::int64_t old = x.dim() == 0 ? 1 : x.sizes()[d];
    const auto open = std::count(sizes.begin(), sizes.end(), -1);
    const std::int64_t product = open == 1 ? -sizes.numel() : sizes.numel();
    if (open > 1 || (open == 0 ? product != old : product == 0 || old % product != 0)) {
      throw ShapeError("the sizes " + to_string(sizes) + " do not make up the " +
                       std::to_string(old) + " of dim " + std::to_string(dim));
    }
    Shape result;
    for (int i = 0; i < d; ++i) result.push_back(x.sizes()[i]);
    for (const std::int64_t size : sizes) result.push_back(size == -1 ? old / product : size);
    for (int i = d + 1; i < x.dim(); ++i) result.push_back(x.sizes()[i]);
    return reshape(x, result);
  });
}

Tensor ravel(const Tensor& x, Location at) {
  return ops::compose("ravel", at, [&] { return reshape(x, {-1}); });
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

Tensor swapaxes(const Tensor& x, int a, int b, Location at) {
  return ops::compose("swapaxes", at, [&] { return transpose(x, a, b); });
}

Tensor swapdims(const Tensor& x, int a, int b, Location at) {
  return ops::compose("swapdims", at, [&] { return transpose(x, a, b); });
}

Tensor t(const Tensor& x, Location at) {
  return ops::compose("t", at, [&] {
    if (x.dim() > 2) {
      throw ShapeError("needs at most 2 dims, got " + to_string(x.sizes()) + "; use transpose");
    }
    return x.dim() < 2 ? x : transpose(x, 0, 1);
  });
}

Tensor movedim(const Tensor& x, const Shape& source, const Shape& destination, Location at) {
  return ops::compose("movedim", at, [&] {
    if (source.size() != destination.size()) {
      throw ValueError("cannot move " + std::to_string(source.size()) + " dims to " +
                       std::to_string(destination.size()) + " places");
    }
    const Shape moved = ops::flags_of(source, x.dim());
    const Shape taken = ops::flags_of(destination, x.dim());
    Shape order = Shape::filled(x.dim(), 0);
    for (int i = 0; x.dim() > 0 && i < source.size(); ++i) {
      const auto place = static_cast<int>(destination[i]);
      order[normalize_dim(place, x.dim())] = normalize_dim(static_cast<int>(source[i]), x.dim());
    }
    int from = 0;
    for (int d = 0; d < x.dim(); ++d) {
      if (taken[d] != 0) continue;
      while (moved[from] != 0) ++from;
      order[d] = from++;
    }
    return permute(x, order);
  });
}

Tensor movedim(const Tensor& x, int source, int destination, Location at) {
  return movedim(x, Shape{source}, Shape{destination}, at);
}

Tensor expand_as(const Tensor& x, const Tensor& other, Location at) {
  return ops::compose("expand_as", at, [&] { return expand(x, other.sizes()); });
}

Tensor broadcast_to(const Tensor& x, const Shape& sizes, Location at) {
  return ops::compose("broadcast_to", at, [&] { return expand(x, sizes); });
}

std::vector<Tensor> broadcast_tensors(std::span<const Tensor> tensors, Location at) {
  return named("broadcast_tensors", at, [&] {
    Shape common;
    for (const Tensor& each : tensors) common = broadcast_shapes(common, each.sizes());
    std::vector<Tensor> result;
    for (const Tensor& each : tensors) result.push_back(expand(each, common));
    return result;
  });
}

Tensor squeeze(const Tensor& x, const Shape& dims, Location at) {
  return ops::compose("squeeze", at, [&] {
    const Shape listed = ops::flags_of(dims, x.dim());
    Shape sizes;
    for (int d = 0; d < x.dim(); ++d) {
      if (x.sizes()[d] != 1 || listed[d] == 0) sizes.push_back(x.sizes()[d]);
    }
    return sizes.size() == x.dim() ? x : reshape(x, sizes);
  });
}

Tensor squeeze(const Tensor& x, int dim, Location at) {
  return squeeze(x, Shape{dim}, at);
}

Tensor squeeze(const Tensor& x, Location at) {
  return ops::compose("squeeze", at, [&] {
    Shape dims;
    for (int d = 0; d < x.dim(); ++d) dims.push_back(d);
    return squeeze(x, dims);
  });
}

Tensor unsqueeze(const Tensor& x, int dim, Location at) {
  return ops::compose("unsqueeze", at, [&] {
    Shape sizes = x.sizes();
    sizes.insert(normalize_dim(dim, x.dim() + 1), 1);
    return reshape(x, sizes);
  });
}

}  // namespace gradus
