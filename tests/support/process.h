// A program as a child process: its arguments, output, exit code and signals, on pipes or on a
// terminal of its own.
//
//   Process process({program_path(), "list"});
//   const ProcessResult result = process.finish();
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::test {

struct ProcessResult {
  int exit_code = 0;  ///< or 128 + the signal that ended it
  std::string out;
  std::string err;  ///< empty on a terminal, where `out` holds both
};

class Process {
 public:
  enum class Output { Pipes, Terminal };

  explicit Process(const std::vector<std::string>& command, Output output = Output::Pipes,
                   const std::filesystem::path& folder = ".");
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Whether this system can make terminals: a bare root without /dev/pts cannot.
  static bool has_terminals();

  void send(int signal) const;

  /// Whether it has ended, without waiting for that.
  [[nodiscard]] bool has_ended() const;

  /// Whether `text` appears in the output before that ends.
  bool wait_for(const std::string& text);

  /// Reads on to the end.
  ProcessResult finish();

 private:
  struct Stream {
    int fd = -1;
    std::string text;
  };
  using Clock = std::chrono::steady_clock;

  void start_on_pipes(const std::vector<std::string>& command, const std::filesystem::path& folder);
  bool read_some();
  static void take(Stream& stream);

  pid_t pid_ = -1;
  Stream out_;
  Stream err_;
  Clock::time_point deadline_ = Clock::now() + std::chrono::minutes(3);
};

}  // namespace gradus::test
