#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace gradus::test {
namespace {

[[noreturn]] void run(const std::vector<std::string>& command,
                      const std::filesystem::path& folder) {
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  if (::chdir(folder.c_str()) == 0) ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, Output output,
                 const std::filesystem::path& folder) {
  if (output == Output::Terminal) {
    struct winsize size = {};
    size.ws_row = 24;
    size.ws_col = 80;
    pid_ = ::forkpty(&out_.fd, nullptr, nullptr, &size);
    if (pid_ == 0) run(command, folder);
  } else {
    start_on_pipes(command, folder);
  }
  if (pid_ < 0) throw std::runtime_error("cannot fork");
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const Stream* stream : {&out_, &err_}) {
    if (stream->fd >= 0) ::close(stream->fd);
  }
}

bool Process::has_terminals() {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

void Process::send(int signal) const {
  ::kill(pid_, signal);
}

bool Process::has_ended() const {
  siginfo_t info = {};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

bool Process::wait_for(const std::string& text) {
  while (out_.text.find(text) == std::string::npos) {
    if (!read_some()) return false;
  }
  return true;
}

ProcessResult Process::finish() {
  while (read_some()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out_.text, err_.text};
}

void Process::start_on_pipes(const std::vector<std::string>& command,
                             const std::filesystem::path& folder) {
  std::array<int, 2> out = {};
  std::array<int, 2> err = {};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("cannot make pipes");
  }
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    run(command, folder);
  }
  ::fcntl(out[0], F_SETPIPE_SZ, 4096);  // so that the program never runs far ahead of us
  ::close(out[1]);
  ::close(err[1]);
  out_.fd = out[0];
  err_.fd = err[0];
}

// Waits for output and takes it; false when all has ended.
bool Process::read_some() {
  if (out_.fd < 0 && err_.fd < 0) return false;
  if (Clock::now() > deadline_) throw std::runtime_error("the process takes too long");
  std::array<pollfd, 2> wanted = {{{out_.fd, POLLIN, 0}, {err_.fd, POLLIN, 0}}};
  ::poll(wanted.data(), wanted.size(), 100);
  if (wanted[0].revents != 0) take(out_);
  if (wanted[1].revents != 0) take(err_);
  return true;
}

void Process::take(Stream& stream) {
  std::array<char, 4096> buffer = {};
  const ssize_t got = ::read(stream.fd, buffer.data(), buffer.size());
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) {  // a terminal ends with EIO
    ::close(stream.fd);
    stream.fd = -1;
    return;
  }
  stream.text.append(buffer.data(), static_cast<std::size_t>(got));
}

}  // namespace gradus::test
