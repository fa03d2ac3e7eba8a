#include "framework/ops/indexing.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/indexing.h"
#include "framework/kernels/memory.h"
#include "framework/ops/apply.h"
#include "framework/ops/index_checks.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

struct NonZero {
  static constexpr OpInfo kInfo{
      .name = "nonzero",
      .doc = "The places of the elements that are not zero, in row-major order.",
      .promotes = false,
      .differentiable = false};

  Tensor forward(Inputs in) {
    const Tensor x = in[0].contiguous();
    const std::int64_t numel = x.numel();
    return kernels::dispatch(x.dtype(), [&]<class T>(T) {
      const T* data = x.data_ptr<T>();
      const auto counts = [=](std::int64_t i) {
        return static_cast<Compute<T>>(data[i]) != Compute<T>{} ? 1 : 0;
      };
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < numel; ++i) count += counts(i);
      // Each place is written, and stays only if it counts: no jumps to guess wrong.
      kernels::Scratch<std::int64_t> found(count + 1);
      std::int64_t next = 0;
      for (std::int64_t i = 0; i < numel; ++i) {
        found[next] = i;
        next += counts(i);
      }
      return places(x.sizes(), {found.data(), static_cast<std::size_t>(count)});
    });
  }
  static Tensor places(const Shape& sizes, std::span<const std::int64_t> found) {
    const int dims = sizes.size();
    Tensor out({static_cast<std::int64_t>(found.size()), dims}, kInt64);
    auto* place = out.data_ptr<std::int64_t>();
    if (dims == 1) std::copy(found.begin(), found.end(), place);
    for (std::size_t i = 0; i < found.size() && dims > 1; ++i, place += dims) {
      std::int64_t rest = found[i];
      for (int d = dims - 1; d >= 0; --d) {
        place[d] = rest % sizes[d];
        rest /= sizes[d];
      }
    }
    return out;
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto call = [](Inputs in) { return nonzero(in[0]); };
    return {.good = {{{tensor({{0.0, 1.0, 0.0}, {-2.0, 0.5, 0.0}}, kFloat64)}, call},
                     {{zeros({2, 2}, kFloat64)}, call},
                     {{ones({}, kFloat64)}, call},
                     {{zeros({0, 3}, kFloat64)}, call}}};
  }
};

struct MaskedSelect {
  static constexpr OpInfo kInfo{
      .name = "masked_select",
      .doc = "The elements where a bool mask is true, in one dim; both broadcast."};
  static Samples samples() {
    const auto by = [](const NestedNumbers& mask) {
      return [=](Inputs in) { return masked_select(in[0], tensor(mask)); };
    };
    return {
        .good = {{{sample({2, 3})}, by({{true, false, true}, {false, true, true}})},
                 {{sample({2, 3})}, by({true, false, true})},
                 {{sample({3})}, by({{true, false, true}, {false, true, true}})},
                 {{sample({2, 2})}, by(false)},
                 {{sample({})}, by(true)}},
        .bad = {{{sample({2, 3})}, by({true, false}), "shapes do not broadcast"},
                {{sample({2, 3})}, by({1, 0, 1}), "the mask must be a bool tensor, got int64"}}};
  }
};

struct OneHot {
  static constexpr OpInfo kInfo{.name = "one_hot",
                                .doc = "1 at each index of an int64 tensor, 0 elsewhere.",
                                .promotes = false,
                                .differentiable = false};
  std::int64_t num_classes;

  Tensor forward(Inputs in) {
    expect_index(in[0]);
    const Tensor index = in[0].contiguous();
    const std::span places(index.data_ptr<std::int64_t>(), static_cast<std::size_t>(index.numel()));
    const std::int64_t classes = num_classes >= 0 ? num_classes : classes_of(places);
    Shape sizes = index.sizes();
    sizes.push_back(classes);
    Tensor out = zeros(sizes, kInt64);
    auto* row = out.data_ptr<std::int64_t>();
    for (const std::int64_t place : places) {
      if (place < 0 || place >= classes) {
        throw ValueError("class " + std::to_string(place) + " is outside [0, " +
                         std::to_string(classes) + ")");
      }
      row[place] = 1;
      row += classes;
    }
    return out;
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto of = [](const NestedNumbers& index, std::int64_t classes) {
      return [=](Inputs) { return one_hot(tensor(index), classes); };
    };
    return {.good = {{{}, of({1, 0, 3}, 5)}, {{}, of({{1, 0}, {2, 2}}, -1)}, {{}, of(2, 3)}},
            .bad = {{{}, of({1, 5}, 5), "class 5 is outside [0, 5)"},
                    {{}, of({-1}, 5), "class -1 is outside [0, 5)"},
                    {{}, of({-1, 2}, -1), "class -1 is outside [0, 3)"},
                    {{}, of(NestedNumbers({}), -1), "must be an int64 tensor, got float32"},
                    {{}, [](Inputs) { return one_hot(zeros({0}, kInt64)); }, "needs num_classes"}}};
  }

 private:
  static std::int64_t classes_of(std::span<const std::int64_t> places) {
    if (places.empty())
      throw ValueError(
          "an empty index tells no number of classes; it needs "
          "num_classes");
    return std::max<std::int64_t>(*std::max_element(places.begin(), places.end()) + 1, 0);
  }
};

struct SliceScatter {
  static constexpr OpInfo kInfo{.name = "slice_scatter",
                                .doc = "A tensor with another in the place that slice() takes.",
                                .inputs = 2,
                                .promotes = false};
  int dim;
  std::int64_t start, end, step;

  Tensor forward(Inputs in) {
    expect_same_dtype(in[0], in[1]);
    const Tensor out = in[0].clone();
    const Tensor place = slice(out, dim, start, end, step);
    if (!(place.sizes() == in[1].sizes())) {
      throw ShapeError("src of shape " + to_string(in[1].sizes()) + " does not fill the place " +
                       to_string(place.sizes()));
    }
    kernels::copy(place.raw(), in[1].raw());
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const Tensor zero = needs[0] ? zeros(s.sizes(1), g.dtype()) : Tensor();
    return {needs[0] ? slice_scatter(g, zero, dim, start, end, step) : Tensor(),
            needs[1] ? slice(g, dim, start, end, step) : Tensor()};
  }
  static Samples samples() {
    const auto at = [](int dim, std::int64_t start, std::int64_t end, std::int64_t step) {
      return [=](Inputs in) { return slice_scatter(in[0], in[1], dim, start, end, step); };
    };
    return {.good = {{{sample({4, 3}), sample({2, 3})}, at(0, 1, 3, 1)},
                     {{sample({2, 5}), sample({2, 3})}, at(-1, 0, kEnd, 2)},
                     {{sample({2}), sample({0})}, at(0, 1, 1, 1)}},
            .bad = {{{sample({4, 3}), sample({1, 3})}, at(0, 1, 3, 1), "does not fill the place"}}};
  }
};

struct SelectScatter {
  static constexpr OpInfo kInfo{.name = "select_scatter",
                                .doc = "A tensor with another in the place that select() takes.",
                                .inputs = 2};
  static Samples samples() {
    const auto at = [](int dim, std::int64_t index) {
      return [=](Inputs in) { return select_scatter(in[0], in[1], dim, index); };
    };
    return {
        .good = {{{sample({4, 3}), sample({3})}, at(0, -1)},
                 {{sample({4, 3}), sample({4})}, at(1, 1)}},
        .bad = {{{sample({4, 3}), sample({4})}, at(0, 1), "does not fill the place [3]"},
                {{sample({4, 3}), sample({3})}, at(0, 4), "index 4 is out of range for dim 0"}}};
  }
};

const RegisterOps<NonZero, MaskedSelect, OneHot, SliceScatter, SelectScatter> kRegistered;

}  // namespace
}  // namespace ops

Tensor nonzero(const Tensor& x, Location at) {
  return ops::apply(ops::NonZero{}, {x}, at);
}

Tensor masked_select(const Tensor& x, const Tensor& mask, Location at) {
  return ops::compose("masked_select", at, [&] {
    if (mask.dtype() != kBool) {
      throw DTypeError("the mask must be a bool tensor, got " + std::string(name_of(mask.dtype())));
    }
    const Shape common = broadcast_shapes(x.sizes(), mask.sizes());
    const Tensor places = nonzero(reshape(expand(mask, common), {-1}));
    return index_select(reshape(expand(x, common), {-1}), 0, reshape(places, {-1}));
  });
}

Tensor one_hot(const Tensor& index, std::int64_t num_classes, Location at) {
  return ops::apply(ops::OneHot{num_classes}, {index}, at);
}

Tensor slice_scatter(const Tensor& x, const Tensor& src, int dim, std::int64_t start,
                     std::int64_t end, std::int64_t step, Location at) {
  return ops::apply(ops::SliceScatter{dim, start, end, step}, {x, src}, at);
}

Tensor select_scatter(const Tensor& x, const Tensor& src, int dim, std::int64_t index,
                      Location at) {
  return ops::compose("select_scatter", at, [&] {
    const Shape place = select(x.detach(), dim, index).sizes();  // also checks the index
    if (!(place == src.sizes())) {
      throw ShapeError("src of shape " + to_string(src.sizes()) + " does not fill the place " +
                       to_string(place));
    }
    const std::int64_t start = index < 0 ? index + x.size(dim) : index;
    const int d = normalize_dim(dim, x.dim());
    return slice_scatter(x, unsqueeze(src, d), d, start, start + 1);
  });
}

}  // namespace gradus
