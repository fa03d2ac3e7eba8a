// What schedules make of units, spans and each other, and of options that are wrong. The formulas
// themselves are in golden_test.cpp.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus::optim {
namespace {

// Three epochs of ten steps.
const RunShape kRun = {.steps_per_epoch = 10, .length = Elapsed{30, 3}};

SchedulePtr make(const std::string& json, const RunShape& run = kRun) {
  return schedules().make(test::parse_json(json), run);
}

// The rates of the steps of kRun, where the optimizer's own is 1.
std::vector<double> rates(const Schedule& schedule) {
  std::vector<double> result;
  for (std::int64_t step = 0; step < 30; ++step) {
    result.push_back(schedule.rate(1, kRun.after(step, Unit::Step)));
  }
  return result;
}

std::vector<double> rates(const std::string& json) {
  return rates(*make(json));
}

TEST(Schedules, count_epochs_or_steps) {
  const std::vector<double> by_epoch = rates(R"({"type": "exponential", "gamma": 0.5})");
  const std::vector<double> by_step =
      rates(R"({"type": "exponential", "gamma": 0.5, "unit": "step"})");
  for (int step = 0; step < 30; ++step) {
    EXPECT_EQ(by_epoch[step], std::pow(0.5, step / 10)) << step;
    EXPECT_EQ(by_step[step], std::pow(0.5, step)) << step;
  }
}

TEST(Schedules, take_spans_in_epochs_steps_or_the_run) {
  const auto step = [](const std::string& size, const std::string& unit) {
    return rates(R"({"type": "step", "step_size": )" + size + R"(, "unit": ")" + unit + "\"}");
  };
  EXPECT_EQ(step("2", "epoch"), step("\"2 epochs\"", "epoch"));
  EXPECT_EQ(step("20", "step"), step("2", "epoch"));
  EXPECT_EQ(step("\"20 steps\"", "step"), step("20", "step"));
  EXPECT_EQ(step("\"1 epoch\"", "step"), step("10", "step"));
  EXPECT_EQ(step("\"0.5 epochs\"", "step"), step("5", "step"));
  EXPECT_EQ(step("\"0.04 epochs\"", "step"), step("1", "step"));  // not 0
  EXPECT_EQ(step("\"run\"", "step"), step("30", "step"));
  EXPECT_EQ(step("\"run\"", "epoch"), step("3", "epoch"));
  EXPECT_NE(step("3", "epoch"), step("3", "step"));
}

TEST(Schedules, over_the_run_end_with_it) {
  EXPECT_EQ(rates(R"({"type": "cosine"})"), rates(R"({"type": "cosine", "t_max": 3})"));
  EXPECT_EQ(rates(R"({"type": "cosine", "unit": "step"})"),
            rates(R"({"type": "cosine", "unit": "step", "t_max": 30})"));
  const std::vector<double> cycle = rates(R"({"type": "one_cycle", "max_lr": 2})");
  EXPECT_NEAR(cycle.front(), 2.0 / 25, 1e-15);
  EXPECT_EQ(cycle[8], 2);  // 30 % of 30 steps, the first of which is step 0
  EXPECT_DOUBLE_EQ(cycle.back(), 2.0 / 25 / 1e4);
}

TEST(Schedules, stay_where_one_cycle_ends) {
  const SchedulePtr cycle = make(R"({"type": "one_cycle", "max_lr": 2, "total_steps": 20})");
  EXPECT_EQ(cycle->rate(1, {25, 2}), cycle->rate(1, {19, 1}));
}

TEST(Schedules, one_cycle_has_phases_of_no_length) {
  const auto first = [](const std::string& more) {
    return rates(R"({"type": "one_cycle", "max_lr": 2, "total_steps": 10, )" + more + "}");
  };
  EXPECT_EQ(first(R"("pct_start": 0.1)")[0], 2);
  EXPECT_LT(first(R"("pct_start": 0)")[0], 2);
  EXPECT_EQ(first(R"("pct_start": 1)")[9], 2);
}

// The schedule behind a warmup counts from there, and its run is what is left.
TEST(Warmup, hands_over_to_the_next_with_what_is_left_of_the_run) {
  const std::vector<double> found = rates(R"({"type": "warmup", "total_iters": 6,
      "start_factor": 0.25, "then": {"type": "cosine", "unit": "step"}})");
  const SchedulePtr cosine = make(R"({"type": "cosine", "unit": "step", "t_max": 24})");
  for (std::int64_t step = 0; step < 30; ++step) {
    const double expected =
        step < 6 ? 0.25 + 0.75 * static_cast<double>(step) / 6 : cosine->rate(1, {step - 6, 0});
    EXPECT_DOUBLE_EQ(found[step], expected) << step;
  }
}

TEST(Warmup, alone_stays_at_the_optimizers_rate) {
  const std::vector<double> found = rates(R"({"type": "warmup", "total_iters": "0.5 epochs"})");
  EXPECT_DOUBLE_EQ(found[0], 1.0 / 3);
  EXPECT_LT(found[4], 1);
  EXPECT_EQ(found[5], 1);
  EXPECT_EQ(found[29], 1);
}

// An epoch is a pass through the data wherever a schedule began.
TEST(Warmup, leaves_epochs_where_they_are) {
  const std::vector<double> found = rates(R"({"type": "warmup", "total_iters": 14,
      "then": {"type": "exponential", "gamma": 0.5}})");
  EXPECT_EQ(found[14], 1);
  EXPECT_EQ(found[19], 1);
  EXPECT_EQ(found[20], 0.5);
}

TEST(Chained, runs_each_from_its_milestone_to_the_next) {
  const std::vector<double> found = rates(R"({"type": "chained", "unit": "step",
      "milestones": ["1 epoch", 25],
      "schedules": [{"type": "linear", "unit": "step", "total_iters": "run", "end_factor": 0},
                    {"type": "cosine", "unit": "step"},
                    {"type": "constant"}]})");
  const SchedulePtr cosine = make(R"({"type": "cosine", "unit": "step", "t_max": 15})");
  for (std::int64_t step = 0; step < 30; ++step) {
    const double expected = step < 10   ? (10 - static_cast<double>(step)) / 30
                            : step < 25 ? cosine->rate(1, {step - 10, 0})
                                        : 1;
    EXPECT_DOUBLE_EQ(found[step], expected) << step;
  }
}

TEST(Chained, is_built_from_cpp_too) {
  const ChainedSchedule schedule = ChainedSchedule::of({3}, LinearSchedule({.total_iters = 3}),
                                                       ExponentialSchedule({.gamma = 0.5}));
  const std::vector<double> expected = {1.0 / 3, 5.0 / 9, 7.0 / 9, 1, 0.5, 0.25};
  for (std::int64_t i = 0; i < 6; ++i) EXPECT_DOUBLE_EQ(schedule.rate(1, {i, i}), expected[i]);
  EXPECT_THROW(ChainedSchedule::of({3}, ConstantSchedule(ConstantOptions{})), ValueError);
  EXPECT_THROW(ChainedSchedule::of({0}, ConstantSchedule(ConstantOptions{}),
                                   ConstantSchedule(ConstantOptions{})),
               ValueError);
  EXPECT_THROW(ChainedSchedule({}), ValueError);
}

TEST(Chained, lets_only_the_schedule_of_the_time_observe) {
  const SchedulePtr schedule = make(R"({"type": "warmup", "unit": "epoch", "total_iters": 2,
      "then": {"type": "reduce_on_plateau", "metric": "train_loss", "patience": 0}})");
  EXPECT_EQ(schedule->metrics(), std::vector<std::string>{"train_loss"});
  const auto observe = [&](std::int64_t epoch, double loss) {
    schedule->observe(1, kRun.after(epoch, Unit::Epoch), [&](const std::string& name) {
      EXPECT_EQ(name, "train_loss");
      return loss;
    });
    return schedule->rate(1, kRun.after(epoch, Unit::Epoch));
  };
  EXPECT_LT(observe(1, 0.1), 1);  // during the warmup, which does not look
  EXPECT_EQ(observe(2, 0.9), 1);
  EXPECT_EQ(observe(3, 0.9), 0.1);

  const Json state = schedule->state();
  const SchedulePtr other = make(R"({"type": "warmup", "unit": "epoch", "total_iters": 2,
      "then": {"type": "reduce_on_plateau", "metric": "train_loss", "patience": 0}})");
  other->load_state(state);
  EXPECT_EQ(other->state(), state);
  EXPECT_EQ(other->rate(1, {30, 3}), 0.1);
  other->load_state({});
  EXPECT_EQ(other->rate(1, {30, 3}), 1);
}

TEST(ReduceOnPlateau, knows_that_an_accuracy_is_to_rise) {
  const SchedulePtr schedule =
      make(R"({"type": "reduce_on_plateau", "metric": "test_accuracy", "patience": 0})");
  for (const double accuracy : {0.5, 0.6, 0.7}) {
    schedule->observe(1, {}, [&](const std::string&) { return accuracy; });
    EXPECT_EQ(schedule->rate(1, {}), 1);
  }
  schedule->observe(1, {}, [](const std::string&) { return 0.6; });
  EXPECT_EQ(schedule->rate(1, {}), 0.1);
}

TEST(Schedules, refuse_states_of_others_and_keep_their_own) {
  const SchedulePtr plateau = make(R"({"type": "reduce_on_plateau", "patience": 0})");
  plateau->observe(1, {}, [](const std::string&) { return 2.0; });
  const Json before = plateau->state();
  for (const char* state :
       {"1", "[]", "{}", R"({"watch": null, "rate": "x", "cooldown": 0})",
        R"({"watch": null, "rate": 1, "cooldown": -1})",
        R"({"watch": 3, "rate": 1, "cooldown": 0})",
        R"({"watch": {"best": 1, "epochs_without": -1}, "rate": 1, "cooldown": 0})"}) {
    EXPECT_THROW(plateau->load_state(test::parse_json(state)), ValueError) << state;
    EXPECT_EQ(plateau->state(), before);
  }
  const SchedulePtr chained = make(R"({"type": "chained", "milestones": [2],
      "schedules": [{"type": "reduce_on_plateau"}, {"type": "constant"}]})");
  const Json fresh = chained->state();
  EXPECT_THROW(chained->load_state(Json::array({before})), ValueError);
  EXPECT_THROW(chained->load_state(Json::array({before, 1})), ValueError);
  EXPECT_EQ(chained->state(), fresh);
  EXPECT_THROW(make(R"({"type": "cosine"})")->load_state(before), ValueError);
}

TEST(Schedules, faults_are_named_with_path_and_reason) {
  const std::string notation =
      "expected a span: a number from 1 on, \"2 epochs\", \"500 steps\" or \"run\", got ";
  const std::pair<const char*, std::string> cases[] = {
      {R"({"type": "cosin"})", "/s/type: unknown schedule \"cosin\" (did you mean \"cosine\"?)"},
      {R"({"type": "cosine", "T_max": 3})", "/s/T_max: unknown key (did you mean \"t_max\"?)"},
      {R"({"type": "cosine", "t_max": 0})", "/s/t_max: " + notation + "0"},
      {R"({"type": "cosine", "t_max": 1.5})", "/s/t_max: " + notation + "1.5"},
      {R"({"type": "cosine", "t_max": null})", "/s/t_max: " + notation + "null"},
      {R"({"type": "cosine", "t_max": "3"})", "/s/t_max: " + notation + "\"3\""},
      {R"({"type": "cosine", "t_max": "3 epoch s"})", "/s/t_max: " + notation + "\"3 epoch s\""},
      {R"({"type": "cosine", "t_max": "-3 epochs"})", "/s/t_max: " + notation + "\"-3 epochs\""},
      {R"({"type": "cosine", "unit": "step", "t_max": "1.5 steps"})",
       "/s/t_max: " + notation + "\"1.5 steps\""},
      {R"({"type": "cosine", "t_max": "500 steps"})",
       "/s/t_max: \"500 steps\" is no whole number of epochs, which this schedule counts; "
       "\"unit\": \"step\" makes it count steps"},
      {R"({"type": "cosine", "unit": "batch"})",
       "/s/unit: unknown value \"batch\" (valid: epoch, step)"},
      {R"({"type": "cosine", "eta_min": -1})", "/s/eta_min: -1 is out of range: must be >= 0"},
      {R"({"type": "step"})", "/s/step_size: missing; between two changes (span)"},
      {R"({"type": "multistep", "milestones": 5})", "/s/milestones: expected a list of spans"},
      {R"({"type": "multistep", "milestones": [5, 0]})", "/s/milestones/1: " + notation + "0"},
      {R"({"type": "exponential"})",
       "/s/gamma: missing; what the rate is multiplied by each time (number)"},
      {R"({"type": "linear", "start_factor": 2})",
       "/s/start_factor: 2 is out of range: must be >= 0 and <= 1"},
      {R"({"type": "one_cycle"})", "/s/max_lr: missing; the largest rate (number)"},
      {R"({"type": "one_cycle", "max_lr": 1, "anneal_strategy": "cosine"})",
       "/s/anneal_strategy: unknown value \"cosine\" (did you mean \"cos\"?)"},
      {R"({"type": "reduce_on_plateau", "metric": "loss"})",
       "/s/metric: no name of a metric: \"loss\" (valid: train_loss, test_loss, test_accuracy"},
      {R"({"type": "reduce_on_plateau", "factor": 1})",
       "/s/factor: 1 is out of range: must be >= 0 and < 1"},
      {R"({"type": "reduce_on_plateau", "unit": "epoch"})", "/s/unit: unknown key"},
      {R"({"type": "warmup"})",
       "/s/total_iters: missing; until the optimizer's rate is reached (span)"},
      {R"({"type": "warmup", "total_iters": 1, "then": {"type": "cosine", "t_max": 0}})",
       "/s/then/t_max: " + notation + "0"},
      {R"({"type": "warmup", "total_iters": 1, "then": "cosine"})",
       "/s/then: expected an object such as {\"type\": \"chained\"}"},
      {R"({"type": "chained", "milestones": [1, 2], "schedules": [{"type": "constant"}]})",
       "/s/milestones: must be one fewer than the schedules, of which 1 are given"},
      {R"({"type": "chained", "milestones": [1],
           "schedules": [{"type": "constant"}, {"type": "linear", "power": 2}]})",
       "/s/schedules/1/power: unknown key"},
      {R"({"type": "chained", "milestones": [2, 2],
           "schedules": [{"type": "constant"}, {"type": "constant"}, {"type": "constant"}]})",
       "/s/milestones: each must be later than the one before"},
  };
  for (const auto& [json, message] : cases) {
    const std::string said = test::message_of<ConfigError>(
        [&] { schedules().prepare(test::parse_json(json), "/s")(kRun); });
    EXPECT_TRUE(said.starts_with(message)) << json << " is refused with\n" << said;
  }
}

TEST(Schedules, resolve_to_every_option_and_read_back_the_same) {
  const char* given[] = {
      R"({"type": "cosine"})", R"({"type": "multistep", "milestones": [3, "4 epochs"]})",
      R"({"type": "one_cycle", "max_lr": 1})",
      R"({"type": "warmup", "total_iters": "0.5 epochs",
          "then": {"type": "step", "step_size": 2}})",
      R"({"type": "chained", "milestones": [1], "schedules": [{"type": "constant"},
                                                              {"type": "reduce_on_plateau"}]})"};
  for (const char* each : given) {
    Json resolved;
    schedules().prepare(test::parse_json(each), "", &resolved);
    Json again;
    schedules().prepare(resolved, "", &again);
    EXPECT_EQ(resolved, again);
  }
  Json resolved;
  schedules().prepare(test::parse_json(given[3]), "", &resolved);
  EXPECT_EQ(resolved, test::parse_json(R"({"type": "warmup", "unit": "step",
      "total_iters": "0.5 epochs", "start_factor": 0.3333333333333333,
      "then": {"type": "step", "unit": "epoch", "step_size": 2, "gamma": 0.1}})"));
}

TEST(Schedules, without_a_run_need_spans) {
  EXPECT_THROW(static_cast<void>(CosineSchedule(CosineOptions{}).rate(1, {})), ValueError);
  EXPECT_THROW(static_cast<void>(StepSchedule(StepOptions{}).rate(1, {})), ValueError);
  EXPECT_THROW(Span(0), ValueError);
}

}  // namespace
}  // namespace gradus::optim
