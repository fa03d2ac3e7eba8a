#include "framework/train/file.h"
#include <fcntl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

namespace gradus {
namespace {

// Deeper JSON could exhaust the stack of whoever walks it.
constexpr int kDeepest = 100;

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw FileError(what + " " + path.string() + ": " + std::strerror(errno));
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : fd_(::open(path.c_str(), flags, 0644)) {
    if (fd_ < 0) fail("cannot open", path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

void write_all(int fd, std::string_view data, const std::filesystem::path& path) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", path);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) {
    if (errno == 0) errno = EISDIR;
    fail("cannot open", path);
  }
  std::ostringstream content;
  content << in.rdbuf();
  if (in.bad()) fail("cannot read", path);
  return std::move(content).str();
}

void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::string_view> pieces) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  const std::filesystem::path temporary = path.string() + ".tmp";
  try {
    {
      const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
      for (const std::string_view piece : pieces) write_all(file.get(), piece, temporary);
      if (::fsync(file.get()) != 0) fail("cannot sync", temporary);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail("cannot rename to", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (::fsync(folder.get()) != 0) fail("cannot sync", directory);
}

Json parse_json(std::string_view text, const std::string& what, JsonComments comments) {
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kDeepest) throw FileError(what + ": nested too deeply");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key &&
        !keys.back().insert(parsed.get<std::string>()).second) {
      throw FileError(what + ": the key \"" + parsed.get<std::string>() + "\" stands twice");
    }
    return true;
  };
  try {
    return Json::parse(text, check, true, comments == JsonComments::Allowed);
  } catch (const nlohmann::json::exception& error) {
    const std::string reason = error.what();
    const std::size_t begin = reason.find("parse error");
    throw FileError(
        what + ": no valid JSON: " + (begin == std::string::npos ? reason : reason.substr(begin)));
  }
}

}  // namespace gradus
