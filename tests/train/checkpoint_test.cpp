// Checkpoints: all that a run depends on, in and out of a file; and the folder that keeps them.
#include "framework/train/checkpoint.h"
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::TempDir;

Checkpoint example(std::int64_t step = 12) {
  Checkpoint checkpoint;
  checkpoint.model = {{"fc.weight", tensor({{1.0, 2.0}})}, {"fc.bias", tensor({3.0})}};
  checkpoint.optimizer = {{"fc.weight/exp_avg", tensor({{4.0, 5.0}})},
                          {"fc.weight/step", full({}, step, kInt64)}};
  checkpoint.trained = {{"fc.weight", tensor({{6.0, 7.0}})}};
  checkpoint.loop = {step,
                     {2, 5},
                     {UINT64_MAX, 77},
                     {0.1, 80},
                     {{"rate", 1.0 / 3}},
                     {{"best", 7}},
                     {{"metric", "x"}},
                     3};
  checkpoint.config = test::parse_json(R"({"seed": 1, "model": {"type": "mlp"}})");
  checkpoint.environment = Json{{"gradus", "0.1.0"}};
  checkpoint.has_loop = true;
  return checkpoint;
}

std::map<std::string, std::vector<double>> values(const nn::StateDict& state) {
  std::map<std::string, std::vector<double>> result;
  for (const auto& [name, tensor] : state) result[name] = tensor.to_vector<double>();
  return result;
}

// What is said of a checkpoint with this metadata.
std::string refusal(const std::string& metadata) {
  const TempDir folder;
  write_safetensors(folder / "file", {{{"a", ones({1})}}, {{"gradus", metadata}}});
  return test::message_of<FileError>([&] { load_checkpoint(folder / "file"); });
}

TEST(Checkpoint, round_trip) {
  const TempDir folder;
  const Checkpoint saved = example();
  save_checkpoint(folder / "file", saved);
  const Checkpoint loaded = load_checkpoint(folder / "file");
  EXPECT_EQ(values(loaded.model), values(saved.model));
  EXPECT_EQ(values(loaded.optimizer), values(saved.optimizer));
  EXPECT_EQ(values(loaded.trained), values(saved.trained));
  EXPECT_EQ(loaded.loop.step, 12);
  EXPECT_EQ(loaded.loop.loader.epoch, 2);
  EXPECT_EQ(loaded.loop.loader.batch, 5);
  EXPECT_EQ(loaded.loop.generator.seed, UINT64_MAX);
  EXPECT_EQ(loaded.loop.generator.draws, 77U);
  EXPECT_EQ(loaded.loop.epoch_loss.total(), 0.1);
  EXPECT_EQ(loaded.loop.epoch_loss.weight(), 80);
  EXPECT_EQ(*loaded.loop.schedule, *saved.loop.schedule);
  EXPECT_EQ(*loaded.loop.early_stopping, *saved.loop.early_stopping);
  EXPECT_EQ(*loaded.loop.best, *saved.loop.best);
  EXPECT_EQ(loaded.config, saved.config);
  EXPECT_EQ(loaded.environment, saved.environment);
  EXPECT_EQ(loaded.loop.skipped, 3);
  EXPECT_TRUE(loaded.has_loop);
}

TEST(Checkpoint, is_the_same_bytes_for_the_same_state) {
  const TempDir folder;
  save_checkpoint(folder / "a", example());
  save_checkpoint(folder / "b", load_checkpoint(folder / "a"));
  EXPECT_EQ(test::read_text(folder / "a"), test::read_text(folder / "b"));
}

TEST(Checkpoint, of_a_run_that_knew_less_has_defaults) {
  const TempDir folder;
  save_checkpoint(folder / "file", example());
  SafetensorsFile file = read_safetensors(folder / "file");
  Json rest = test::parse_json(file.metadata.at("gradus"));
  for (const char* key : {"epoch_loss", "schedule", "early_stopping", "best"})
    ASSERT_EQ(rest["loop"].erase(key), 1U);
  file.metadata["gradus"] = test::dump(rest);
  write_safetensors(folder / "older", file);
  const Checkpoint loaded = load_checkpoint(folder / "older");
  EXPECT_EQ(loaded.loop.step, 12);
  EXPECT_EQ(loaded.loop.epoch_loss.weight(), 0);
  EXPECT_TRUE(loaded.loop.schedule->is_null());
  EXPECT_TRUE(loaded.loop.early_stopping->is_null());
  EXPECT_TRUE(loaded.loop.best->is_null());
}

TEST(Checkpoint, plain_weights_have_no_loop) {
  const TempDir folder;
  write_safetensors(folder / "file", {{{"a", ones({2})}}, {{"format", "pt"}}});
  const Checkpoint loaded = load_checkpoint(folder / "file");
  EXPECT_FALSE(loaded.has_loop);
  EXPECT_EQ(loaded.model.size(), 1U);
  EXPECT_TRUE(loaded.optimizer.empty());
}

TEST(Checkpoint, broken_metadata_is_refused) {
  const TempDir folder;
  save_checkpoint(folder / "file", example());
  const Json sound = test::parse_json(read_safetensors(folder / "file").metadata.at("gradus"));
  for (const char* path :
       {"/format", "/loop", "/loop/step", "/loop/epoch", "/loop/batch", "/loop/generator",
        "/loop/generator/seed", "/loop/epoch_loss/total", "/loop/epoch_loss/weight", "/config"}) {
    const Json::json_pointer at(path);
    Json without = sound;
    without[at.parent_pointer()].erase(at.back());
    EXPECT_NE(refusal(test::dump(without)).find("/file: broken checkpoint metadata"),
              std::string::npos)
        << path;
    if (std::string(path) == "/config") continue;
    Json wrong = sound;
    wrong[at] = "text";
    EXPECT_NE(refusal(test::dump(wrong)).find("/file: "), std::string::npos) << path;
  }
  for (const char* path : {"/loop/step", "/loop/epoch", "/loop/batch", "/loop/generator/seed",
                           "/loop/generator/draws", "/loop/epoch_loss/weight"}) {
    Json wrong = sound;
    wrong[Json::json_pointer(path)] = 1e300;  // no cast may make a count of it
    EXPECT_NE(refusal(test::dump(wrong)).find("/file: broken checkpoint metadata"),
              std::string::npos)
        << path;
  }
  for (const char* text : {"", "{", "[]", "3"}) {
    EXPECT_NE(refusal(text).find("/file"), std::string::npos) << text;
  }
  Json newer = sound;
  newer["format"] = 3;
  EXPECT_NE(refusal(test::dump(newer)).find("this version of Gradus reads formats 1 to 2"),
            std::string::npos);
}

TEST(CheckpointFolder, keeps_the_newest) {
  const TempDir folder;
  const CheckpointFolder checkpoints(folder / "checkpoints");
  EXPECT_FALSE(checkpoints.newest().has_value());
  checkpoints.prepare();
  for (const std::int64_t step : {9, 10, 100, 1000}) {
    const auto path = checkpoints.save(example(step), 2);
    EXPECT_EQ(checkpoints.newest(), path);
    EXPECT_EQ(load_checkpoint(path).loop.step, step);
  }
  const std::filesystem::directory_iterator files(folder / "checkpoints");
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);
  EXPECT_TRUE(std::filesystem::exists(folder / "checkpoints" / "step-0000000100.safetensors"));
}

TEST(CheckpointFolder, keeps_the_best_beside_the_newest) {
  const TempDir folder;
  const CheckpointFolder checkpoints(folder / "checkpoints");
  checkpoints.prepare();
  for (const std::int64_t step : {1, 2, 3}) {
    if (step < 3) checkpoints.save_best(example(step));
    checkpoints.save(example(step), 1);
  }
  EXPECT_EQ(load_checkpoint(checkpoints.best()).loop.step, 2);
  EXPECT_EQ(load_checkpoint(*checkpoints.newest()).loop.step, 3);
}

TEST(CheckpointFolder, removes_what_a_killed_writer_left) {
  const TempDir folder;
  for (const char* name : {"step-0000000099.safetensors.tmp", "best.safetensors.tmp", "my.tmp",
                           "step-0000000098.safetensors"}) {
    test::write_text(folder / name, "");
  }
  CheckpointFolder(folder.path()).prepare();
  EXPECT_FALSE(std::filesystem::exists(folder / "step-0000000099.safetensors.tmp"));
  EXPECT_FALSE(std::filesystem::exists(folder / "best.safetensors.tmp"));
  EXPECT_TRUE(std::filesystem::exists(folder / "my.tmp"));
  EXPECT_TRUE(std::filesystem::exists(folder / "step-0000000098.safetensors"));
}

TEST(CheckpointFolder, is_not_made_anew_when_it_vanished) {
  const TempDir folder;
  const CheckpointFolder checkpoints(folder / "checkpoints");
  checkpoints.prepare();
  std::filesystem::remove_all(folder / "checkpoints");
  EXPECT_THROW(checkpoints.save(example(1), 1), FileError);
  EXPECT_FALSE(std::filesystem::exists(folder / "checkpoints"));
}

TEST(CheckpointFolder, leaves_other_files_alone) {
  const TempDir folder;
  for (const char* name : {"best.safetensors", "step-0000000099.safetensors.tmp", "notes.txt"}) {
    test::write_text(folder / name, "mine");
  }
  const CheckpointFolder checkpoints(folder.path());
  EXPECT_FALSE(checkpoints.newest().has_value());
  checkpoints.save(example(1), 1);
  checkpoints.save(example(2), 1);
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 4);
}

}  // namespace
}  // namespace gradus
