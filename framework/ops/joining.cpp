#include "framework/ops/joining.h"
#include "framework/kernels/elementwise.h"
#include "framework/ops/apply.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

bool is_skipped(const Shape& sizes) {
  return sizes == Shape{0};
}

struct Cat {
  static constexpr OpInfo kInfo{.name = "cat",
                                .doc = "Joins tensors along a dim; all other sizes are equal.",
                                .inputs = kAnyNumber};
  int dim;

  void describe(Attributes& a) const { a("dim", dim); }
  Tensor forward(Inputs in) {
    const Shape& pattern = pattern_of(in);
    const int d = normalize_dim(dim, pattern.size());
    Shape sizes = pattern;
    sizes[d] = 0;
    for (const Tensor& each : in) {
      if (is_skipped(each.sizes())) continue;
      Shape rest = each.sizes();
      if (each.dim() == pattern.size()) rest[d] = pattern[d];
      if (!(rest == pattern)) {
        throw ShapeError("shapes differ outside dim " + std::to_string(d) + ": " +
                         to_string(pattern) + " and " + to_string(each.sizes()));
      }
      sizes[d] += each.sizes()[d];
    }
    const Tensor out(sizes, in[0].dtype());
    std::int64_t begin = 0;
    for (const Tensor& each : in) {
      if (is_skipped(each.sizes())) continue;
      const std::int64_t end = begin + each.sizes()[d];
      kernels::copy(slice(out, d, begin, end).raw(), each.raw());
      begin = end;
    }
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    Gradients gradients;
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const Shape& sizes = s.sizes(i);
      const int d = normalize_dim(dim, g.dim());
      const std::int64_t end = begin + (is_skipped(sizes) ? 0 : sizes[d]);
      Tensor part = needs[i] ? slice(g, dim, begin, end) : Tensor();
      if (needs[i] && is_skipped(sizes)) part = reshape(part, sizes);
      gradients.push_back(part);
      begin = end;
    }
    return gradients;
  }
  static Samples samples() {
    const auto along = [](int dim) { return [=](Inputs in) { return cat(in, dim); }; };
    return {.good = {{{sample({2, 3}), sample({1, 3})}, along(0)},
                     {{sample({2, 3}), sample({2, 2}), sample({2, 1}), sample({2, 4})}, along(-1)},
                     {{sample({2}), sample({0})}, along(0)},
                     {{sample({0}), sample({2, 3}), sample({2, 1})}, along(1)},
                     {{sample({2, 3, 4})}, along(1)}},
            .bad = {{{sample({2, 3}), sample({2, 4})}, along(0), "shapes differ outside dim 0"},
                    {{}, along(0), "at least one tensor"},
                    {{sample({})}, along(0), "0-dim tensors cannot be joined"}}};
  }

 private:
  // The shape that the others are held against.
  static const Shape& pattern_of(Inputs in) {
    if (in.empty()) throw ValueError("needs at least one tensor");
    const Shape* pattern = nullptr;
    for (const Tensor& each : in) {
      if (each.dim() == 0) throw ShapeError("0-dim tensors cannot be joined; stack() joins them");
      if (pattern == nullptr && !is_skipped(each.sizes())) pattern = &each.sizes();
    }
    return pattern == nullptr ? in[0].sizes() : *pattern;
  }
};

Samples joins(Tensor (*op)(std::span<const Tensor>, Location)) {
  const auto call = [op](Inputs in) { return op(in, Location::current()); };
  return {.good = {{{sample({2, 3}), sample({2, 3})}, call},
                   {{sample({2}), sample({2})}, call},
                   {{sample({}), sample({})}, call},
                   {{sample({1, 2, 3}), sample({1, 2, 3})}, call}},
          .bad = {{{sample({2, 3, 2}), sample({2, 3, 1})}, call, "shapes differ outside dim"},
                  {{}, call, "at least one tensor"}}};
}

struct Stack {
  static constexpr OpInfo kInfo{
      .name = "stack", .doc = "Joins tensors of one shape along a new dim.", .inputs = kAnyNumber};
  static Samples samples() {
    const auto along = [](int dim) { return [=](Inputs in) { return stack(in, dim); }; };
    return {.good = {{{sample({2, 3}), sample({2, 3})}, along(0)},
                     {{sample({2, 3}), sample({2, 3})}, along(-1)},
                     {{sample({}), sample({}), sample({})}, along(0)},
                     {{sample({0}), sample({0})}, along(1)}},
            .bad = {{{sample({2}), sample({3})}, along(0), "shapes differ: [2] and [3]"},
                    {{sample({2}), sample({2})}, along(2), "dim 2 is out of range"},
                    {{}, along(0), "at least one tensor"}}};
  }
};

struct HStack {
  static constexpr OpInfo kInfo{.name = "hstack",
                                .doc = "Joins along dim 1, or dim 0 where there is no other.",
                                .inputs = kAnyNumber};
  static Samples samples() { return joins(hstack); }
};

struct VStack {
  static constexpr OpInfo kInfo{.name = "vstack",
                                .doc = "Joins along dim 0; what has fewer than 2 dims is a row.",
                                .inputs = kAnyNumber};
  static Samples samples() { return joins(vstack); }
};

// Puts the parts together in reverse order, so that each of them counts.
Tensor reversed(std::vector<Tensor> parts, int dim) {
  std::reverse(parts.begin(), parts.end());
  return cat(parts, dim);
}

struct SplitParts {
  static constexpr OpInfo kInfo{.name = "split", .doc = "Parts of given sizes along a dim."};
  static Samples samples() {
    const auto by = [](std::int64_t size, int dim) {
      return [=](Inputs in) { return reversed(split(in[0], size, dim), dim); };
    };
    const auto into = [](const std::vector<std::int64_t>& sizes) {
      return [=](Inputs in) { return reversed(split(in[0], sizes, 1), 1); };
    };
    return {.good = {{{sample({5, 2})}, by(2, 0)},
                     {{sample({2, 4})}, by(2, -1)},
                     {{sample({2, 6})}, into({3, 0, 1, 2})},
                     {{sample({0, 3})}, by(2, 0)}},
            .bad = {{{sample({2, 3})}, by(-1, 0), "the size of a part is -1"},
                    {{sample({2, 3})}, by(0, 0), "the size of a part is 0"},
                    {{sample({2, 3})}, into({1, 1}), "[1, 1] do not add up to the 3 of dim 1"},
                    {{sample({2, 3})}, into({4, -1}), "the size of a part is -1"},
                    {{sample({})}, by(1, 0), "no dim to split"}}};
  }
};

struct Chunk {
  static constexpr OpInfo kInfo{.name = "chunk",
                                .doc = "At most so many parts of equal size along a dim."};
  static Samples samples() {
    const auto into = [](std::int64_t chunks, int dim) {
      return [=](Inputs in) { return reversed(chunk(in[0], chunks, dim), dim); };
    };
    return {.good = {{{sample({5, 2})}, into(3, 0)},
                     {{sample({2, 3})}, into(5, -1)},
                     {{sample({0, 3})}, into(2, 0)}},
            .bad = {{{sample({2, 3})}, into(0, 0), "the number of chunks is 0"},
                    {{sample({})}, into(1, 0), "no dim to split"}}};
  }
};

struct Unbind {
  static constexpr OpInfo kInfo{.name = "unbind", .doc = "What stands at each index of a dim."};
  static Samples samples() {
    const auto along = [](int dim) {
      return [=](Inputs in) {
        const std::vector<Tensor> parts = unbind(in[0], dim);
        return stack({parts.back(), parts.front()});
      };
    };
    return {.good = {{{sample({5, 2})}, along(0)},
                     {{sample({2, 3, 4})}, along(-1)},
                     {{sample({3})}, along(0)}},
            .bad = {{{sample({2, 3})}, along(2), "dim 2 is out of range"},
                    {{sample({})}, along(0), "no dim to split"}}};
  }
};

struct MeshGrid {
  static constexpr OpInfo kInfo{.name = "meshgrid",
                                .doc = "Coordinates of the points of a grid, dim by dim.",
                                .inputs = kAnyNumber};
  static Samples samples() {
    const auto grid = [](std::size_t which, MeshIndexing indexing) {
      return [=](Inputs in) { return meshgrid(in, indexing)[which]; };
    };
    return {.good = {{{sample({2}), sample({3})}, grid(0, MeshIndexing::IJ)},
                     {{sample({2}), sample({3}), sample({})}, grid(1, MeshIndexing::XY)},
                     {{sample({2})}, grid(0, MeshIndexing::XY)}},
            .bad = {{{sample({2, 2})}, grid(0, MeshIndexing::IJ), "at most 1 dim"},
                    {{}, grid(0, MeshIndexing::IJ), "at least one tensor"}}};
  }
};

void expect_dim(const Tensor& x) {
  if (x.dim() == 0) throw ShapeError("a 0-dim tensor has no dim to split");
}

const RegisterOps<Cat, Stack, HStack, VStack, SplitParts, Chunk, Unbind, MeshGrid> kRegistered;

}  // namespace
}  // namespace ops

Tensor cat(std::span<const Tensor> tensors, int dim, Location at) {
  ops::TensorList list;
  for (const Tensor& each : tensors) list.push_back(each);
  return ops::apply(ops::Cat{dim}, std::move(list), at);
}

Tensor cat(std::initializer_list<Tensor> tensors, int dim, Location at) {
  return cat(std::span(tensors.begin(), tensors.size()), dim, at);
}

Tensor stack(std::span<const Tensor> tensors, int dim, Location at) {
  return ops::compose("stack", at, [&] {
    std::vector<Tensor> list;
    for (const Tensor& each : tensors) {
      if (!(each.sizes() == tensors.front().sizes())) {
        throw ShapeError("shapes differ: " + to_string(tensors.front().sizes()) + " and " +
                         to_string(each.sizes()));
      }
      list.push_back(unsqueeze(each, dim));
    }
    return cat(list, dim);
  });
}

Tensor stack(std::initializer_list<Tensor> tensors, int dim, Location at) {
  return stack(std::span(tensors.begin(), tensors.size()), dim, at);
}

Tensor hstack(std::span<const Tensor> tensors, Location at) {
  return ops::compose("hstack", at, [&] {
    std::vector<Tensor> list;
    for (const Tensor& each : tensors) list.push_back(each.dim() == 0 ? unsqueeze(each, 0) : each);
    return cat(list, !list.empty() && list.front().dim() > 1 ? 1 : 0);
  });
}

Tensor vstack(std::span<const Tensor> tensors, Location at) {
  return ops::compose("vstack", at, [&] {
    std::vector<Tensor> list;
    for (const Tensor& each : tensors) {
      list.push_back(each.dim() < 2 ? reshape(each, {1, each.numel()}) : each);
    }
    return cat(list, 0);
  });
}

std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, int dim,
                          Location at) {
  return named("split", at, [&] {
    ops::expect_dim(x);
    std::int64_t total = 0;
    std::string list;
    for (const std::int64_t size : sizes) {
      if (size < 0) throw ValueError("the size of a part is " + std::to_string(size));
      total += size;
      list += (list.empty() ? "" : ", ") + std::to_string(size);
    }
    if (total != x.size(dim)) {
      throw ShapeError("the sizes [" + list + "] do not add up to the " +
                       std::to_string(x.size(dim)) + " of dim " + std::to_string(dim));
    }
    std::vector<Tensor> parts;
    std::int64_t begin = 0;
    for (const std::int64_t size : sizes) {
      parts.push_back(slice(x, dim, begin, begin + size));
      begin += size;
    }
    return parts;
  });
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, int dim, Location at) {
  return named("split", at, [&] {
    ops::expect_dim(x);
    const std::int64_t whole = x.size(dim);
    if (size < 0 || (size == 0 && whole > 0)) {
      throw ValueError("the size of a part is " + std::to_string(size));
    }
    std::vector<std::int64_t> sizes;
    for (std::int64_t begin = 0; begin < whole; begin += size) {
      sizes.push_back(std::min(size, whole - begin));
    }
    if (sizes.empty()) sizes.push_back(0);
    return split(x, sizes, dim);
  });
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, int dim, Location at) {
  return named("chunk", at, [&] {
    ops::expect_dim(x);
    if (chunks < 1) throw ValueError("the number of chunks is " + std::to_string(chunks));
    const std::int64_t whole = x.size(dim);
    if (whole > 0) return split(x, (whole - 1) / chunks + 1, dim);
    return split(x, std::vector<std::int64_t>(static_cast<std::size_t>(chunks), 0), dim);
  });
}

std::vector<Tensor> unbind(const Tensor& x, int dim, Location at) {
  return named("unbind", at, [&] {
    ops::expect_dim(x);
    std::vector<Tensor> parts;
    for (std::int64_t i = 0; i < x.size(dim); ++i) parts.push_back(select(x, dim, i));
    return parts;
  });
}

std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, MeshIndexing indexing, Location at) {
  return named("meshgrid", at, [&] {
    if (tensors.empty()) throw ValueError("needs at least one tensor");
    const bool swapped = indexing == MeshIndexing::XY && tensors.size() > 1;
    Shape sizes;
    for (const Tensor& each : tensors) {
      if (each.dim() > 1) {
        throw ShapeError("needs tensors of at most 1 dim, got shape " + to_string(each.sizes()));
      }
      sizes.push_back(each.numel());
    }
    std::vector<Tensor> grids;
    for (int i = 0; i < sizes.size(); ++i) {
      Shape own = Shape::filled(sizes.size(), 1);
      own[i] = sizes[i];
      const Tensor grid = expand(reshape(tensors[static_cast<std::size_t>(i)], own), sizes);
      grids.push_back(swapped ? transpose(grid, 0, 1) : grid);
    }
    return grids;
  });
}

}  // namespace gradus
