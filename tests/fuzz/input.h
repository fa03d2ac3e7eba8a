// What fuzz targets share: an input as a file, and the errors that an unsound file may give.
#pragma once

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "framework/nn/options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gradus::fuzz {

/// A file in memory under names in a folder of its own, for readers that take a path. One a
/// program: it lives to its end.
class MemoryFile {
 public:
  /// Of all names, which are links to the same content.
  explicit MemoryFile(std::initializer_list<const char*> names)
      : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    std::string folder = (std::filesystem::temp_directory_path() / "gradus-fuzz-XXXXXX").string();
    if (fd_ < 0 || ::mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
    for (const char* name : names) {
      std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd_), folder_ / name);
    }
  }
  ~MemoryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    ::close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void write(std::string_view content) const {
    const auto size = static_cast<off_t>(content.size());
    if (::ftruncate(fd_, size) != 0) std::abort();
    if (::pwrite(fd_, content.data(), content.size(), 0) != size) std::abort();
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return folder_ / name; }

 private:
  int fd_;
  std::filesystem::path folder_;
};

/// Takes numbers from the front of an input; zeros when it is at its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}
  unsigned next() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// The content as a sound gzip file, so that what is behind the decompression gets mutants, too.
inline std::string gzipped(std::string_view content) {
  constexpr int kGzip = 9 + 16;  // the smallest window: setting up a large one takes long
  z_stream stream{};
  if (::deflateInit2(&stream, 1, Z_DEFLATED, kGzip, 1, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  std::string result(::deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  result.resize(stream.total_out);
  ::deflateEnd(&stream);
  return result;
}

/// Runs body(), which reads an unsound file or config. These errors are how it is refused: any
/// other is a finding, as it would not name the file.
template <class Body>
void refusing(Body&& body) {
  try {
    body();
  } catch (const FileError&) {
  } catch (const ConfigError&) {
  }
}

}  // namespace gradus::fuzz
