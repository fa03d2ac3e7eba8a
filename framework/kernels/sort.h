// Ordering along a dim. NaN counts as larger than any number, -0 as equal to 0; of equal values
// the first comes first, in either direction. `values` (in's dtype) and `indices` (i64) have one
// shape and strides; their size along `dim` is how many of each line's values they receive.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// All values in order.
void sort(const View& values, const View& indices, const View& in, int dim, bool descending);

/// The largest (or smallest) values.sizes[dim] values, best first.
void topk(const View& values, const View& indices, const View& in, int dim, bool largest);

/// The value that would stand at `place` (from 0) after sorting upwards; with `nan_wins` the first
/// NaN of a line that has one.
void nth(const View& values, const View& indices, const View& in, int dim, std::int64_t place,
         bool nan_wins);

/// out (i64) = where each of `values` is to be inserted into its line of `sorted` so that it stays
/// sorted: before the first element that is not smaller, or after the last that is not larger where
/// `right`. Lines run along the last dim; `lines` is their number, or 1 where all values share one.
/// All three are contiguous.
void searchsorted(const View& out, const View& sorted, const View& values, std::int64_t lines,
                  bool right);

}  // namespace gradus::kernels
