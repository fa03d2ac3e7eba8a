#include "framework/ops/tensor_index.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/index_checks.h"
#include "framework/ops/indexing.h"
#include "framework/ops/views.h"

namespace gradus {

Tensor indexing::TensorIndex::mask_of(bool value) {
  return full({}, value, kBool);
}

namespace ops {
namespace {

using indexing::EllipsisType;
using indexing::NoneType;
using indexing::TensorIndex;
using IndexSlice = indexing::Slice;

// How many dims of the indexed tensor an entry takes.
int dims_taken(const TensorIndex& index) {
  const auto& entry = index.entry();
  if (std::holds_alternative<NoneType>(entry) || std::holds_alternative<EllipsisType>(entry)) {
    return 0;
  }
  const auto* tensor = std::get_if<Tensor>(&entry);
  return tensor != nullptr && tensor->dtype() == kBool ? tensor->dim() : 1;
}

// Index tensors for adjacent dims of a view, from `dim` on, as one: places in those dims joined.
struct Selector {
  int dim;
  int dims;
  Tensor places;
};

// What indices mean for a tensor: a view of it, then the places that index tensors take from it.
class Plan {
 public:
  Plan(const Tensor& x, const TensorIndices& indices) : source_(x), view_(x) {
    int taken = 0;
    int ellipses = 0;
    for (const TensorIndex& each : indices) {
      taken += dims_taken(each);
      ellipses += std::holds_alternative<EllipsisType>(each.entry()) ? 1 : 0;
    }
    if (ellipses > 1) throw ValueError("an index holds at most one Ellipsis");
    if (taken > x.dim()) {
      throw ShapeError("there are indices for " + std::to_string(taken) + " dims, but shape " +
                       to_string(x.sizes()) + " has " + std::to_string(x.dim()));
    }
    skipped_ = x.dim() - taken;
    for (const TensorIndex& each : indices) {
      std::visit([&](const auto& entry) { take(entry); }, each.entry());
    }
    broadcast();
  }

  [[nodiscard]] const Tensor& view() const { return view_; }
  [[nodiscard]] bool takes_places() const { return !selectors_.empty(); }
  /// Whether the view is all of the tensor, as it is.
  [[nodiscard]] bool is_whole() const { return view_.is_same(source_); }
  [[nodiscard]] bool is_adjacent() const {
    for (std::size_t i = 1; i < selectors_.size(); ++i) {
      if (selectors_[i].dim != selectors_[i - 1].dim + selectors_[i - 1].dims) return false;
    }
    return true;
  }

  /// The view with the indexed dims next to each other, those that are not in front.
  [[nodiscard]] Tensor gathered() const {
    if (is_adjacent()) return view_;
    Shape order;
    for (const Selector& each : selectors_) {
      for (int d = each.dim; d < each.dim + each.dims; ++d) order.push_back(d);
    }
    for (int d = 0; d < view_.dim(); ++d) {
      if (std::find(order.begin(), order.end(), d) == order.end()) order.push_back(d);
    }
    return permute(view_, order);
  }
  /// The first of the indexed dims in gathered().
  [[nodiscard]] int first() const { return is_adjacent() ? selectors_.front().dim : 0; }
  [[nodiscard]] int dims() const {
    int result = 0;
    for (const Selector& each : selectors_) result += each.dims;
    return result;
  }
  /// The common shape of the index tensors, and their places in the joined indexed dims.
  [[nodiscard]] const Shape& sizes() const { return common_; }
  [[nodiscard]] Tensor places(const Shape& sizes) const {
    Tensor result;
    int d = first();
    for (const Selector& each : selectors_) {
      std::int64_t size = 1;
      for (int i = 0; i < each.dims; ++i) size *= sizes[d++];
      const Tensor own = reshape(expand(each.places, common_), {-1});
      result = result.defined() ? result * size + own : own;
    }
    return result;
  }

 private:
  void take(NoneType /*none*/) { view_ = unsqueeze(view_, dim_++); }
  void take(EllipsisType /*ellipsis*/) {
    dim_ += skipped_;
    source_dim_ += skipped_;
  }
  void take(std::int64_t index) {
    view_ = select(view_, dim_, checked(index));
    ++source_dim_;
  }
  void take(const IndexSlice& part) {
    if (!part.is_full()) view_ = slice(view_, dim_, part.start(), part.stop(), part.step());
    ++dim_;
    ++source_dim_;
  }
  void take(const Tensor& index) {
    if (!index.defined()) throw StateError("an index is an undefined tensor");
    if (index.dtype() == kBool) {
      add_mask(index.detach());
    } else if (index.dtype() == kInt64) {
      add_places(index.detach());
    } else {
      throw DTypeError("an index tensor must be int64 or bool, got " +
                       std::string(name_of(index.dtype())));
    }
  }

  void add_places(const Tensor& index) {
    if (index.dim() == 0) {
      take(index.item<std::int64_t>());
      return;
    }
    const Tensor places = index.clone().contiguous();
    auto* data = places.data_ptr<std::int64_t>();
    const std::int64_t size = view_.sizes()[dim_];
    const std::int64_t count = places.numel();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t place = data[i] < 0 ? data[i] + size : data[i];
      const bool fits = static_cast<std::uint64_t>(place) < static_cast<std::uint64_t>(size);
      data[i] = fits ? place : checked(data[i]);
    }
    selectors_.push_back({dim_++, 1, places});
    ++source_dim_;
  }

  void add_mask(const Tensor& mask) {
    if (mask.dim() == 0) view_ = unsqueeze(view_, dim_);
    Shape masked;
    for (int d = 0; d < mask.dim(); ++d) masked.push_back(view_.sizes()[dim_ + d]);
    if (!(masked == mask.sizes())) {
      throw ShapeError("a mask of shape " + to_string(mask.sizes()) + " does not fit dims " +
                       std::to_string(source_dim_) + " to " +
                       std::to_string(source_dim_ + mask.dim() - 1) + " of shape " +
                       to_string(source_.sizes()));
    }
    const int dims = std::max(mask.dim(), 1);
    selectors_.push_back({dim_, dims, reshape(nonzero(reshape(mask, {-1})), {-1})});
    dim_ += dims;
    source_dim_ += mask.dim();
  }

  [[nodiscard]] std::int64_t checked(std::int64_t index) const {
    const std::int64_t size = view_.sizes()[dim_];
    if (index < -size || index >= size) {
      throw ValueError("index " + std::to_string(index) + " is out of range for dim " +
                       std::to_string(source_dim_) + " of size " + std::to_string(size));
    }
    return index < 0 ? index + size : index;
  }

  void broadcast() {
    for (const Selector& each : selectors_) {
      try {
        common_ = broadcast_shapes(common_, each.places.sizes());
      } catch (const ShapeError&) {
        throw ShapeError("the index tensors do not broadcast: " + to_string(common_) + " and " +
                         to_string(each.places.sizes()));
      }
    }
  }

  Tensor source_;
  Tensor view_;
  std::vector<Selector> selectors_;
  Shape common_;
  int skipped_ = 0;     // dims that an Ellipsis stands for
  int dim_ = 0;         // of the view, where the next entry applies
  int source_dim_ = 0;  // the same in the indexed tensor, for messages
};

// `sizes` with `dims` of them, from `first` on, replaced.
Shape with_dims(const Shape& sizes, int first, int dims, const Shape& by) {
  Shape result;
  for (int d = 0; d < first; ++d) result.push_back(sizes[d]);
  for (const std::int64_t size : by) result.push_back(size);
  for (int d = first + dims; d < sizes.size(); ++d) result.push_back(sizes[d]);
  return result;
}

Shape with_dims_joined(const Shape& sizes, int first, int dims) {
  std::int64_t joined = 1;
  for (int d = first; d < first + dims; ++d) joined *= sizes[d];
  return with_dims(sizes, first, dims, {joined});
}

Tensor reshaped(const Tensor& x, const Shape& sizes) {
  return x.sizes() == sizes ? x : reshape(x, sizes);
}

Tensor taken(const Plan& plan) {
  if (!plan.takes_places()) return plan.view();
  const Tensor x = plan.gathered();
  const int first = plan.first();
  const Tensor joined = reshaped(x, with_dims_joined(x.sizes(), first, plan.dims()));
  const Tensor result = index_select(joined, first, plan.places(x.sizes()));
  return reshaped(result, with_dims(x.sizes(), first, plan.dims(), plan.sizes()));
}

Tensor put(const Tensor& x, int dim, const Tensor& places, const Tensor& values, bool accumulate) {
  return accumulate ? index_add(x, dim, places, values) : index_copy(x, dim, places, values);
}

Tensor fitted(const Tensor& values, const Shape& sizes) {
  const int shift = sizes.size() - values.dim();
  bool fits = shift >= 0;
  for (int d = 0; fits && d < values.dim(); ++d) {
    fits = values.sizes()[d] == 1 || values.sizes()[d] == sizes[d + shift];
  }
  if (fits) return expand(values, sizes);
  throw ShapeError("values of shape " + to_string(values.sizes()) +
                   " do not broadcast to the indexed part, " + to_string(sizes));
}

struct Index {
  static constexpr OpInfo kInfo{
      .name = "index",
      .doc = "The part that integers, slices, masks and index tensors tell, as in NumPy."};
  static Samples samples();
};

struct IndexPut {
  static constexpr OpInfo kInfo{
      .name = "index_put",
      .doc = "A tensor with values written or added at the part that index() would give.",
      .inputs = 2};
  static Samples samples();
};

std::function<Tensor(Inputs)> at(const TensorIndices& indices) {
  return [=](Inputs in) { return index(in[0], indices); };
}

std::function<Tensor(Inputs)> put_at(const TensorIndices& indices, bool accumulate = false) {
  return [=](Inputs in) { return index_put(in[0], indices, in[1], accumulate); };
}

const auto kAll = [] { return IndexSlice(); };

Samples Index::samples() {
  using indexing::Ellipsis;
  using indexing::None;
  const Tensor rows = tensor({2, 0, -1});
  const Tensor columns = tensor({{1}, {-2}});
  const Tensor mask = tensor({true, false, true});
  const Tensor grid = tensor({{true, false, true}, {false, true, true}});
  return {
      .good = {{{sample({4, 3})}, at({1})},
               {{sample({4, 3})}, at({IndexSlice(1, kEnd, 2), -1})},
               {{sample({2, 3, 4})}, at({indexing::Ellipsis, None, IndexSlice(None, -1)})},
               {{sample({4, 3})}, at({})},
               {{sample({4, 3})}, at({rows})},
               {{sample({3, 4})}, at({rows, columns})},
               {{sample({2, 3, 4})}, at({kAll(), rows, columns})},
               {{sample({3, 2, 4})}, at({rows, kAll(), columns})},
               {{sample({3, 2, 4})}, at({rows, None, 1, tensor({0, 3, 3})})},
               {{sample({2, 3})}, at({grid})},
               {{sample({2, 3, 2})}, at({grid, tensor({0, 1, 1, 0})})},
               {{sample({4, 3})}, at({IndexSlice(0, 3), mask})},
               {{sample({2})}, at({true})},
               {{sample({2})}, at({false, Ellipsis})},
               {{sample({})}, at({None})}},
      .bad = {
          {{sample({4, 3})}, at({4}), "index 4 is out of range for dim 0 of size 4"},
          {{sample({4, 3})}, at({Ellipsis, -4}), "index -4 is out of range for dim 1 of size 3"},
          {{sample({4, 3})}, at({None, 1, tensor({0, 3})}), "index 3 is out of range for dim 1"},
          {{sample({4})}, at({0, 0}), "indices for 2 dims, but shape [4] has 1"},
          {{sample({4})}, at({Ellipsis, Ellipsis}), "at most one Ellipsis"},
          {{sample({4})}, at({IndexSlice(0, 4, -1)}), "the step must be at least 1, got -1"},
          {{sample({4, 3})}, at({mask}), "a mask of shape [3] does not fit dims 0 to 0 of shape"},
          {{sample({4, 3})}, at({rows, tensor({0, 1})}), "do not broadcast: [3] and [2]"},
          {{sample({4})}, at({tensor({0.5})}), "must be int64 or bool, got float32"}}};
}

Samples IndexPut::samples() {
  using indexing::None;
  const Tensor rows = tensor({2, 0});
  const Tensor columns = tensor({1, -1});
  const Tensor grid = tensor({{true, false, true}, {false, true, true}});
  return {
      .good = {{{sample({4, 3}), sample({3})}, put_at({1})},
               {{sample({4, 3}), sample({})}, put_at({IndexSlice(1, kEnd, 2)}, true)},
               {{sample({4, 3}), sample({2, 3})}, put_at({rows})},
               {{sample({3, 4}), sample({2})}, put_at({rows, columns})},
               {{sample({3, 2, 4}), sample({2, 2})}, put_at({rows, kAll(), columns})},
               {{sample({2, 3}), sample({4})}, put_at({grid})},
               {{sample({2, 3}), sample({1})}, put_at({grid}, true)},
               {{sample({4, 3}), sample({3, 3})}, put_at({tensor({1, 1, 0})}, true)},
               {{sample({4, 3}), sample({3, 1})}, put_at({IndexSlice(None, 3), 1, None}, true)}},
      .bad = {
          {{sample({4, 3}), sample({2})}, put_at({0}), "do not broadcast to the indexed part, [3]"},
          {{sample({4, 3}), sample({3})}, put_at({4}), "index 4 is out of range for dim 0"}}};
}

const RegisterOps<Index, IndexPut> kRegistered;

}  // namespace
}  // namespace ops

Tensor index(const Tensor& x, const TensorIndices& indices, Location at) {
  return ops::compose("index", at, [&] { return ops::taken(ops::Plan(x, indices)); });
}

Tensor index_put(const Tensor& x, const TensorIndices& indices, const Tensor& values,
                 bool accumulate, Location at) {
  return ops::compose("index_put", at, [&] {
    ops::expect_same_dtype(x, values);
    const ops::Plan plan(x.detach(), indices);
    if (plan.takes_places() && plan.is_whole() && plan.is_adjacent()) {
      const int first = plan.first();
      const Shape joined = ops::with_dims_joined(x.sizes(), first, plan.dims());
      const Shape part = ops::with_dims(x.sizes(), first, plan.dims(), plan.sizes());
      Shape parts = joined;
      parts[first] = plan.sizes().numel();
      const Tensor sources = ops::reshaped(ops::fitted(values, part), parts);
      const Tensor places = plan.places(x.sizes());
      const Tensor result = ops::put(ops::reshaped(x, joined), first, places, sources, accumulate);
      return ops::reshaped(result, x.sizes());
    }
    // Whatever the indices are, they take the same elements of a tensor that tells their places.
    const Tensor places = index(reshape(arange(x.numel()), x.sizes()), indices);
    const Tensor sources = reshape(ops::fitted(values, places.sizes()), {-1});
    const Tensor result = ops::put(reshape(x, {-1}), 0, reshape(places, {-1}), sources, accumulate);
    return reshape(result, x.sizes());
  });
}

}  // namespace gradus
