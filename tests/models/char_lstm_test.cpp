// char_lstm: causality, learning from a text, and what it refuses.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "framework/train/trainer.h"
#include "tests/support/errors.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

TEST(CharLstmTest, ScoresDependOnWhatCameBeforeAlone) {
  const auto model = models().make({{"type", "char_lstm"}, {"hidden", 16}}, {{6}, 9});
  model->eval();
  Generator generator(4);
  const Tensor tokens = randint(0, 9, {2, 6}, kInt64, generator);
  const Tensor changed = tokens.clone();
  changed.data_ptr<std::int64_t>()[3] = (tokens.data_ptr<std::int64_t>()[3] + 1) % 9;
  const Tensor y = (*model)(tokens);
  EXPECT_EQ(y.sizes(), (Shape{2, 9, 6}));
  const Tensor moved = ((*model)(changed)-y).abs().amax({1});
  for (std::int64_t t = 0; t < 6; ++t) {
    EXPECT_EQ(moved.data_ptr<float>()[t] > 0, t >= 3) << t;
    EXPECT_EQ(moved.data_ptr<float>()[6 + t], 0) << t;
  }
}

// A text of period 4: what comes next follows from the characters before.
TEST(CharLstmTest, LearnsATextThatRepeats) {
  const test::TempDir folder;
  std::string text;
  for (int i = 0; i < 200; ++i) text += "abac";
  test::write_text(folder / "text", text);
  Json json = test::parse_json(R"({"dataset": {"type": "text", "length": 8},
      "model": {"type": "char_lstm", "embedding": 8, "hidden": 16},
      "loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.02},
      "epochs": 10, "batch_size": 16})");
  json["dataset"]["path"] = (folder / "text").string();
  Trainer trainer{Config(json)};
  const TrainResult found = trainer.train({.out = folder / "run"});
  EXPECT_GT(*found.last.metric("accuracy"), 0.9);
}

TEST(CharLstmTest, RefusesImages) {
  const std::string message = test::message_of([] {
    models().make({{"type", "char_lstm"}}, {{1, 28, 28}, 10});
  });
  EXPECT_NE(message.find("needs sequences of tokens [T]"), std::string::npos) << message;
}

}  // namespace
}  // namespace gradus
