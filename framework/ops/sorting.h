// Order along a dim: sort, topk, order statistics, search. NaN counts as larger than any number; of
// equal values the first comes first. Indices are int64 and carry no gradient; the gradient of a
// value goes to the element that was chosen.
#pragma once

#include "framework/tensor/tensor.h"

#include <string_view>
#include <utility>

namespace gradus {

/// The values in order and their indices. Always stable.
std::pair<Tensor, Tensor> sort(const Tensor& x, int dim = -1, bool descending = false,
                               Location at = Location::current());
std::pair<Tensor, Tensor> sort(const Tensor& x, std::optional<bool> stable, int dim = -1,
                               bool descending = false, Location at = Location::current());
/// The indices that sort() gives.
Tensor argsort(const Tensor& x, int dim = -1, bool descending = false,
               Location at = Location::current());
/// The k largest (smallest) values, best first, and their indices. They are sorted even where
/// `sorted` does not ask for it.
std::pair<Tensor, Tensor> topk(const Tensor& x, std::int64_t k, int dim = -1, bool largest = true,
                               bool sorted = true, Location at = Location::current());

/// The k-th smallest value (from 1) and its index.
std::pair<Tensor, Tensor> kthvalue(const Tensor& x, std::int64_t k, int dim = -1,
                                   bool keepdim = false, Location at = Location::current());
/// The value in the middle and its index; of two the smaller one. NaN where there is a NaN.
std::pair<Tensor, Tensor> median(const Tensor& x, int dim, bool keepdim = false,
                                 Location at = Location::current());
/// The median of all elements; NaN over nothing. Its gradient is shared evenly among ties.
Tensor median(const Tensor& x, Location at = Location::current());
/// The value below which the share `q` (in [0, 1]) of the values along `dim`, or of all, lies. What
/// lies between two values is told by `interpolation`: linear, lower, higher, midpoint or nearest.
/// A tensor q of one dim gives a result with that dim in front. NaN where there is a NaN.
Tensor quantile(const Tensor& x, double q, std::optional<int> dim = {}, bool keepdim = false,
                std::string_view interpolation = "linear", Location at = Location::current());
Tensor quantile(const Tensor& x, const Tensor& q, std::optional<int> dim = {}, bool keepdim = false,
                std::string_view interpolation = "linear", Location at = Location::current());

/// Where each of `values` is to be inserted into `sorted` (ascending along its last dim) so that it
/// stays sorted: before equal elements, or after them where `right`. `sorted` has one dim, or the
/// dims of `values`, equal but for the last. int64.
Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right = false,
                    Location at = Location::current());
/// The number of the interval between `boundaries` (one dim, ascending) that each element is in: i
/// where boundaries[i-1] < x <= boundaries[i], or where boundaries[i-1] <= x < boundaries[i] with
/// `right`. int64.
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right = false,
                 Location at = Location::current());

}  // namespace gradus
