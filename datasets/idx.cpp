#include "datasets/idx.h"
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <string>

namespace gradus::data {
namespace {

// Reads a file through zlib, which passes plain files through as they are.
class GzipReader {
 public:
  explicit GzipReader(const std::filesystem::path& path)
      : path_(path), file_(::gzopen(path.c_str(), "rb"), ::gzclose) {
    if (!file_) throw FileError("cannot open " + path.string());
  }

  [[noreturn]] void refuse(const std::string& reason) const {
    throw FileError(path_.string() + ": no sound IDX file: " + reason);
  }

  void read(void* to, std::size_t bytes, const char* what) {
    auto* data = static_cast<unsigned char*>(to);
    while (bytes > 0) {
      const auto part = static_cast<unsigned>(std::min<std::size_t>(bytes, 1U << 30U));
      const int got = ::gzread(file_.get(), data, part);
      int code = Z_OK;
      const char* message = ::gzerror(file_.get(), &code);
      if (got < 0 || (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)) {
        refuse(std::string("broken gzip data (") + message + ")");
      }
      if (got == 0) refuse(std::string("it ends within the ") + what);
      data += got;
      bytes -= static_cast<std::size_t>(got);
    }
  }

  bool at_end() {
    unsigned char byte = 0;
    const int got = ::gzread(file_.get(), &byte, 1);
    int code = Z_OK;
    ::gzerror(file_.get(), &code);
    if (got < 0 || code == Z_BUF_ERROR) refuse("broken gzip data at its end");
    return got == 0;
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

constexpr int kMostDims = 4;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 36U;

}  // namespace

Tensor read_idx(const std::filesystem::path& path, std::optional<int> dims) {
  if (!std::filesystem::is_regular_file(path)) {
    throw FileError("cannot open " + path.string() + ": there is no such file");
  }
  GzipReader file(path);
  unsigned char magic[4];
  file.read(magic, sizeof magic, "magic number");
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != 8) file.refuse("wrong magic number");
  if (dims ? magic[3] != *dims : magic[3] < 1 || magic[3] > kMostDims) {
    file.refuse("it has " + std::to_string(magic[3]) + " dims, expected " +
                (dims ? std::to_string(*dims) : "1 to " + std::to_string(kMostDims)));
  }
  Shape sizes;
  std::uint64_t span = 1;  // elements, where those of size 0 count as 1: strides must fit, too
  bool is_empty = false;
  for (int d = 0; d < magic[3]; ++d) {
    unsigned char bytes[4];
    file.read(bytes, sizeof bytes, "sizes");
    const std::uint32_t size = (std::uint32_t{bytes[0]} << 24U) | (std::uint32_t{bytes[1]} << 16U) |
                               (std::uint32_t{bytes[2]} << 8U) | bytes[3];
    sizes.push_back(size);
    is_empty = is_empty || size == 0;
    span =
        span > kMostElements / std::max(size, 1U) ? kMostElements + 1 : span * std::max(size, 1U);
  }
  // gzip shrinks by at most about 1032: a larger promise is a lie, and not worth its memory.
  const std::uint64_t most = std::filesystem::file_size(path) * 1100 + 1024;
  const std::uint64_t numel = is_empty ? 0 : span;
  if (span > kMostElements || numel > most) {
    file.refuse("sizes " + to_string(sizes) + " are more than the file can hold");
  }
  Tensor result(sizes, kUInt8);
  file.read(result.raw().data, static_cast<std::size_t>(numel), "elements");
  if (!file.at_end())
    file.refuse("there are bytes behind its " + std::to_string(numel) + " elements");
  return result;
}

}  // namespace gradus::data
