// Ema: the average of weights against the same sums in double, its scope, and training with it.
#include "framework/train/ema.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

struct Weights {
  Tensor w = tensor({1.0, -2.0}).to(kFloat64).requires_grad_();
  Tensor b = tensor(0.5).to(kFloat64).requires_grad_();
  nn::StateDict parameters = {{"w", w}, {"b", b}};

  // Weights as after `step` steps of something.
  void move_to(int step) const {
    const NoGradGuard no_grad;
    w.copy_(tensor({1.0 + step, -2.0 * step * step}));
    b.fill_(0.5 / (step + 1));
  }
};

TEST(Ema, averages_the_weights_after_each_step) {
  for (const bool warmup : {false, true}) {
    const Weights weights;
    Ema ema(weights.parameters, {.decay = 0.7, .warmup = warmup});
    EXPECT_TRUE(ema.averages().empty());
    double expected = 0;
    for (int step = 0; step < 30; ++step) {
      weights.move_to(step);
      ema.update();
      const double decay = warmup ? std::min(0.7, (step + 1.0) / (step + 10.0)) : 0.7;
      const double weight = -2.0 * step * step;
      expected = step == 0 ? weight : decay * expected + (1 - decay) * weight;
      ASSERT_EQ(ema.averages()[0].name, "w");
      EXPECT_NEAR(ema.averages()[0].tensor.to_vector<double>()[1], expected, 1e-12 * step * step);
    }
    EXPECT_EQ(ema.updates(), 30);
    EXPECT_EQ(weights.w.to_vector<double>(), (std::vector<double>{30, -2 * 29 * 29}));
  }
}

TEST(Ema, lends_the_averages_to_the_model) {
  const Weights weights;
  Ema ema(weights.parameters, {.decay = 0.5});
  {
    const Ema::Scope scope(ema);  // there are none yet
    EXPECT_EQ(weights.b.item<double>(), 0.5);
  }
  for (const int step : {0, 1}) {
    weights.move_to(step);
    ema.update();
  }
  {
    const Ema::Scope scope(ema);
    EXPECT_EQ(weights.b.item<double>(), 0.5 * 0.5 + 0.5 * 0.25);
    nn::StateDict state = {{"b", full({}, 7.0)}, {"other", full({}, 8.0)}};
    ema.put_averages(state);
    EXPECT_EQ(state[0].tensor.item<double>(), weights.b.item<double>());
    EXPECT_EQ(state[1].tensor.item<double>(), 8);
  }
  EXPECT_EQ(weights.b.item<double>(), 0.25);
  EXPECT_TRUE(weights.b.requires_grad());
}

TEST(Ema, goes_on_where_another_was) {
  const Weights weights;
  Ema whole(weights.parameters, {.warmup = true});
  Ema second(weights.parameters, {.warmup = true});
  for (int step = 0; step < 10; ++step) {
    weights.move_to(step);
    if (step == 5) second.load(whole.averages(), whole.updates());
    whole.update();
    if (step >= 5) second.update();
  }
  EXPECT_EQ(second.averages()[0].tensor.to_vector<double>(),
            whole.averages()[0].tensor.to_vector<double>());
  EXPECT_EQ(test::message_of<ValueError>([&] {
              second.load({{"w", weights.w}}, 3);
            }),
            "Ema: there is no average for \"b\", of shape []");
  EXPECT_THROW(second.load({{"w", weights.b}, {"b", weights.b}}, 3), ValueError);
  EXPECT_EQ(second.updates(), 10);
}

// A model with buffers, so that they can be seen to stay.
Json config() {
  return test::parse_json(R"({
    "dataset": {"type": "random", "input_shape": [3, 8, 8], "outputs": 3, "size": 32},
    "model": {"type": "resnet", "depth": 8},
    "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd", "lr": 0.1},
    "batch_size": 8, "epochs": 2, "ema": {"decay": 0.8}})");
}

std::map<std::string, std::vector<float>> values(const nn::StateDict& state) {
  std::map<std::string, std::vector<float>> result;
  for (const auto& [name, tensor] : state) {
    if (tensor.is_floating_point()) result[name] = tensor.to_vector<float>();
  }
  return result;
}

TEST(EmaTraining, tests_and_saves_the_averages_and_goes_on_with_the_weights) {
  const test::TempDir folder;
  Trainer trainer{Config(config())};
  const TrainResult result = trainer.train({.out = folder / "run"});

  Trainer by_hand{Config(config())};
  nn::Module& model = by_hand.model();
  optim::SGD optimizer(model.named_parameters(), {.lr = 0.1});
  Ema ema(model.named_parameters(), {.decay = 0.8});
  data::DataLoader loader(by_hand.data().train, by_hand.loader_options());
  model.train();
  for (const int epoch : {1, 2}) {
    loader.start_epoch(epoch);
    while (const auto batch = loader.next()) {
      optimizer.zero_grad();
      cross_entropy(model(batch->input), batch->target).backward();
      optimizer.step();
      ema.update();
    }
  }
  const Checkpoint saved = load_checkpoint(result.checkpoint);
  EXPECT_EQ(values(saved.trained), values(model.named_parameters()));
  EXPECT_EQ(values(trainer.model().state_dict()), values(model.state_dict()));
  {
    const Ema::Scope scope(ema);
    EXPECT_EQ(values(saved.model), values(model.state_dict()));
  }
  Trainer fresh{Config(config())};
  load_weights(fresh.model(), result.checkpoint);
  EXPECT_EQ(fresh.evaluate().loss, result.last.loss);
  EXPECT_NE(values(saved.trained), values(saved.model));
}

TEST(EmaTraining, does_not_go_on_without_the_weights) {
  const test::TempDir folder;
  Json json = config();
  json["checkpoint"] = {{"keep", 1}};
  const TrainResult result = Trainer(Config(json)).train({.out = folder / "run"});
  Checkpoint broken = load_checkpoint(result.checkpoint);
  broken.trained.pop_back();
  save_checkpoint(result.checkpoint, broken);
  json["epochs"] = 3;
  const std::string said = test::message_of<FileError>(
      [&] { Trainer(Config(json)).train({.out = folder / "run", .resume = true}); });
  EXPECT_TRUE(said.ends_with(result.checkpoint.string() +
                             ": there are not as many weights under trained/ as averages"))
      << said;
}

}  // namespace
}  // namespace gradus
