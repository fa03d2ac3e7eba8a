// Files: whole reads, and writes that are either whole or not there.
#pragma once

#include "framework/nn/options.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace gradus {

/// The whole content. Throws FileError with the file's name and the system's reason.
std::string read_file(const std::filesystem::path& path);

/// Writes the pieces to a temporary file beside `path`, syncs it, renames it over `path` and syncs
/// the directory: a reader finds the old content or the new, never a part. Throws FileError.
void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::string_view> pieces);

/// Whether JSON may have comments, as C++ has them.
enum class JsonComments { Refused, Allowed };

/// Parses JSON strictly: duplicate keys, bad UTF-8 and endless nesting are refused. Throws
/// FileError that names `what` and, for a text of several lines, the line.
Json parse_json(std::string_view text, const std::string& what,
                JsonComments comments = JsonComments::Refused);

}  // namespace gradus
