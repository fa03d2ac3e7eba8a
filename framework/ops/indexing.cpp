#include "framework/ops/indexing.h"
#include "framework/ops/apply.h"

namespace gradus {
namespace ops {
namespace {

void check_index(const Shape& sizes, int dim, const Tensor& index) {
  if (!index.defined() || index.dtype() != kInt64) {
    throw DTypeError("the index must be an int64 tensor");
  }
  bool fits = index.dim() == sizes.size();
  for (int d = 0; fits && d < sizes.size(); ++d) {
    fits = d == dim || index.sizes()[d] <= sizes[d];
  }
  if (!fits) {
    throw ShapeError("an index of shape " + to_string(index.sizes()) +
                     " does not fit a tensor of shape " + to_string(sizes) + " along dim " +
                     std::to_string(dim));
  }
}

// Calls body(offset in x, offset in the index's own dense order) for every element of the index.
template <class Body>
void for_each_place(const Tensor& x, int dim, const Tensor& index, Body body) {
  const std::int64_t limit = x.dim() == 0 ? 1 : x.sizes()[dim];
  const std::int64_t* places = index.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < index.numel(); ++i) {
    std::int64_t rest = i;
    std::int64_t offset = 0;
    std::int64_t at = 0;
    for (int d = index.dim() - 1; d >= 0; --d) {
      const std::int64_t coordinate = rest % index.sizes()[d];
      rest /= index.sizes()[d];
      at += coordinate * index.strides()[d];
      if (d != dim) offset += coordinate * x.strides()[d];
    }
    const std::int64_t place = places[at];
    if (place < 0 || place >= limit) {
      throw ValueError("index " + std::to_string(place) + " is out of range for a dim of size " +
                       std::to_string(limit));
    }
    body(offset + (x.dim() == 0 ? 0 : place * x.strides()[dim]), i);
  }
}

struct Gather {
  static constexpr OpInfo kInfo{
      .name = "gather",
      .doc = "The values along a dim at the places that an int64 index tells.",
      .promotes = false,
      .keeps = true};
  int dim;
  Tensor index;
  autograd::SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    dim = normalize_dim(dim, in[0].dim());
    check_index(in[0].sizes(), dim, index);
    saved_index = autograd::SavedTensor(index);
    Tensor out(index.sizes(), in[0].dtype());
    kernels::dispatch(out.dtype(), [&]<class T>(T) {
      const T* from = in[0].data_ptr<T>();
      T* to = out.data_ptr<T>();
      for_each_place(in[0], dim, index, [&](auto place, auto i) { to[i] = from[place]; });
    });
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    return {gather_backward(g, s.sizes(0), dim, saved_index.unpack({}, kInfo.name))};
  }
  static Samples samples() {
    const auto at = [](int dim, const NestedNumbers& index) {
      return [=](Inputs in) { return gather(in[0], dim, tensor(index)); };
    };
    return {.good = {{{sample({3, 4})}, at(1, {{0, 3}, {1, 1}, {2, 0}})},
                     {{sample({3, 4})}, at(0, {{2, 0, 1, 1}, {2, 2, 2, 2}})},
                     {{sample({4})}, at(-1, {3, 3, 0})}},
            .bad = {{{sample({3, 4})}, at(1, {{4}}), "index 4 is out of range for a dim of size 4"},
                    {{sample({3, 4})}, at(1, {{-1}}), "index -1 is out of range"},
                    {{sample({3, 4})}, at(1, {0, 1}), "does not fit a tensor of shape [3, 4]"},
                    {{sample({3, 4})}, at(1, {{0.5}}), "must be an int64 tensor"}}};
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
  autograd::SavedTensor saved_index{};

  Tensor forward(Inputs in) {
    Tensor out = zeros(sizes, in[0].dtype());
    dim = normalize_dim(dim, sizes.size());
    check_index(sizes, dim, index);
    saved_index = autograd::SavedTensor(index);
    if (!(in[0].sizes() == index.sizes())) {
      throw ShapeError("shape " + to_string(in[0].sizes()) + " differs from the index's " +
                       to_string(index.sizes()));
    }
    const Tensor x = in[0].contiguous();
    kernels::dispatch(out.dtype(), [&]<class T>(T) {
      const T* from = x.data_ptr<T>();
      T* to = out.data_ptr<T>();
      for_each_place(out, dim, index,
                     [&](auto place, auto i) { to[place] = static_cast<T>(to[place] + from[i]); });
    });
    return out;
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

const RegisterOps<Gather, GatherBackward> kRegistered;

}  // namespace
}  // namespace ops

Tensor gather(const Tensor& x, int dim, const Tensor& index, Location at) {
  return ops::apply(ops::Gather{dim, index}, {x}, at);
}

Tensor gather_backward(const Tensor& x, const Shape& sizes, int dim, const Tensor& index,
                       Location at) {
  return ops::apply(ops::GatherBackward{sizes, dim, index}, {x}, at);
}

}  // namespace gradus
