// How files have the elements of tensors, by the names of safetensors: the dtypes of Gradus, and
// others that are read as wider ones which hold every value: F16 as float32; I8, I16, I32, U16 and
// U32 as int64.
#pragma once

#include "framework/tensor/tensor.h"

#include <optional>
#include <string_view>

namespace gradus {

struct StoredDtype {
  std::string_view name;  ///< "F16"
  std::size_t size = 0;   ///< bytes of an element in the file
  DType dtype;            ///< what it is read as
  bool is_wider = false;  ///< than in the file
  void (*read)(std::string_view bytes, void* values);
};

/// Nothing for a name that is none of these.
std::optional<StoredDtype> stored_dtype(std::string_view name);
/// What files call it.
std::string_view stored_name(DType dtype);

/// A tensor of the bytes, which are little-endian and dense. Throws ValueError, before anything is
/// allocated, where there are more than kMaxDims sizes, or one is negative, or they do not fill the
/// bytes; and for a BOOL that is neither 0 nor 1.
Tensor read_stored(const StoredDtype& type, std::span<const std::int64_t> sizes,
                   std::string_view bytes);

}  // namespace gradus
