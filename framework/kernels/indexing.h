// Reading and writing at places told by int64 indices.
//
// Where several sources meet at one place they do so in the order of the index, whoever computes:
// the work is split by destinations, never by sources, so threads do not change a bit.
#pragma once

#include "framework/kernels/view.h"

#include <span>

namespace gradus::kernels {

/// Throws ValueError, naming `dim`, unless all indices lie in [0, size).
void check_indices(std::span<const std::int64_t> index, std::int64_t size, int dim);

/// Tensors whose dim `dim` is indexed, all contiguous: x[.., index[j], ..] stands against y[.., j,
/// ..]. The indices were checked.
///   take_rows: y = x at the indices
///   put_rows: x at the indices = y; the last of equal indices wins
///   add_rows: x at the indices += y; x has the type in which y's dtype computes (f32 for bf16)
void take_rows(const View& y, const View& x, int dim, std::span<const std::int64_t> index);
void put_rows(const View& x, const View& y, int dim, std::span<const std::int64_t> index);
void add_rows(const View& x, const View& y, int dim, std::span<const std::int64_t> index);

/// Tensors of any strides with an index (i64) for each element of y: x[.., index[.., j, ..], ..]
/// stands against y[.., j, ..]. x is at least as large as y outside `dim`. Throw ValueError for
/// indices outside [0, size of dim).
///   gather: y = x at the indices
///   scatter: x at the indices = y; the last of equal indices wins
///   scatter_add: x at the indices += y; x has the type in which y's dtype computes
void gather(const View& y, const View& x, int dim, const View& index);
void scatter(const View& x, const View& y, int dim, const View& index);
void scatter_add(const View& x, const View& y, int dim, const View& index);

}  // namespace gradus::kernels
