// `gradus schedule`: the learning rates that a run of the config will have.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class ScheduleCommandTest : public test::ProgramTest {
 protected:
  // Of the small mlp, which has eight steps an epoch and the rate 0.001.
  ProcessResult show(const std::string& schedule, const Words& more = {}) const {
    return gradus(Words{"schedule"} + small("mlp") + Words{"--set", "schedule=" + schedule} + more);
  }
};

TEST_F(ScheduleCommandTest, prints_the_steps_at_which_the_rate_changes) {
  const ProcessResult result = show(R"({"type": "multistep", "milestones": [1, 3]})", epochs(4));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "epoch      step  learning rate\n"
            "    1         1  0.001\n"
            "    2         9  0.0001\n"
            "    4        25  1e-05\n"
            "4 epochs of 8 steps\n");
}

TEST_F(ScheduleCommandTest, prints_a_smooth_curve_in_few_lines) {
  const ProcessResult result =
      show(R"({"type": "cosine", "unit": "step"})", epochs(4) + Words{"--lines", "3"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "epoch      step  learning rate\n"
            "    1         1  0.001\n"
            "    2        16  0.000549009\n"
            "    4        32  2.40764e-06\n"
            "4 epochs of 8 steps\n");
}

TEST_F(ScheduleCommandTest, shows_what_a_run_then_does) {
  const std::string schedule =
      R"({"type": "warmup", "total_iters": "0.5 epochs", "then": {"type": "cosine"}})";
  const ProcessResult result = show(schedule, epochs(3));
  const Words set = {"--set", "schedule=" + schedule};
  ASSERT_EQ(gradus(train("mlp", "run", epochs(3) + set)).exit_code, 0);
  double last = -1;
  int lines = 0;
  for (const Json& each : events("run")) {
    if (each["event"] != "step" || each["lr"] == last) continue;
    last = each["lr"];
    ++lines;
    char line[100];
    std::snprintf(line, sizeof line, "\n%5d  %8d  %.6g\n", each["epoch"].get<int>(),
                  each["step"].get<int>(), last);
    EXPECT_TRUE(contains(result.out, line)) << line << " is not in\n" << result.out;
  }
  EXPECT_EQ(lines, 7);  // four steps up, the optimizer's rate, and two epochs down
}

TEST_F(ScheduleCommandTest, says_what_it_cannot_know) {
  const ProcessResult result = show(R"({"type": "reduce_on_plateau"})", epochs(2));
  EXPECT_TRUE(contains(result.out, "2 epochs of 8 steps; as long as test_loss gets better\n"))
      << result.out;
}

TEST_F(ScheduleCommandTest, shows_the_rate_of_a_config_without_a_schedule) {
  const ProcessResult result = gradus(Words{"schedule"} + small("mlp") + epochs(2));
  EXPECT_EQ(result.out,
            "epoch      step  learning rate\n"
            "    1         1  0.001\n"
            "2 epochs of 8 steps\n");
}

TEST_F(ScheduleCommandTest, draws_the_curve) {
  const Words plot = epochs(4) + Words{"--plot", "rates.svg"};
  ASSERT_EQ(show(R"({"type": "step", "step_size": 2, "gamma": 0.5})", plot).exit_code, 0);
  const std::string svg = test::read_text(folder_ / "rates.svg");
  // Epochs 0 to 4 by 1 and rates 0 to 0.001 by 0.0002 on axes of 500 x 220 at (64, 74).
  EXPECT_TRUE(contains(svg, "points=\"64.0,74.0 314.0,74.0 314.0,184.0 564.0,184.0 \"")) << svg;
  EXPECT_TRUE(contains(svg, ">step</text>"));
}

TEST_F(ScheduleCommandTest, refuses_what_is_wrong) {
  const ProcessResult config = show(R"({"type": "cosine", "t_max": 0})");
  EXPECT_EQ(config.exit_code, 2);
  EXPECT_TRUE(contains(config.err, "gradus: /schedule/t_max: expected a span")) << config.err;
  EXPECT_EQ(show(R"({"type": "cosine"})", {"--lines", "2"}).exit_code, 2);
  const ProcessResult folder = show(R"({"type": "cosine"})", {"--plot", "none/rates.svg"});
  EXPECT_EQ(folder.exit_code, 1);
  EXPECT_TRUE(contains(folder.err, "none/rates.svg")) << folder.err;
}

}  // namespace
}  // namespace gradus
