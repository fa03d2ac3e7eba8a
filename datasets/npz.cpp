#include <zip.h>
#include "datasets/npy.h"
#include "framework/nn/options.h"

#include <algorithm>
#include <memory>

namespace gradus::data {
namespace {

constexpr std::string_view kEnding = ".npy";

// An archive that is open for reading; libzip checks the sums of what is read.
class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : path_(path) {
    int code = 0;
    zip_.reset(::zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (zip_) return;
    zip_error_t error;
    ::zip_error_init_with_code(&error, code);
    const std::string reason = ::zip_error_strerror(&error);
    ::zip_error_fini(&error);
    throw FileError("cannot read " + path.string() + " as an .npz archive: " + reason);
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    const auto count = static_cast<zip_uint64_t>(::zip_get_num_entries(zip_.get(), 0));
    for (zip_uint64_t i = 0; i < count; ++i) {
      const char* name = ::zip_get_name(zip_.get(), i, 0);
      names.emplace_back(name == nullptr ? "" : name);
      if (names.back().ends_with(kEnding)) names.back().resize(names.back().size() - 4);
    }
    return names;
  }

  [[nodiscard]] std::string read(const std::string& name) const {
    const std::string file = name + std::string(kEnding);
    zip_stat_t info;
    if (::zip_stat(zip_.get(), file.c_str(), 0, &info) != 0) {
      throw FileError(path_.string() + ": there is no array \"" + name + "\"" +
                      suggest(name, names()));
    }
    // Deflate shrinks by at most about 1032: a larger promise is a lie, and not worth its memory.
    // Nor is the compressed size more than a promise.
    const std::uint64_t most = std::min<std::uint64_t>(info.comp_size, file_size(path_));
    if (info.size > most * 1100 + 1024) refuse(name, "its size is more than it can hold");
    std::string bytes(info.size, '\0');
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(
        ::zip_fopen(zip_.get(), file.c_str(), 0), ::zip_fclose);
    if (!entry) refuse(name, ::zip_strerror(zip_.get()));
    std::size_t done = 0;
    while (true) {  // until a read at the end has checked the sum
      char spare = 0;
      const bool full = done == bytes.size();
      const zip_int64_t got = ::zip_fread(entry.get(), full ? &spare : bytes.data() + done,
                                          full ? 1 : bytes.size() - done);
      if (got < 0) refuse(name, ::zip_file_strerror(entry.get()));
      if (got == 0) break;
      if (full) refuse(name, "it is longer than it says");
      done += static_cast<std::size_t>(got);
    }
    if (done != bytes.size()) refuse(name, "it is shorter than it says");
    return bytes;
  }

 private:
  [[noreturn]] void refuse(const std::string& name, const std::string& reason) const {
    throw FileError(path_.string() + ": cannot read array \"" + name + "\": " + reason);
  }

  std::filesystem::path path_;
  std::unique_ptr<zip_t, void (*)(zip_t*)> zip_{nullptr, ::zip_discard};
};

}  // namespace

Tensor read_npz(const std::filesystem::path& path, const std::string& name) {
  return parse_npy(Archive(path).read(name), path.string() + "[" + name + "]");
}

std::vector<std::string> npz_names(const std::filesystem::path& path) {
  return Archive(path).names();
}

}  // namespace gradus::data
