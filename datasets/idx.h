// The IDX format of MNIST and its kin, plain or gzipped: two zero bytes, the element type (8: u8),
// the number of dims, each size as a big-endian u32, then the elements.
#pragma once

#include "framework/tensor/tensor.h"

#include <filesystem>
#include <optional>

namespace gradus::data {

/// The uint8 tensor in the file, which must have `dims` dims, or any from 1 to 4 where none are
/// given. Throws FileError, with the file's name, for a wrong magic number, another type or rank, a
/// truncated file or bytes behind the end.
Tensor read_idx(const std::filesystem::path& path, std::optional<int> dims = {});

}  // namespace gradus::data
