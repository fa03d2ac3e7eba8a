#include "framework/train/metrics_log.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <sstream>

namespace gradus {

MetricsLog::MetricsLog(const std::filesystem::path& path, std::int64_t last_step) : path_(path) {
  std::string kept;
  if (std::filesystem::exists(path)) {
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
      const Json event = Json::parse(line, nullptr, false);
      const auto step = event.is_object() ? event.find("step") : event.end();
      if (step == event.end() || !step->is_number_integer() || *step > last_step) break;
      kept += line + "\n";
    }
  }
  const std::string_view pieces[] = {kept};
  write_file_atomically(path, pieces);
  file_ = Descriptor(path, O_WRONLY | O_APPEND);
  size_ = std::ssize(kept);
}

void MetricsLog::write(const Json& event) {
  unwritten_ += event.dump() + "\n";
  write_kept();
}

void MetricsLog::write_kept() {
  struct stat status = {};
  if (::fstat(file_.get(), &status) != 0) throw_file_error("cannot write", path_);
  if (status.st_nlink == 0) {
    throw FileError("cannot write " + path_.string() + ": it was deleted while the run went on");
  }
  try {
    write_all(file_, unwritten_, path_);
  } catch (const FileError&) {
    // A line that is there in part would be taken for the end of the file.
    if (::ftruncate(file_.get(), size_) != 0) throw_file_error("cannot shorten", path_);
    throw;
  }
  size_ += std::ssize(unwritten_);
  unwritten_.clear();
}

void MetricsLog::sync() const {
  if (::fdatasync(file_.get()) != 0) throw_file_error("cannot sync", path_);
}

}  // namespace gradus
