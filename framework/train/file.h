// Files: whole reads, and writes that are either whole or not there.
#pragma once

#include "framework/nn/options.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gradus {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  /// As ::open() with `flags` and O_CLOEXEC. Throws FileError.
  Descriptor(const std::filesystem::path& path, int flags);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// Throws FileError: `what`, such as "cannot open", the path and what errno says.
[[noreturn]] void throw_file_error(const std::string& what, const std::filesystem::path& path);

/// All of `data`, however many calls of ::write() that takes. Throws FileError with `path` in it.
void write_all(const Descriptor& file, std::string_view data, const std::filesystem::path& path);

/// The whole content. Throws FileError with the file's name and the system's reason.
std::string read_file(const std::filesystem::path& path);

/// The name of the file that write_file_atomically() fills before it becomes `path`.
std::filesystem::path temporary_of(const std::filesystem::path& path);

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
