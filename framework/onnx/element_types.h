// The element types of ONNX (TensorProto.DataType): the numbers that files have, and what is known
// of them here.
#pragma once

#include "framework/kernels/dtype.h"

#include <string_view>

namespace gradus::onnx {

struct ElementType {
  int number = 0;
  std::string_view name;      ///< "float16", as NumPy and PyTorch have it
  std::string_view stored{};  ///< by which it is read (stored_dtype.h); "": it cannot be
};

/// Null for a number that is none.
const ElementType* element_type(int number);
int number_of(DType dtype);

}  // namespace gradus::onnx
