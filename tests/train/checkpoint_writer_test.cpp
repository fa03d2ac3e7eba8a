// CheckpointWriter: what is saved is what was there at save(), whatever happens to it afterwards.
#include "framework/train/checkpoint_writer.h"
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"

#include <cmath>
#include <thread>

#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::TempDir;

Checkpoint example(std::int64_t step, const Tensor& weight) {
  Checkpoint checkpoint;
  checkpoint.model = {{"weight", weight}};
  checkpoint.optimizer = {{"weight/exp_avg", weight}};
  checkpoint.loop.step = step;
  checkpoint.has_loop = true;
  return checkpoint;
}

// A writer whose files appear when the test lets them.
struct Gate {
  std::promise<void> opened;
  std::shared_future<void> is_open = opened.get_future().share();
  [[nodiscard]] CheckpointWriterOptions options(std::int64_t keep = 3) const {
    return {
        .keep = keep, .parameters = {"weight"}, .before_saving = [open = is_open] { open.wait(); }};
  }
};

CheckpointFolder folder_in(const TempDir& root) {
  CheckpointFolder folder(root / "checkpoints");
  folder.prepare();
  return folder;
}

TEST(CheckpointWriter, saves_beside_the_caller_what_was_there) {
  const TempDir root;
  const CheckpointFolder folder = folder_in(root);
  Gate gate;
  CheckpointWriter writer(folder, gate.options());
  const Tensor weight = full({1000}, 1.0);
  writer.save(example(1, weight), true);
  writer.wait_for_snapshot();
  EXPECT_FALSE(writer.is_finished());  // and yet the caller goes on
  weight.fill_(2);
  EXPECT_TRUE(folder.all().empty());
  gate.opened.set_value();
  EXPECT_TRUE(writer.finish());
  EXPECT_FALSE(writer.finish());
  EXPECT_EQ(writer.newest(), folder.of_step(1));
  EXPECT_EQ(writer.best(), folder.best());
  for (const auto& path : {writer.newest(), writer.best()}) {
    const Checkpoint saved = load_checkpoint(path);
    EXPECT_EQ(saved.model[0].tensor.to_vector<float>(), std::vector<float>(1000, 1));
    EXPECT_EQ(saved.optimizer[0].tensor.to_vector<float>(), std::vector<float>(1000, 1));
  }
}

TEST(CheckpointWriter, waits_for_the_one_before_and_keeps_the_newest) {
  const TempDir root;
  const CheckpointFolder folder = folder_in(root);
  CheckpointWriter writer(folder, {.keep = 2});
  const Tensor weight = zeros({4096});
  for (const std::int64_t step : {1, 2, 3, 4}) {
    writer.save(example(step, weight), false);
    writer.wait_for_snapshot();
    weight.add_(1);
  }
  writer.finish();
  ASSERT_EQ(folder.all(), (std::vector{folder.of_step(3), folder.of_step(4)}));
  EXPECT_EQ(load_checkpoint(folder.of_step(4)).model[0].tensor.to_vector<float>()[77], 3);
}

TEST(CheckpointWriter, does_not_save_weights_that_are_not_finite) {
  const TempDir root;
  const CheckpointFolder folder = folder_in(root);
  CheckpointWriter writer(folder, {.keep = 2, .parameters = {"weight"}});
  for (const double bad : {NAN, INFINITY, -INFINITY}) {
    const Tensor weight = ones({100});
    weight.data_ptr<float>()[63] = static_cast<float>(bad);
    writer.save(example(7, weight), false);
    EXPECT_EQ(test::message_of<NonFiniteWeightsError>([&] { writer.finish(); }),
              "\"weight\" is NaN or infinite after step 7");
  }
  EXPECT_TRUE(folder.all().empty());
  Checkpoint buffers = example(8, ones({1}));
  buffers.model.push_back({"mask", full({3}, -INFINITY)});  // no parameter
  writer.save(buffers, false);
  EXPECT_TRUE(writer.finish());
}

TEST(CheckpointWriter, says_once_what_went_wrong_and_goes_on) {
  const TempDir root;
  const CheckpointFolder folder = folder_in(root);
  CheckpointWriter writer(folder, {.keep = 2});
  writer.save(example(1, ones({3})), false);
  writer.finish();
  std::filesystem::rename(root / "checkpoints", root / "away");
  writer.save(example(2, ones({3})), false);
  EXPECT_THROW(writer.save(example(3, ones({3})), false), FileError);
  EXPECT_FALSE(writer.finish());
  EXPECT_EQ(writer.newest(), folder.of_step(1));
  std::filesystem::rename(root / "away", root / "checkpoints");
  writer.save(example(4, ones({3})), false);
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(folder.newest(), folder.of_step(4));
}

TEST(CheckpointWriter, ends_with_what_it_has_begun) {
  const TempDir root;
  const CheckpointFolder folder = folder_in(root);
  {
    CheckpointWriter writer(folder, {.keep = 2});
    writer.save(example(1, ones({300'000})), false);
  }
  EXPECT_EQ(load_checkpoint(folder.of_step(1)).loop.step, 1);
}

}  // namespace
}  // namespace gradus
