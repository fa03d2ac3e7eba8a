// Dtypes that safetensors files may have and Gradus has not, read as wider ones that hold every
// value: F16 as float32; I8, I16, I32, U16 and U32 as int64.
#pragma once

#include "framework/tensor/tensor.h"

#include <optional>
#include <string_view>

namespace gradus {

struct WideDtype {
  std::string_view name;  ///< in the file
  std::size_t size = 0;   ///< bytes of an element there
  DType dtype;            ///< what it is read as
  void (*read)(std::string_view bytes, void* values);
};

/// Nothing for a name that is none of these.
std::optional<WideDtype> wide_dtype(std::string_view name);

}  // namespace gradus
