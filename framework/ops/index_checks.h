// What ops with an index have in common. Included by op families only.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus::ops {

inline void expect_index(const Tensor& index) {
  if (index.defined() && index.dtype() == kInt64) return;
  throw DTypeError("the index must be an int64 tensor" +
                   (index.defined() ? ", got " + std::string(name_of(index.dtype())) : ""));
}

inline void expect_same_dtype(const Tensor& x, const Tensor& src) {
  if (x.dtype() == src.dtype()) return;
  throw DTypeError("cannot write " + std::string(name_of(src.dtype())) + " values into " +
                   std::string(name_of(x.dtype())) + "; convert them with .to(...)");
}

/// The dtype in which many values of `dtype` are added up.
inline DType sum_dtype(DType dtype) {
  return dtype == kBFloat16 ? kFloat32 : dtype;
}

}  // namespace gradus::ops
