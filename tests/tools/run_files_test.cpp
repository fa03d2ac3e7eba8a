// Files that a run cannot write: full disks, read-only and vanished folders, limits; and two runs
// in one folder.
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"

#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::Process;
using test::ProcessResult;
using test::Words;

class RunFiles : public test::ProgramTest {
 protected:
  RunFiles() { EXPECT_EQ(gradus(train("mlp", "whole", settings(4))).exit_code, 0); }

  static Words settings(int count) {
    return epochs(count) + Words{"--set", "checkpoint.every_steps=3", "--set", "checkpoint.keep=2"};
  }
  static Words keep_going() { return {"--set", "checkpoint.on_error=continue"}; }

  // Runs a shell script in the test's folder, in which $GRADUS is the program with `words`.
  ProcessResult shell(const std::string& script, const Words& words, bool mounts = false) const {
    std::string line = "GRADUS='" + test::program_path() + "'\nset --";
    for (const std::string& word : words) line += " '" + word + "'";
    const Words command = {"/bin/sh", "-c", line + "\n" + script};
    const Words isolated = {"/usr/bin/unshare", "-m"};
    return Process(mounts ? isolated + command : command, Process::Output::Pipes, folder_.path())
        .finish();
  }
  // Whether this machine lets a test mount something.
  [[nodiscard]] bool can_mount() const {
    return shell("mkdir -p m && mount -t tmpfs -o size=64k none m", {}, true).exit_code == 0;
  }
  void expect_resumes_to_the_same(const std::string& run, int count = 4) const {
    const ProcessResult result = gradus(train("mlp", run, settings(count) + Words{"--resume"}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    expect_same_run("whole", run);
  }
};

TEST_F(RunFiles, a_limit_of_their_size_ends_the_run_with_the_last_good_checkpoint) {
  // 40 KiB: the first checkpoints fit, but metrics.jsonl grows.
  const ProcessResult result =
      shell(R"(ulimit -f 4; exec "$GRADUS" "$@")", train("mlp", "run", settings(4)));
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(result.err, "File too large")) << result.err;
  EXPECT_TRUE(contains(result.err, "run/")) << result.err;
  for (const auto& file : checkpoints("run")) EXPECT_EQ(file.extension(), ".safetensors");
  expect_resumes_to_the_same("run");
}

TEST_F(RunFiles, a_limit_of_open_files_is_said) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own checks of pointers open files, and fail first";
#endif
  const ProcessResult result =
      shell(R"(ulimit -n 5; exec "$GRADUS" "$@")", train("mlp", "run", settings(4)));
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(result.err, "Too many open files")) << result.err;
}

// The run's folder is a file system of its own that gets full while the run goes on.
TEST_F(RunFiles, a_full_disk_ends_the_run_with_the_last_good_checkpoint) {
  if (!can_mount()) GTEST_SKIP() << "no right to mount; a_limit_of_their_size... is like it";
  const std::string script = R"(
    mkdir mnt && mount -t tmpfs -o size=700k none mnt
    "$GRADUS" "$@" --out mnt/run || exit 3
    head -c 10000000 /dev/zero > mnt/fill 2>/dev/null
    "$GRADUS" "$@" --out mnt/run --set epochs=4 --resume; code=$?
    cp -r mnt/run kept; exit $code)";
  const ProcessResult result = shell(script, Words{"train"} + small("mlp") + settings(2), true);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(result.err, "No space left on device")) << result.err;
  for (const auto& file : checkpoints("kept")) {
    EXPECT_EQ(file.extension(), ".safetensors");
    EXPECT_NO_THROW(load_checkpoint(file));
  }
  expect_resumes_to_the_same("kept");
}

// Full for a while: nothing is missing in the end.
TEST_F(RunFiles, a_run_that_may_continue_outlasts_a_full_disk) {
  if (!can_mount()) GTEST_SKIP() << "no right to mount";
  const std::string script = R"(
    mkdir mnt && mount -t tmpfs -o size=2000k none mnt
    "$GRADUS" "$@" --out mnt/run 2>err & pid=$!
    while [ ! -s mnt/run/metrics.jsonl ]; do sleep 0.01; done
    head -c 10000000 /dev/zero > mnt/fill 2>/dev/null
    while kill -0 $pid 2>/dev/null && ! grep -q 'no checkpoint' err; do sleep 0.01; done
    rm mnt/fill; wait $pid; code=$?; cat err >&2
    cp -r mnt/run kept; exit $code)";
  const ProcessResult result =
      shell(script, Words{"train"} + small("mlp") + settings(200) + keep_going(), true);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "warning: no checkpoint: cannot write")) << result.err;
  EXPECT_TRUE(contains(result.err, "No space left on device")) << result.err;
  ASSERT_EQ(gradus(train("mlp", "same", settings(200) + keep_going())).exit_code, 0);
  expect_same_run("same", "kept");
}

TEST_F(RunFiles, a_read_only_folder_is_said_and_loses_nothing) {
  if (!can_mount()) GTEST_SKIP() << "no right to mount";
  const std::string script = R"(
    cp -r whole mnt && mount --bind mnt mnt && mount -o remount,ro,bind mnt
    exec "$GRADUS" "$@")";
  const ProcessResult result =
      shell(script, train("mlp", "mnt", settings(5) + Words{"--resume"}), true);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(result.err, "Read-only file system")) << result.err;
  expect_same_run("whole", "mnt");
}

TEST_F(RunFiles, a_folder_that_vanishes_is_said) {
  Process process(Words{test::program_path()} + train("mlp", "run", settings(150)),
                  Process::Output::Pipes, folder_.path());
  ASSERT_TRUE(process.wait_for("epoch 1/"));
  std::filesystem::rename(folder_ / "run", folder_ / "elsewhere");
  std::filesystem::remove_all(folder_ / "elsewhere");
  const ProcessResult result = process.finish();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "run/checkpoints/step-") ||
              contains(result.err, "metrics.jsonl: it was deleted"))
      << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(RunFiles, two_runs_do_not_share_a_folder) {
  Process first(Words{test::program_path()} + train("mlp", "run", settings(150)),
                Process::Output::Pipes, folder_.path());
  ASSERT_TRUE(first.wait_for("epoch 1/"));
  const ProcessResult second = gradus(train("mlp", "run", settings(150) + Words{"--resume"}));
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_TRUE(contains(second.err, "run: another process is training in this folder"))
      << second.err;
  EXPECT_EQ(first.finish().exit_code, 0);
}

TEST_F(RunFiles, checkpoints_may_be_made_by_the_clock) {
  const Words words =
      epochs(30) + Words{"--set", "checkpoint.every_seconds=1e-9", "--set", "checkpoint.keep=1000"};
  ASSERT_EQ(gradus(train("mlp", "run", words)).exit_code, 0);
  EXPECT_EQ(checkpoints("run").size(), 30U * 8);
  ASSERT_EQ(
      gradus(train("mlp", "seldom", epochs(2) + Words{"--set", "checkpoint.every_seconds=1e6"}))
          .exit_code,
      0);
  EXPECT_EQ(checkpoints("seldom").size(), 2U);
}

}  // namespace
}  // namespace gradus
