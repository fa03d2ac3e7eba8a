// Indexing as in NumPy and PyTorch:
//
//   using namespace gradus::indexing;
//   index(x, {0, Slice(1, None, 2)});        // x[0, 1::2], a view
//   index(x, {Ellipsis, None, -1});          // x[..., None, -1], a view
//   index(x, {x > 0});                       // the elements greater than zero, a copy
//   index(x, {rows, Slice(), columns});      // x[rows, :, columns], a copy
//
// Integers, slices, Ellipsis and None alone give a view. Tensors of int64 (negative ones count from
// the end) and bool masks (as the places of their true elements, one index tensor for each of their
// dims) give a copy: the index tensors broadcast together, and their dims stand where the indexed
// dims stood if those were adjacent, else in front. A 0-dim int64 tensor counts as an integer.
#pragma once

#include "framework/tensor/tensor.h"

#include <limits>
#include <variant>
#include <vector>

namespace gradus {
namespace indexing {

struct NoneType {};
struct EllipsisType {};

/// A new dim of size 1; an end of a slice that is left open.
inline constexpr NoneType None{};
/// As many full slices as it takes.
inline constexpr EllipsisType Ellipsis{};

/// start, start + step, ... before stop; negative ends count from the back, both are clamped.
class Slice {
 public:
  /// A number or None.
  class Bound {
   public:
    Bound(NoneType /*open*/) {}                                            // implicit
    Bound(std::integral auto i) : value_(static_cast<std::int64_t>(i)) {}  // implicit
    [[nodiscard]] std::int64_t value_or(std::int64_t open) const { return value_.value_or(open); }

   private:
    std::optional<std::int64_t> value_;
  };

  explicit Slice(Bound start = None, Bound stop = None, Bound step = None)
      : start_(start.value_or(0)), stop_(stop.value_or(kOpen)), step_(step.value_or(1)) {}

  [[nodiscard]] std::int64_t start() const { return start_; }
  [[nodiscard]] std::int64_t stop() const { return stop_; }
  [[nodiscard]] std::int64_t step() const { return step_; }
  [[nodiscard]] bool is_full() const { return start_ == 0 && stop_ == kOpen && step_ == 1; }

 private:
  static constexpr std::int64_t kOpen = std::numeric_limits<std::int64_t>::max();

  std::int64_t start_;
  std::int64_t stop_;
  std::int64_t step_;
};

/// One entry between the brackets.
class TensorIndex {
 public:
  using Entry = std::variant<NoneType, EllipsisType, std::int64_t, Slice, Tensor>;

  TensorIndex(NoneType none) : entry_(none) {}               // implicit
  TensorIndex(EllipsisType ellipsis) : entry_(ellipsis) {}   // implicit
  TensorIndex(const Slice& slice) : entry_(slice) {}         // implicit
  TensorIndex(Tensor tensor) : entry_(std::move(tensor)) {}  // implicit
  /// A number, or a bool: a 0-dim mask, that is a new dim of size 1 (true) or 0 (false).
  template <std::integral T>
  TensorIndex(T value) {  // implicit
    if constexpr (std::is_same_v<T, bool>) {
      entry_ = mask_of(value);
    } else {
      entry_ = static_cast<std::int64_t>(value);
    }
  }

  [[nodiscard]] const Entry& entry() const { return entry_; }

 private:
  static Tensor mask_of(bool value);

  Entry entry_;
};

}  // namespace indexing

/// x[indices]. Throws ValueError for an index out of range, ShapeError for too many indices, masks
/// of another shape, or index tensors that do not broadcast.
Tensor index(const Tensor& x, const TensorIndices& indices, Location at = Location::current());

/// x with `values`, of x's dtype and broadcast to the shape of x[indices], written there; added,
/// where `accumulate` is true. Of several values for one place the last one stays.
Tensor index_put(const Tensor& x, const TensorIndices& indices, const Tensor& values,
                 bool accumulate = false, Location at = Location::current());

}  // namespace gradus
