// Rearrangements: the elements in other places, in new memory.
#pragma once

#include "framework/tensor/tensor.h"

#include <vector>

namespace gradus {

/// What stands in the border that pad() adds: a number, the elements mirrored at the edge, the edge
/// itself, or the elements from the other end.
enum class PadMode { Constant, Reflect, Replicate, Circular };

/// x with a border. `padding` is the number of elements before and after, for the last dim, then
/// for the one before it, and so on; negative numbers cut off. Reflected borders are smaller than
/// the dim, circular ones no larger.
Tensor pad(const Tensor& x, const std::vector<std::int64_t>& padding,
           PadMode mode = PadMode::Constant, Scalar value = 0, Location at = Location::current());

/// The order of elements reversed along the dims.
Tensor flip(const Tensor& x, const Shape& dims, Location at = Location::current());
/// Elements shifted along dims; what leaves at one end comes in at the other. Without dims x is
/// shifted as one row of elements.
Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims = {},
            Location at = Location::current());
/// k quarter turns in the plane of two dims, from the first towards the second.
Tensor rot90(const Tensor& x, int k = 1, const Shape& dims = {0, 1},
             Location at = Location::current());

/// The lower (upper) triangles of the last two dims, up to (from) the diagonal; zeros elsewhere.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0, Location at = Location::current());
Tensor triu(const Tensor& x, std::int64_t diagonal = 0, Location at = Location::current());
/// A copy of the diagonal of a matrix, or a square matrix with the vector x on its diagonal.
Tensor diag(const Tensor& x, int diagonal = 0, Location at = Location::current());
/// Square matrices in dims dim1 and dim2 with the last dim of x on their diagonals.
Tensor diag_embed(const Tensor& x, int offset = 0, int dim1 = -2, int dim2 = -1,
                  Location at = Location::current());

/// x repeated along each dim; `repeats` may have more dims than x, in front.
Tensor repeat(const Tensor& x, const Shape& repeats, Location at = Location::current());
/// The same, but `repeats` may have fewer dims than x: those in front are not repeated.
Tensor tile(const Tensor& x, const Shape& repeats, Location at = Location::current());
/// Each element `repeats` times in a row, along dim, or along all elements as one row.
Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<int> dim = {},
                         Location at = Location::current());
/// The same, with a number for each element of the dim (int64 [size] or [1]).
Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<int> dim = {},
                         Location at = Location::current());

}  // namespace gradus
