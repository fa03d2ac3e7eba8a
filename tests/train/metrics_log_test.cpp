// MetricsLog: what is in the file after each line, after a line that could not be written, and when
// a resumed run goes on with it.
#include "framework/train/metrics_log.h"
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <csignal>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

Json step_event(std::int64_t step) {
  return {{"event", "step"}, {"step", step}};
}

TEST(MetricsLog, has_every_line_at_once) {
  const test::TempDir folder;
  MetricsLog log(folder / "metrics.jsonl", 0);
  log.write(step_event(1));
  EXPECT_EQ(test::read_text(folder / "metrics.jsonl"), "{\"event\":\"step\",\"step\":1}\n");
  log.write(step_event(2));
  EXPECT_EQ(test::read_text(folder / "metrics.jsonl"),
            "{\"event\":\"step\",\"step\":1}\n{\"event\":\"step\",\"step\":2}\n");
}

TEST(MetricsLog, goes_on_behind_the_last_step) {
  const test::TempDir folder;
  const auto path = folder / "metrics.jsonl";
  {
    MetricsLog log(path, 0);
    for (const std::int64_t step : {1, 2, 3}) log.write(step_event(step));
  }
  MetricsLog log(path, 2);
  log.write(step_event(7));
  EXPECT_EQ(test::read_text(path),
            "{\"event\":\"step\",\"step\":1}\n{\"event\":\"step\",\"step\":2}\n"
            "{\"event\":\"step\",\"step\":7}\n");
}

TEST(MetricsLog, drops_a_line_that_was_cut_off) {
  const test::TempDir folder;
  const auto path = folder / "metrics.jsonl";
  const std::string whole = "{\"event\":\"step\",\"step\":1}\n";
  for (const char* rest : {"{\"event\":\"st", "{}\n", "[1]\n", "{\"step\":\"x\"}\n", "\n"}) {
    test::write_text(path, whole + rest);
    const MetricsLog log(path, 9);
    EXPECT_EQ(test::read_text(path), whole) << rest;
  }
}

TEST(MetricsLog, says_when_it_cannot_write) {
  EXPECT_THROW(MetricsLog("/no/such/folder/metrics.jsonl", 0), FileError);
}

// No file of this process may grow beyond `bytes`, for a scope: what a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  sighandler_t handler_;
  rlimit before_ = {};
};

TEST(MetricsLog, keeps_whole_lines_when_the_disk_is_full_and_writes_the_rest_later) {
  const test::TempDir folder;
  const auto path = folder / "metrics.jsonl";
  MetricsLog log(path, 0);
  log.write(step_event(1));
  const std::string first = test::read_text(path);
  {
    const FileSizeLimit limit(first.size() + 5);
    EXPECT_THROW(log.write(step_event(2)), FileError);
    EXPECT_EQ(test::read_text(path), first);
    EXPECT_THROW(log.write(step_event(3)), FileError);
    EXPECT_EQ(test::read_text(path), first);
  }
  log.write(step_event(4));
  std::string all;
  for (const std::int64_t step : {1, 2, 3, 4}) all += test::dump(step_event(step)) + "\n";
  EXPECT_EQ(test::read_text(path), all);
}

TEST(MetricsLog, says_when_its_file_was_deleted) {
  const test::TempDir folder;
  const auto path = folder / "metrics.jsonl";
  MetricsLog log(path, 0);
  std::filesystem::remove(path);
  EXPECT_EQ(test::message_of<FileError>([&] { log.write(step_event(1)); }),
            "cannot write " + path.string() + ": it was deleted while the run went on");
}

}  // namespace
}  // namespace gradus
