// The safetensors format: named tensors in one file, readable by PyTorch and many others.
//
//   u64 little-endian N | N bytes of JSON | data
//   JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
//          "__metadata__": {"key": "value"}}
// Offsets count from the start of the data. The writer orders tensors by alignment, then name, and
// pads the header with spaces to 8 bytes. The reader believes nothing: sizes, offsets, gaps,
// overlaps and the file's length must all agree.
#pragma once

#include "framework/nn/module.h"

#include <filesystem>
#include <map>

namespace gradus {

struct SafetensorsFile {
  nn::StateDict tensors;
  std::map<std::string, std::string> metadata;
  /// By name, the dtype in the file of those tensors that were read as wider ones (wide_dtypes.h).
  std::map<std::string, std::string> stored_as{};
};

/// Writes atomically. Throws FileError; ValueError for a name that stands twice or is no UTF-8.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& content);

/// Throws FileError, with the file's name and what is wrong, for anything but a sound file.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

}  // namespace gradus
