// "reconstruct": "input": what models are then trained and tested on; and that trainers add what
// modules add to the loss.
#include <gtest/gtest.h>
#include "framework/ops/arithmetic.h"
#include "framework/ops/reduction.h"
#include "framework/tensor/creation.h"
#include "framework/train/trainer.h"

#include "tests/support/json.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::message_of;

Json config(const std::filesystem::path& data, const Json& more = Json::object()) {
  Json json = test::parse_json(R"({
      "model": {"type": "autoencoder", "hidden": [16], "latent": 8}, "loss": {"type": "mse"},
      "optimizer": {"type": "adam", "lr": 0.01}, "epochs": 1, "batch_size": 8, "seed": 1})");
  json["dataset"] = {{"type", "mnist"},
                     {"path", data.string()},
                     {"mean", 0},
                     {"std", 1},
                     {"reconstruct", "input"}};
  json.merge_patch(more);
  return json;
}

class Reconstruction : public testing::Test {
 protected:
  Reconstruction() { test::write_small_data(folder_ / "data"); }
  [[nodiscard]] Json small(const Json& more = Json::object()) const {
    return config(folder_ / "data", more);
  }
  test::TempDir folder_;
};

data::Example first_batch(const Trainer& trainer) {
  data::DataLoader loader(trainer.data().train, trainer.loader_options());
  loader.start_epoch(1);
  return *loader.next();
}

TEST_F(Reconstruction, has_inputs_for_targets_in_training_and_testing) {
  Trainer trainer{Config(small())};
  EXPECT_EQ(trainer.data().outputs, 64);
  EXPECT_EQ(trainer.data().targets, data::TargetKind::Values);
  const data::Example batch = first_batch(trainer);
  EXPECT_EQ(batch.target.to_vector<float>(), batch.input.to_vector<float>());
  const data::Example test = trainer.test_examples(1000);
  EXPECT_EQ(test.input.sizes(), (Shape{32, 1, 8, 8}));
  EXPECT_EQ(test.target.to_vector<float>(), test.input.to_vector<float>());
  const Tensor error = trainer.predict(test.input) - test.input;
  const Evaluation found = trainer.evaluate();
  EXPECT_NEAR(found.loss, mean(error * error).item<double>(), 1e-6);
  EXPECT_NEAR(*found.metric("rmse"), std::sqrt(found.loss), 1e-6);
}

TEST_F(Reconstruction, takes_them_before_or_after_the_transforms) {
  const Json transforms = {{"dataset", {{"transforms", {"cutout", "normalize"}}}}};
  const Trainer plain{Config(small())};
  const Trainer before{Config(small(transforms))};
  const data::Example batch = first_batch(before);
  EXPECT_EQ(batch.target.to_vector<float>(), first_batch(plain).input.to_vector<float>());
  EXPECT_NE(batch.target.to_vector<float>(), batch.input.to_vector<float>());
  Json json = transforms;
  json["dataset"]["reconstruct"] = "transformed_input";
  const Trainer after{Config(small(json))};
  const data::Example same = first_batch(after);
  EXPECT_EQ(same.input.to_vector<float>(), batch.input.to_vector<float>());
  EXPECT_EQ(same.target.to_vector<float>(), same.input.to_vector<float>());
  // Those of the test part: normalised alone.
  EXPECT_EQ(after.test_examples(9).target.to_vector<float>(),
            after.test_examples(9).input.to_vector<float>());
  EXPECT_NE(before.test_examples(9).target.to_vector<float>(),
            before.test_examples(9).input.to_vector<float>());
}

TEST_F(Reconstruction, is_learned) {
  Trainer trainer{Config(small({{"epochs", 60}}))};
  const double before = trainer.evaluate().loss;
  const double after = trainer.train({.out = folder_ / "run"}).last.loss;
  EXPECT_LT(after, before / 4);
}

TEST_F(Reconstruction, is_resolved_and_refused) {
  const Config parsed(small());
  EXPECT_EQ((*parsed.resolved)["dataset"]["reconstruct"], "input");
  EXPECT_EQ(*Config(*parsed.resolved).resolved, *parsed.resolved);
  EXPECT_EQ(message_of<ConfigError>([&] {
              const Config bad(small({{"dataset", {{"reconstruct", "inputs"}}}}));
            }),
            "/dataset/reconstruct: unknown value \"inputs\" (did you mean \"input\"?)");
  Json tokens = small();
  tokens["dataset"] = {{"type", "text"}, {"length", 4}, {"reconstruct", "input"}};
  test::write_text(folder_ / "a.txt", std::string(200, 'a') + std::string(200, 'b'));
  tokens["dataset"]["path"] = (folder_ / "a.txt").string();
  EXPECT_EQ(
      message_of<ConfigError>([&] { const Trainer trainer{Config(tokens)}; }),
      "/dataset/reconstruct: inputs of int64 are nothing to reconstruct; they must be floating");
}

TEST_F(Reconstruction, of_a_vae_is_trained_with_what_it_adds) {
  const auto gradient_step = [&](double beta) {
    Trainer trainer{Config(small({{"model", {{"type", "vae"}, {"beta", beta}}}}))};
    const data::Example batch = first_batch(trainer);
    trainer.model().train();
    manual_seed(4);
    const float loss = trainer.step(batch);
    const double added = trainer.model().added_losses().item<double>();
    return std::pair(static_cast<double>(loss), added);
  };
  const auto [plain, nothing] = gradient_step(0);
  EXPECT_EQ(nothing, 0);
  const auto [whole, divergence] = gradient_step(50);
  EXPECT_GT(divergence, 0);
  EXPECT_NEAR(whole, plain + divergence, 1e-5);
  // Tests are of the reconstruction alone.
  Trainer a{Config(small({{"model", {{"type", "vae"}, {"beta", 0}}}}))};
  Trainer b{Config(small({{"model", {{"type", "vae"}, {"beta", 50}}}}))};
  EXPECT_EQ(a.evaluate().loss, b.evaluate().loss);
}

}  // namespace
}  // namespace gradus
