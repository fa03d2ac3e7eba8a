// LRScheduler: an optimizer's rate along a schedule, step by step; and training along one.
#include "framework/train/schedule.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

struct Fixture {
  optim::SGD optimizer{nn::StateDict{}, {.lr = 0.8}};
};

TEST(LRScheduler, sets_the_first_rate_and_moves_on_at_each_step) {
  Fixture fixture;
  optim::LRScheduler scheduler(fixture.optimizer,
                               optim::LinearSchedule({.start_factor = 0.5, .total_iters = 2}));
  EXPECT_EQ(fixture.optimizer.learning_rate(), 0.4);
  scheduler.step();
  EXPECT_EQ(fixture.optimizer.learning_rate(), 0.8 * 0.75);
  EXPECT_EQ(scheduler.last_lr(), 0.8 * 0.75);
  scheduler.step();
  EXPECT_EQ(fixture.optimizer.learning_rate(), 0.8);
}

TEST(LRScheduler, wants_the_metric_that_its_schedule_looks_at) {
  Fixture fixture;
  optim::LRScheduler scheduler(fixture.optimizer,
                               optim::ReduceOnPlateauSchedule({.factor = 0.5, .patience = 1}));
  EXPECT_EQ(test::message_of<ValueError>([&] { scheduler.step(); }),
            "LRScheduler: the schedule looks at test_loss; give it by step(metric)");
  for (const double loss : {1.0, 1.0, 1.0}) scheduler.step(loss);
  EXPECT_EQ(fixture.optimizer.learning_rate(), 0.4);
}

TEST(LRScheduler, refuses_what_is_no_state_and_keeps_its_own) {
  Fixture fixture;
  optim::LRScheduler scheduler(fixture.optimizer, optim::ExponentialSchedule({.gamma = 0.5}));
  scheduler.step();
  const Json before = scheduler.state();
  for (const char* state : {"null", "[]", "{}", R"({"base": 1, "count": -1, "schedule": null})",
                            R"({"base": 1, "count": 3, "schedule": 5})",
                            R"({"base": 1, "count": 1e300, "schedule": null})"}) {
    EXPECT_THROW(scheduler.load_state(test::parse_json(state)), ValueError) << state;
    EXPECT_EQ(scheduler.state(), before);
    EXPECT_EQ(fixture.optimizer.learning_rate(), 0.4);
  }
  EXPECT_THROW(optim::LRScheduler(fixture.optimizer, optim::SchedulePtr()), ValueError);
}

// Four epochs of four steps.
Json config(const Json& schedule) {
  return {{"dataset", {{"type", "random"}, {"input_shape", {12}}, {"outputs", 3}, {"size", 64}}},
          {"model", {{"type", "mlp"}, {"hidden", {16}}}},
          {"loss", {{"type", "cross_entropy"}}},
          {"optimizer", {{"type", "sgd"}, {"lr", 0.1}}},
          {"schedule", schedule},
          {"epochs", 4},
          {"batch_size", 16}};
}

std::vector<Json> events(const std::filesystem::path& run) {
  return test::read_json_lines(run / "metrics.jsonl");
}

std::vector<double> logged_rates(const Json& schedule) {
  const test::TempDir folder;
  Trainer trainer{Config(config(schedule))};
  trainer.train({.out = folder / "run"});
  std::vector<double> rates;
  for (const Json& each : events(folder / "run")) {
    if (each["event"] == "step") rates.push_back(each["lr"]);
  }
  EXPECT_EQ(rates.size(), 16U);
  return rates;
}

TEST(ScheduledTraining, takes_and_logs_the_rate_of_each_step) {
  const std::vector<double> by_epoch = logged_rates({{"type", "step"}, {"step_size", 2}});
  const std::vector<double> by_step =
      logged_rates({{"type", "exponential"}, {"unit", "step"}, {"gamma", 0.5}});
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(by_epoch[i], i < 8 ? 0.1 : 0.1 * 0.1) << i;
    EXPECT_EQ(by_step[i], 0.1 * std::pow(0.5, i)) << i;
  }
  const Trainer trainer{Config(config({{"type", "cosine"}, {"unit", "step"}}))};
  EXPECT_EQ(trainer.steps_per_epoch(), 4);
  EXPECT_DOUBLE_EQ(trainer.learning_rate_at(8), 0.05);
}

// Bit for bit what one gets by setting the rates by hand.
TEST(ScheduledTraining, steps_by_the_rate_of_the_schedule) {
  const auto weights = [](const Json& schedule, const std::vector<double>& rates) {
    Json json = config(schedule);
    if (schedule.is_null()) json.erase("schedule");
    Trainer trainer{Config(json)};
    nn::Module& model = trainer.model();
    optim::SGD optimizer(model.named_parameters(), {.lr = 1});
    data::DataLoader loader(trainer.data().train, trainer.loader_options());
    for (std::int64_t step = 0; step < 8; ++step) {
      if (step % 4 == 0) loader.start_epoch(step / 4 + 1);
      const data::Example batch = *loader.next();
      optimizer.zero_grad();
      cross_entropy(model(batch.input), batch.target).backward();
      optimizer.set_learning_rate(rates[static_cast<std::size_t>(step)]);
      optimizer.step();
    }
    return model.parameters()[0].to_vector<float>();
  };
  const test::TempDir folder;
  Json json = config({{"type", "linear"}, {"unit", "step"}, {"total_iters", 8}});
  json["epochs"] = 2;
  Trainer trainer{Config(json)};
  trainer.train({.out = folder / "run"});
  std::vector<double> rates;
  for (int i = 0; i < 8; ++i) rates.push_back(0.1 * (1.0 / 3 + (1 - 1.0 / 3) * (i / 8.0)));
  EXPECT_EQ(trainer.model().parameters()[0].to_vector<float>(), weights({}, rates));
}

// By hand from the losses that the run found.
TEST(ScheduledTraining, shows_reduce_on_plateau_what_each_epoch_found) {
  const test::TempDir folder;
  const Json schedule = {{"type", "reduce_on_plateau"},
                         {"metric", "test_loss"},
                         {"threshold", 0.9},  // nothing is that much better
                         {"patience", 0},
                         {"factor", 0.5}};
  Trainer(Config(config(schedule))).train({.out = folder / "run"});
  std::vector<double> rates;
  for (const Json& each : events(folder / "run")) {
    if (each["event"] == "step" && each["step"].get<int>() % 4 == 1) rates.push_back(each["lr"]);
  }
  EXPECT_EQ(rates, (std::vector<double>{0.1, 0.1, 0.05, 0.025}));
}

TEST(ScheduledTraining, refuses_an_accuracy_where_there_is_none) {
  Json json = config({{"type", "warmup"},
                      {"total_iters", 2},
                      {"then", {{"type", "reduce_on_plateau"}, {"metric", "test_accuracy"}}}});
  EXPECT_NO_THROW(Trainer{Config(json)});
  json["dataset"]["outputs"] = 1;
  json["dataset"]["target"] = "value";
  json["loss"] = {{"type", "mse"}};
  EXPECT_EQ(
      test::message_of<ConfigError>([&] { Trainer{Config(json)}; }),
      "/schedule: no such metric is measured: \"test_accuracy\" (valid: train_loss, test_loss, "
      "test_mae, test_rmse)");
}

TEST(ScheduledTraining, of_another_length_says_where_the_past_had_other_rates) {
  const auto resumed = [](const Json& schedule) {
    const test::TempDir folder;
    Trainer(Config(config(schedule))).train({.out = folder / "run"});
    Json longer = config(schedule);
    longer["epochs"] = 6;
    testing::internal::CaptureStdout();
    const TrainResult result =
        Trainer(Config(longer))
            .train({.out = folder / "run", .resume = true, .progress = Progress::Style::Lines});
    EXPECT_EQ(result.steps % 6, 0);
    const std::string said = testing::internal::GetCapturedStdout();
    return said.find(
               "note: the schedule follows the length of the run, which had 4 epochs; from "
               "here on the rates are those of 6\n") != std::string::npos;
  };
  EXPECT_TRUE(resumed({{"type", "cosine"}}));
  EXPECT_FALSE(resumed({{"type", "cosine"}, {"t_max", 4}}));
  EXPECT_FALSE(resumed(nullptr));
}

}  // namespace
}  // namespace gradus
