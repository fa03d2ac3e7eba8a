// Reading and writing at places given by tensors of indices. Indices are int64 and, but for those
// of index() and index_put(), lie in [0, size of dim); others throw ValueError with the index, the
// dim and its size. Where one place is added to several times, it is in the order of the index;
// where it is written several times, the last write stays (all of them receive its gradient).
#pragma once

#include "framework/ops/tensor_index.h"
#include "framework/tensor/tensor.h"

namespace gradus {

/// out[i][j] = x[index[i][j]][j] for dim 0, and so on. index has as many dims as x, and is no
/// larger than x outside `dim`.
Tensor gather(const Tensor& x, int dim, const Tensor& index, Location at = Location::current());
/// Zeros of `sizes` with x added at the places that gather() with the same index would read.
Tensor gather_backward(const Tensor& x, const Shape& sizes, int dim, const Tensor& index,
                       Location at = Location::current());
/// x with the elements of src, of x's dtype, written (added) where gather() with this index would
/// read. src may be larger than the index; what is beyond is not used.
Tensor scatter(const Tensor& x, int dim, const Tensor& index, const Tensor& src,
               Location at = Location::current());
Tensor scatter(const Tensor& x, int dim, const Tensor& index, Scalar value,
               Location at = Location::current());
Tensor scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src,
                   Location at = Location::current());
/// gather() with x and the index broadcast against each other outside `dim`; without a dim among
/// all elements.
Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<int> dim = {},
                      Location at = Location::current());

/// The parts of x at the indices (of at most 1 dim) along `dim`.
Tensor index_select(const Tensor& x, int dim, const Tensor& index,
                    Location at = Location::current());
/// Zeros of `sizes` with x added at the places that index_select() would read.
Tensor index_select_backward(const Tensor& x, const Shape& sizes, int dim, const Tensor& index,
                             Location at = Location::current());
/// x with the parts of src, of x's dtype, added (written) at the indices along `dim`.
Tensor index_add(const Tensor& x, int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1,
                 Location at = Location::current());
Tensor index_copy(const Tensor& x, int dim, const Tensor& index, const Tensor& src,
                  Location at = Location::current());
/// x with a number at the indices along `dim`.
Tensor index_fill(const Tensor& x, int dim, const Tensor& index, Scalar value,
                  Location at = Location::current());

/// The rows of weight [n, ...] at an index of any shape. The row `padding_idx` (negative: from the
/// end) receives no gradient.
Tensor embedding(const Tensor& weight, const Tensor& index,
                 std::optional<std::int64_t> padding_idx = {}, Location at = Location::current());
/// The gradient of a weight with `rows` rows from that of its embedding.
Tensor embedding_backward(const Tensor& gradient, const Tensor& index, std::int64_t rows,
                          std::optional<std::int64_t> padding_idx = {},
                          Location at = Location::current());
/// 1 at each index and 0 elsewhere along a new last dim of num_classes elements (int64); by default
/// as many as the largest index asks for.
Tensor one_hot(const Tensor& index, std::int64_t num_classes = -1,
               Location at = Location::current());

/// The places of the elements that are not zero (NaN is not): int64 [count, dims], row-major order.
Tensor nonzero(const Tensor& x, Location at = Location::current());
/// The elements of x where the bool mask is true, in one dim; x and mask broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask, Location at = Location::current());

/// x with src, of x's dtype, in the place that slice() (select()) with the same arguments takes.
Tensor slice_scatter(const Tensor& x, const Tensor& src, int dim = 0, std::int64_t start = 0,
                     std::int64_t end = std::numeric_limits<std::int64_t>::max(),
                     std::int64_t step = 1, Location at = Location::current());
Tensor select_scatter(const Tensor& x, const Tensor& src, int dim, std::int64_t index,
                      Location at = Location::current());

}  // namespace gradus
