// RunFolder: the folder of a run, DIR/{config.json, metrics.jsonl, checkpoints/}.
//
// Thread rules: one thread.
#pragma once

#include "framework/train/checkpoint.h"
#include "framework/train/file.h"

namespace gradus {

class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path config() const { return path_ / "config.json"; }
  [[nodiscard]] std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  [[nodiscard]] CheckpointFolder checkpoints() const {
    return CheckpointFolder(path_ / "checkpoints");
  }

  /// Whether something of a run is in it.
  [[nodiscard]] bool holds_run() const;
  /// Makes the folder ready to be written to, and keeps other processes from training in it as long
  /// as this object lives. Throws FileError where one does already, or where the folder cannot be
  /// made.
  void occupy();
  /// Writes config.json. Throws FileError.
  void write_config(const Json& config) const;

 private:
  std::filesystem::path path_;
  Descriptor lock_;
};

}  // namespace gradus
