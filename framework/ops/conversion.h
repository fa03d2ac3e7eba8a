// Other memory for the same values: dtypes, copies, the order of elements in memory.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

/// The same values in another dtype; x itself when it has it. Float to integer truncates.
Tensor to(const Tensor& x, DType dtype, Location at = Location::current());
/// A copy in dense memory of the given order (by default that of x, where x is dense).
Tensor clone(const Tensor& x, std::optional<MemoryFormat> format = {},
             Location at = Location::current());
/// x itself if its memory has the given order, else a copy that has.
Tensor contiguous(const Tensor& x, MemoryFormat format = MemoryFormat::Contiguous,
                  Location at = Location::current());

}  // namespace gradus
