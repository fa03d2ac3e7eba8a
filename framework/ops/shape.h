// Views and rearrangements. reshape, transpose, permute, expand, slice, squeeze and unsqueeze share
// memory with their input where they can; gradients flow through all of them.
#pragma once

#include "framework/tensor/tensor.h"

#include <limits>
#include <span>

namespace gradus {

inline constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

/// The same elements in row-major order under other sizes; one size may be -1. A view where the
/// strides allow it, else a copy.
Tensor reshape(const Tensor& x, const Shape& sizes, Location at = Location::current());
/// Dims start_dim to end_dim as one.
Tensor flatten(const Tensor& x, int start_dim = 0, int end_dim = -1,
               Location at = Location::current());
Tensor transpose(const Tensor& x, int a, int b, Location at = Location::current());
/// Dim i of the result is dim dims[i] of x.
Tensor permute(const Tensor& x, const Shape& dims, Location at = Location::current());
/// Stretches dims of size 1, and adds dims in front; -1 keeps a size. Copies nothing.
Tensor expand(const Tensor& x, const Shape& sizes, Location at = Location::current());
Tensor squeeze(const Tensor& x, int dim, Location at = Location::current());
Tensor unsqueeze(const Tensor& x, int dim, Location at = Location::current());
/// Elements start, start + step, ... before end, along dim. Negative ends count from the back and
/// both ends are clamped, as in Python. step >= 1.
Tensor slice(const Tensor& x, int dim, std::int64_t start = 0, std::int64_t end = kEnd,
             std::int64_t step = 1, Location at = Location::current());
/// Zeros of `sizes` with x in the place that slice() with the same arguments would take.
Tensor slice_backward(const Tensor& x, const Shape& sizes, int dim, std::int64_t start,
                      std::int64_t end, std::int64_t step, Location at = Location::current());
/// Joins tensors along a dim; all other sizes are equal. At least one tensor.
Tensor cat(std::span<const Tensor> tensors, int dim = 0, Location at = Location::current());
Tensor cat(std::initializer_list<Tensor> tensors, int dim = 0, Location at = Location::current());

/// The same values in another dtype; x itself when it has it. Float to integer truncates.
Tensor to(const Tensor& x, DType dtype, Location at = Location::current());
/// A copy in dense memory of the given order (by default that of x, where x is dense).
Tensor clone(const Tensor& x, std::optional<MemoryFormat> format = {},
             Location at = Location::current());
/// x itself if its memory has the given order, else a copy that has.
Tensor contiguous(const Tensor& x, MemoryFormat format = MemoryFormat::Contiguous,
                  Location at = Location::current());

}  // namespace gradus
