// `gradus train --init` and `--init-partial`: runs that begin with weights of another one.
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"

#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class Init : public test::ProgramTest {
 protected:
  // The checkpoint of a run of one epoch.
  std::string trained(const Words& more = {}) const {
    EXPECT_EQ(gradus(train("mlp", "trained", epochs(1) + more)).exit_code, 0);
    return checkpoints("trained").back();
  }

  [[nodiscard]] std::vector<float> weight(const std::string& run, const std::string& name) const {
    for (const auto& each : load_checkpoint(checkpoints(run).back()).model) {
      if (each.name == name) return each.tensor.to_vector<float>();
    }
    ADD_FAILURE() << "no " << name;
    return {};
  }

  const Words still_ = epochs(1) + Words{"--set", "optimizer.lr=0"};
};

TEST_F(Init, is_strict_and_lists_everything) {
  const std::string file = trained();
  const ProcessResult result =
      gradus(train("mlp", "run", still_ + Words{"--set", "model.hidden=[16,6]", "--init", file}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "gradus: " + file +
                            ": load_state_dict: the names, shapes or dtypes differ:\n"
                            "  missing: 5.weight [10, 6]\n"
                            "  missing: 5.bias [10]\n"
                            "  misfit: 3.weight is [6, 16] here and [10, 16] there\n"
                            "  misfit: 3.bias is [6] here and [10] there\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(Init, partial_takes_what_fits_and_says_what_does_not) {
  const std::string file = trained();
  const ProcessResult result = gradus(
      train("mlp", "run", still_ + Words{"--set", "model.hidden=[16,6]", "--init-partial", file}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "took 2 of 6 tensors from " + file +
                                       "; not taken:\n"
                                       "  missing: 5.weight [10, 6]\n"
                                       "  missing: 5.bias [10]\n"
                                       "  misfit: 3.weight is [6, 16] here"))
      << result.out;
  EXPECT_EQ(weight("run", "1.weight"), weight("trained", "1.weight"));

  const ProcessResult none = gradus(
      train("mlp", "none", still_ + Words{"--set", "model.hidden=[7,5]", "--init-partial", file}));
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_TRUE(contains(none.err, file + ": none of its weights fits this model:")) << none.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

TEST_F(Init, goes_with_no_other_beginning) {
  const Words line = train("mlp", "run", still_ + Words{"--init-partial", "a"});
  const ProcessResult both = gradus(line + Words{"--init", "b"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_TRUE(contains(both.err, "--init-partial: cannot go with --init\n")) << both.err;
  const ProcessResult resumed = gradus(line + Words{"--resume"});
  EXPECT_EQ(resumed.exit_code, 2);
  EXPECT_TRUE(contains(resumed.err, "--init-partial: cannot go with --resume")) << resumed.err;
}

// What it began with is in a checkpoint of step 0, so that it is there when the run is resumed.
TEST_F(Init, is_not_forgotten_by_a_run_that_dies_before_its_first_step) {
  const std::string file = trained();
  for (const Words& more : {Words{}, Words{"--set", "ema.decay=0.9"}}) {
    const std::string name = more.empty() ? "whole" : "average";
    const Words words = epochs(2) + more + Words{"--set", "checkpoint.keep=100"};
    ASSERT_EQ(gradus(train("mlp", name, words + Words{"--init", file})).exit_code, 0);
    const std::string first = checkpoints(name).front();
    EXPECT_EQ(std::filesystem::path(first).filename(), "step-0000000000.safetensors");
    EXPECT_EQ(load_checkpoint(first).model[0].tensor.to_vector<float>(),
              load_checkpoint(file).model[0].tensor.to_vector<float>());
    for (const bool has_config : {true, false}) {
      const std::string dead = name + (has_config ? " with config" : " without");
      std::filesystem::create_directories(folder_ / dead / "checkpoints");
      std::filesystem::copy(first, folder_ / dead / "checkpoints");
      if (has_config) {
        std::filesystem::copy(folder_ / name / "config.json", folder_ / dead);
      }
      const ProcessResult result = gradus(train("mlp", dead, words + Words{"--resume"}));
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_TRUE(contains(result.out, "resuming after step 0\n")) << result.out;
      expect_same_run(name, dead);
    }
  }
}

}  // namespace
}  // namespace gradus
