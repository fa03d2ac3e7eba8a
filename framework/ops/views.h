// Views: other sizes and strides on the same memory. Writing to a view writes to what it was made
// of; gradients flow through all of them. Negative dims count from the back.
#pragma once

#include "framework/tensor/tensor.h"

#include <limits>
#include <vector>

namespace gradus {

inline constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

/// The same elements in row-major order under other sizes; one size may be -1. A view where the
/// strides allow it, else a copy.
Tensor reshape(const Tensor& x, const Shape& sizes, Location at = Location::current());
/// The same, but never a copy: throws ShapeError where the strides of x do not allow it.
Tensor view(const Tensor& x, const Shape& sizes, Location at = Location::current());
/// Dims start_dim to end_dim as one; a 0-dim tensor becomes [1].
Tensor flatten(const Tensor& x, int start_dim = 0, int end_dim = -1,
               Location at = Location::current());
/// Dim `dim` as several; one size may be -1.
Tensor unflatten(const Tensor& x, int dim, const Shape& sizes, Location at = Location::current());
/// All elements in one dim.
Tensor ravel(const Tensor& x, Location at = Location::current());

/// Dim i of the result is dim dims[i] of x.
Tensor permute(const Tensor& x, const Shape& dims, Location at = Location::current());
Tensor transpose(const Tensor& x, int a, int b, Location at = Location::current());
Tensor swapaxes(const Tensor& x, int a, int b, Location at = Location::current());
Tensor swapdims(const Tensor& x, int a, int b, Location at = Location::current());
/// The transposed matrix; x itself where it has fewer than 2 dims, ShapeError where it has more.
Tensor t(const Tensor& x, Location at = Location::current());
/// Moves the dims `source` to the places `destination`; the others keep their order.
Tensor movedim(const Tensor& x, const Shape& source, const Shape& destination,
               Location at = Location::current());
Tensor movedim(const Tensor& x, int source, int destination, Location at = Location::current());

/// Stretches dims of size 1, and adds dims in front; -1 keeps a size. Copies nothing.
Tensor expand(const Tensor& x, const Shape& sizes, Location at = Location::current());
Tensor expand_as(const Tensor& x, const Tensor& other, Location at = Location::current());
Tensor broadcast_to(const Tensor& x, const Shape& sizes, Location at = Location::current());
/// All expanded to their common shape.
std::vector<Tensor> broadcast_tensors(std::span<const Tensor> tensors,
                                      Location at = Location::current());

/// Without the dims of size 1: all, one, or those listed. Dims of another size stay.
Tensor squeeze(const Tensor& x, Location at = Location::current());
Tensor squeeze(const Tensor& x, int dim, Location at = Location::current());
Tensor squeeze(const Tensor& x, const Shape& dims, Location at = Location::current());
/// With a new dim of size 1 at `dim`.
Tensor unsqueeze(const Tensor& x, int dim, Location at = Location::current());

/// Elements start, start + step, ... before end, along dim. Negative ends count from the back and
/// both ends are clamped, as in Python. step >= 1.
Tensor slice(const Tensor& x, int dim, std::int64_t start = 0, std::int64_t end = kEnd,
             std::int64_t step = 1, Location at = Location::current());
/// Zeros of `sizes` with x in the place that slice() with the same arguments would take.
Tensor slice_backward(const Tensor& x, const Shape& sizes, int dim, std::int64_t start,
                      std::int64_t end, std::int64_t step, Location at = Location::current());
/// `length` elements from `start` (which may be negative) on, along dim. Throws where they are not
/// all there.
Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length,
              Location at = Location::current());
/// What stands at `index` of dim, without that dim.
Tensor select(const Tensor& x, int dim, std::int64_t index, Location at = Location::current());
/// The diagonal of dims dim1 and dim2, as the last dim; `offset` > 0 lies above the main one.
Tensor diagonal(const Tensor& x, int offset = 0, int dim1 = 0, int dim2 = 1,
                Location at = Location::current());
/// Zeros of `sizes` with x on the diagonal that diagonal() would take.
Tensor diagonal_backward(const Tensor& x, const Shape& sizes, int offset, int dim1, int dim2,
                         Location at = Location::current());
/// All windows of `size` elements along dim, `step` apart; the elements of a window are a last dim.
Tensor unfold(const Tensor& x, int dim, std::int64_t size, std::int64_t step,
              Location at = Location::current());
/// Zeros of `sizes` with the windows x, as unfold() gives them, added at their places.
Tensor unfold_backward(const Tensor& x, const Shape& sizes, int dim, std::int64_t size,
                       std::int64_t step, Location at = Location::current());

}  // namespace gradus
