// Kills a process at a moment that is a time after its start, or a change in the folder that it
// writes to: a file that appears, grows to some size, or is renamed.
//
//   FolderWatch watch(run);
//   Process process(train);
//   const bool was_killed = kill_at({.kind = Moment::Kind::Bytes, .count = 3, .bytes = 1000},
//                                   process, watch);
#pragma once

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/process.h"

namespace gradus::test {

struct Moment {
  enum class Kind {
    Delay,    ///< `delay` after the start
    Change,   ///< the count-th change of any kind
    Bytes,    ///< the count-th temporary file of a checkpoint has `bytes` bytes or is complete
    Renamed,  ///< the count-th checkpoint has got its name
    Metrics,  ///< the count-th change of the metrics
    Config    ///< the count-th change of the config
  };
  Kind kind = Kind::Delay;
  int count = 1;
  std::uintmax_t bytes = 0;
  std::chrono::microseconds delay{};  ///< also after a change

  [[nodiscard]] std::string text() const {
    static constexpr const char* kNames[] = {"delay",   "change",  "bytes",
                                             "renamed", "metrics", "config"};
    return std::string(kNames[static_cast<int>(kind)]) + " " + std::to_string(count) + " +" +
           std::to_string(kind == Kind::Bytes ? bytes : delay.count());
  }
};

/// Sees what changes in the folder of a run and in its checkpoints/, which may come later.
class FolderWatch {
 public:
  struct Change {
    std::filesystem::path path;
    std::uint32_t mask = 0;
  };

  explicit FolderWatch(std::filesystem::path run)
      : run_(std::move(run)), fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("there is no inotify");
    std::filesystem::create_directories(run_);
    run_id_ = ::inotify_add_watch(fd_, run_.c_str(), kMask);
    watch_checkpoints();
  }
  ~FolderWatch() { ::close(fd_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Waits at most so long; what has changed by then.
  std::vector<Change> wait(std::chrono::milliseconds most) {
    pollfd wanted = {fd_, POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(most.count()));
    alignas(inotify_event) std::array<char, 16384> buffer = {};
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    std::vector<Change> result;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      const std::string name = event->len > 0 ? event->name : "";
      const bool in_run = event->wd == run_id_;
      if (in_run && name == "checkpoints") watch_checkpoints();
      result.push_back({in_run ? run_ / name : run_ / "checkpoints" / name, event->mask});
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    return result;
  }

 private:
  static constexpr std::uint32_t kMask =
      IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;

  void watch_checkpoints() { ::inotify_add_watch(fd_, (run_ / "checkpoints").c_str(), kMask); }

  std::filesystem::path run_;
  int fd_;
  int run_id_ = -1;
};

inline bool is_met(const Moment& moment, const FolderWatch::Change& change) {
  const std::string name = change.path.filename().string();
  const bool is_checkpoint = change.path.parent_path().filename() == "checkpoints";
  switch (moment.kind) {
    case Moment::Kind::Delay:
      return false;
    case Moment::Kind::Change:
      return true;
    case Moment::Kind::Bytes:
      return is_checkpoint && name.ends_with(".tmp") && (change.mask & IN_CREATE) != 0;
    case Moment::Kind::Renamed:
      return is_checkpoint && (change.mask & IN_MOVED_TO) != 0;
    case Moment::Kind::Metrics:
      return name.starts_with("metrics.jsonl");
    case Moment::Kind::Config:
      return name.starts_with("config.json");
  }
  return false;
}

/// Waits without giving the processor away: a sleep would take far longer.
inline void spin(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// Spins until the file has so many bytes, or is gone.
inline void wait_for_bytes(const std::filesystem::path& path, std::uintmax_t bytes) {
  std::error_code error;
  for (std::uintmax_t size = 0; size < bytes && !error;) {
    size = std::filesystem::file_size(path, error);
  }
}

/// Sends SIGKILL at the moment; false where the process ended before it came.
inline bool kill_at(const Moment& moment, const Process& process, FolderWatch& watch) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + moment.delay;
  int seen = 0;
  const auto kill = [&] {
    process.send(SIGKILL);
    return true;
  };
  while (!process.has_ended()) {
    if (moment.kind == Moment::Kind::Delay) {
      if (Clock::now() >= end) return kill();
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      continue;
    }
    for (const FolderWatch::Change& change : watch.wait(std::chrono::milliseconds(1))) {
      if (!is_met(moment, change) || ++seen < moment.count) continue;
      moment.kind == Moment::Kind::Bytes ? wait_for_bytes(change.path, moment.bytes)
                                         : spin(moment.delay);
      return kill();
    }
  }
  return false;
}

}  // namespace gradus::test
