#include "framework/train/file.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <set>

namespace gradus {
namespace {

// Deeper JSON could exhaust the stack of whoever walks it.
constexpr int kDeepest = 100;

}  // namespace

void throw_file_error(const std::string& what, const std::filesystem::path& path) {
  throw FileError(what + " " + path.string() + ": " + std::strerror(errno));
}

Descriptor::Descriptor(const std::filesystem::path& path, int flags)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw_file_error("cannot open", path);
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void write_all(const Descriptor& file, std::string_view data, const std::filesystem::path& path) {
  while (!data.empty()) {
    const ssize_t written = ::write(file.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_file_error("cannot write", path);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) throw_file_error("cannot read", path);
  // One more than the size, so that the end is met at once; what has no size is read in pieces.
  std::string content(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error("cannot read", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled == content.size()) content.resize(content.size() * 2);
  }
  content.resize(filled);
  return content;
}

std::filesystem::path temporary_of(const std::filesystem::path& path) {
  return path.string() + ".tmp";
}

void write_file_atomically(const std::filesystem::path& path,
                           std::span<const std::string_view> pieces) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  const std::filesystem::path temporary = temporary_of(path);
  try {
    {
      const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
      for (const std::string_view piece : pieces) write_all(file, piece, temporary);
      if (::fsync(file.get()) != 0) throw_file_error("cannot sync", temporary);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_file_error("cannot rename to", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(folder.get()) != 0) throw_file_error("cannot sync", directory);
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
