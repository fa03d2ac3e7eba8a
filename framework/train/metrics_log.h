// MetricsLog: what a run measured, DIR/metrics.jsonl.
//
//   MetricsLog log(folder / "metrics.jsonl", 0);
//   log.write({{"event", "step"}, {"step", 1}, {"loss", 2.31}});
//
// One JSON object a line, in the order of the steps; each line is in the file before the next step
// begins, whole or not at all.
// Thread rules: one thread, but sync() may run beside write().
#pragma once

#include "framework/train/file.h"

namespace gradus {

class MetricsLog {
 public:
  /// Goes on with what the file holds up to `last_step`; lines beyond it, which a resumed run will
  /// write again, are dropped. Throws FileError.
  MetricsLog(const std::filesystem::path& path, std::int64_t last_step);

  /// Throws FileError where the file cannot be written or was deleted; the line is not lost then:
  /// the next call writes it first.
  void write(const Json& event);
  /// Writes what is left of that. Throws FileError.
  void write_kept();
  /// Returns when what was written has reached the disk. Throws FileError.
  void sync() const;

 private:
  std::filesystem::path path_;
  Descriptor file_;
  std::int64_t size_ = 0;  // of the whole lines in the file
  std::string unwritten_;
};

}  // namespace gradus
