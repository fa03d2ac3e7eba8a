#include "framework/train/run_folder.h"
#include <fcntl.h>
#include <sys/file.h>
#include <nlohmann/json.hpp>

#include <cerrno>

namespace gradus {

bool RunFolder::holds_run() const {
  return std::filesystem::exists(config()) || std::filesystem::exists(metrics()) ||
         std::filesystem::exists(path_ / "checkpoints");
}

void RunFolder::occupy() {
  try {
    std::filesystem::create_directories(path_);
    lock_ = Descriptor(path_, O_RDONLY | O_DIRECTORY);
    // Where the file system has no locks there is none.
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw FileError(path_.string() +
                      ": another process is training in this folder; wait for it, or choose "
                      "another one by --out");
    }
    checkpoints().prepare();
    for (const auto& file : {config(), metrics()}) std::filesystem::remove(temporary_of(file));
  } catch (const std::filesystem::filesystem_error& error) {
    throw FileError("cannot prepare " + path_.string() + ": " + error.code().message());
  }
}

void RunFolder::write_config(const Json& config) const {
  const std::string text = config.dump(2) + "\n";
  const std::string_view pieces[] = {text};
  write_file_atomically(this->config(), pieces);
}

}  // namespace gradus
