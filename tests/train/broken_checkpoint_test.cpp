// Checkpoints that are broken in any way are not believed; those of released versions still are.
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"
#include "framework/train/trainer.h"

#include <random>

#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::TempDir;

constexpr const char* kSmall = R"({
  "dataset": {"type": "moons", "size": 60, "test_size": 30},
  "model": {"type": "mlp", "hidden": [3]}, "loss": {"type": "cross_entropy"},
  "optimizer": {"type": "adam", "lr": 0.02}, "epochs": 2, "batch_size": 12,
  "ema": {"decay": 0.9}, "checkpoint": {"every_steps": 3, "keep": 10}})";

// The checkpoints of a run in `folder`, oldest first.
std::vector<std::filesystem::path> run_in(const std::filesystem::path& folder, const Json& config) {
  Trainer(Config(config)).train({.out = folder});
  return CheckpointFolder(folder / "checkpoints").all();
}

// Whether `bytes` are taken for a checkpoint, or for plain weights.
bool is_believed(const std::string& bytes) {
  try {
    parse_checkpoint(bytes, "name of the file");
    return true;
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find("name of the file"), std::string::npos);
    return false;
  }
}

class BrokenCheckpoint : public testing::Test {
 protected:
  BrokenCheckpoint()
      : whole_(test::read_text(run_in(folder_ / "run", test::parse_json(kSmall)).back())) {}

  TempDir folder_;
  std::string whole_;
  std::filesystem::path path_ = folder_ / "file.safetensors";
};

TEST_F(BrokenCheckpoint, is_believed_when_it_is_whole) {
  EXPECT_TRUE(is_believed(whole_));
}

TEST_F(BrokenCheckpoint, has_no_bit_that_can_be_flipped) {
  for (std::size_t i = 0; i < whole_.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole_;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      ASSERT_FALSE(is_believed(flipped)) << "byte " << i << ", bit " << bit;
    }
  }
}

TEST_F(BrokenCheckpoint, has_no_byte_that_can_be_another) {
  std::mt19937 random(1);
  for (std::size_t i = 0; i < whole_.size(); ++i) {
    for (const char byte : {' ', '0', '\0', static_cast<char>(random())}) {
      if (whole_[i] == byte) continue;
      std::string changed = whole_;
      changed[i] = byte;
      ASSERT_FALSE(is_believed(changed)) << "byte " << i << " as " << int{byte};
    }
  }
}

TEST_F(BrokenCheckpoint, cannot_be_shorter_or_longer) {
  for (std::size_t length = 0; length < whole_.size(); ++length) {
    ASSERT_FALSE(is_believed(whole_.substr(0, length))) << length << " bytes";
  }
  for (const std::size_t more : {1, 8, 4096}) {
    ASSERT_FALSE(is_believed(whole_ + std::string(more, '\0'))) << more;
    ASSERT_FALSE(is_believed(std::string(more, '\0') + whole_)) << more;
  }
}

TEST_F(BrokenCheckpoint, has_no_block_that_can_be_zeros) {
  constexpr std::size_t kBlock = 512;  // what a disk may lose
  for (std::size_t at = 0; at < whole_.size(); at += kBlock) {
    std::string changed = whole_;
    const std::size_t count = std::min(kBlock, whole_.size() - at);
    changed.replace(at, count, count, '\0');
    ASSERT_FALSE(is_believed(changed)) << at;
  }
}

TEST_F(BrokenCheckpoint, is_named_with_the_tensor) {
  test::write_text(path_, whole_);
  std::string changed = whole_;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  test::write_text(path_, changed);
  const std::string said = test::message_of<FileError>([&] { load_checkpoint(path_); });
  EXPECT_NE(said.find("\" is not what was written: its checksum is another"), std::string::npos)
      << said;
}

// The losses of a run, step by step, after `step`.
std::vector<double> losses_after(const std::filesystem::path& run, int step) {
  std::vector<double> result;
  for (const Json& event : test::read_json_lines(run / "metrics.jsonl")) {
    if (event["event"] == "step" && event["step"] > step) result.push_back(event["loss"]);
  }
  return result;
}

// A run to resume, whose newest checkpoint is not what it should be.
class ResumedRun : public testing::Test {
 protected:
  ResumedRun() {
    files_ = run_in(folder_ / "run", config_);
    metrics_ = test::read_text(folder_ / "run/metrics.jsonl");
    last_ = test::read_text(files_.back());
  }
  // What resuming says on standard error.
  std::string resume(bool allow_changes = false) {
    testing::internal::CaptureStderr();
    Trainer(Config(config_))
        .train({.out = folder_ / "run", .resume = true, .allow_changes = allow_changes});
    return testing::internal::GetCapturedStderr();
  }
  void expect_same_end() {
    EXPECT_EQ(test::read_text(folder_ / "run/metrics.jsonl"), metrics_);
    EXPECT_TRUE(test::read_text(files_.back()) == last_);
  }

  TempDir folder_;
  Json config_ = test::parse_json(kSmall);
  std::vector<std::filesystem::path> files_;
  std::string metrics_;
  std::string last_;
};

TEST_F(ResumedRun, takes_the_checkpoint_before_a_broken_one_and_says_so) {
  std::string broken = last_;
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 4);
  test::write_text(files_.back(), broken);
  test::write_text(files_[files_.size() - 2], last_.substr(0, 100));
  const std::string said = resume();
  EXPECT_NE(said.find("warning: not gone on from, and renamed to *.broken:"), std::string::npos);
  EXPECT_NE(said.find(files_.back().string()), std::string::npos) << said;
  EXPECT_NE(said.find(files_[files_.size() - 2].string()), std::string::npos) << said;
  EXPECT_EQ(test::read_text(files_.back().string() + ".broken"), broken);
  expect_same_end();
}

TEST_F(ResumedRun, takes_the_checkpoint_before_one_of_another_model) {
  Json other = config_;
  other["model"]["hidden"] = {4};
  other["seed"] = 5;
  std::filesystem::copy_file(run_in(folder_ / "other", other).back(), files_.back(),
                             std::filesystem::copy_options::overwrite_existing);
  const std::string said = resume();
  EXPECT_NE(said.find("these differ: /model/hidden /seed"), std::string::npos) << said;
  expect_same_end();
  std::filesystem::copy_file(folder_ / "other/checkpoints/step-0000000010.safetensors",
                             files_.back(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(resume(true).find("misfit: 1.weight"), std::string::npos);
}

TEST_F(ResumedRun, does_not_start_anew_when_all_are_broken) {
  for (const auto& file : files_) test::write_text(file, "rubbish");
  const std::string said = test::message_of<FileError>([&] { resume(); });
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("--resume: no checkpoint in " + (folder_ / "run").string()), 0U) << said;
  for (const auto& file : files_) {
    EXPECT_NE(said.find(file.string() + ": no sound safetensors file"), std::string::npos);
    EXPECT_EQ(test::read_text(file), "rubbish");
  }
  EXPECT_EQ(test::read_text(folder_ / "run/metrics.jsonl"), metrics_);
}

TEST_F(ResumedRun, says_when_the_bits_may_differ_from_here_on) {
  EXPECT_EQ(resume(), "");
  Checkpoint checkpoint = load_checkpoint(files_[1]);
  Json environment = *checkpoint.environment;
  ASSERT_TRUE(environment.contains("isa"));
  environment["isa"] = "abacus";
  checkpoint.environment = environment;
  for (const auto& file : files_) std::filesystem::remove(file);
  save_checkpoint(files_[1], checkpoint);
  const std::string said = resume();
  EXPECT_NE(said.find("may differ from here on: /isa"), std::string::npos) << said;
}

TEST_F(ResumedRun, takes_another_config_when_told_to) {
  for (std::size_t i = 1; i < files_.size(); ++i) std::filesystem::remove(files_[i]);
  config_["optimizer"]["lr"] = 0.5;
  EXPECT_THROW(resume(), ConfigError);
  testing::internal::GetCapturedStderr();
  resume(true);
  EXPECT_NE(test::read_text(folder_ / "run/metrics.jsonl"), metrics_);
  EXPECT_NE(test::read_text(folder_ / "run/metrics.jsonl").find(R"("lr":0.5})"), std::string::npos);
}

// Runs that versions before this one have left, saved in the midst of their last epoch.
TEST(ReleasedCheckpoint, is_gone_on_from_to_the_same_losses) {
  const std::filesystem::path released = test::source_path("tests/train/released");
  int formats = 0;
  for (const auto& format : std::filesystem::directory_iterator(released)) {
    SCOPED_TRACE(format.path().filename());
    const TempDir folder;
    const auto run = folder / "run";
    std::filesystem::copy(format.path(), run, std::filesystem::copy_options::recursive);
    const auto file = *CheckpointFolder(run / "checkpoints").newest();
    const Checkpoint checkpoint = load_checkpoint(file);
    EXPECT_EQ(checkpoint.loop.step, 12);
    EXPECT_EQ(checkpoint.loop.loader.epoch, 3);
    EXPECT_EQ(checkpoint.loop.loader.batch, 2);
    EXPECT_EQ(checkpoint.model.size(), 4U);
    EXPECT_EQ(checkpoint.trained.size(), 4U);

    testing::internal::CaptureStderr();  // bits of another machine
    Trainer trainer(Config::load(run / "config.json"));
    const TrainResult result = trainer.train({.out = run, .resume = true});
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(result.steps, 15);
    const std::vector<double> expected = losses_after(format.path(), 12);
    const std::vector<double> found = losses_after(run, 12);
    ASSERT_EQ(found.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], expected[i], 1e-5);
    ++formats;
  }
  EXPECT_EQ(formats, 2) << "a checkpoint of every format that a version has written is to be here";
}

}  // namespace
}  // namespace gradus
