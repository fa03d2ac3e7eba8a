// The safetensors format: named tensors in one file, readable by PyTorch and many others.
//
//   u64 little-endian N | N bytes of JSON | data
//   JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
//          "__metadata__": {"key": "value"}}
// Offsets count from the start of the data. The writer orders tensors by alignment, then name, and
// pads the header with spaces to 8 bytes. The reader believes nothing: sizes, offsets, gaps,
// overlaps and the file's length must all agree.
//
// Beside the caller's metadata the writer puts checksums, as 16 hexadecimal digits of XXH3-64: of
// each tensor's bytes ("gradus_xxh3", JSON), and of the length and the header with the digits of
// this one as zeros ("gradus_header_xxh3"). So no bit of the file can change unnoticed. Other
// readers see metadata that they need not know; files without checksums are read, too.
#pragma once

#include "framework/nn/module.h"

#include <filesystem>
#include <map>

namespace gradus {

struct SafetensorsFile {
  nn::StateDict tensors;
  std::map<std::string, std::string> metadata;  ///< without the checksums
  bool has_checksums = false;                   ///< as it was read: they were there, and right
  /// By name, the dtype in the file of those tensors that were read as wider ones (stored_dtype.h).
  std::map<std::string, std::string> stored_as{};
};

/// Writes atomically, with checksums. Throws FileError; ValueError for a name that stands twice or
/// is no UTF-8.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& content);

/// Throws FileError, with the file's name and what is wrong, for anything but a sound file.
SafetensorsFile read_safetensors(const std::filesystem::path& path);
/// The same of a file's bytes; `name` is what errors call it.
SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& name);

}  // namespace gradus
