// Runs of `gradus train`: equal ones are equal bit for bit, on any number of threads, and so is one
// that was interrupted and went on.
#include <gtest/gtest.h>
#include "framework/train/checkpoint.h"

#include <set>

#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::Process;
using test::ProcessResult;
using test::Words;

class ProgramRuns : public test::ProgramTest {
 protected:
  // More than the process can print before it waits for its reader, so that a signal meets it.
  static constexpr int kManyEpochs = 150;

  // Starts a long run and sends `signal` in its midst.
  ProcessResult interrupt(int signal, const Words& line,
                          Process::Output output = Process::Output::Pipes) const {
    Process process(Words{test::program_path()} + line, output, folder_.path());
    EXPECT_TRUE(process.wait_for("epoch"));
    EXPECT_TRUE(process.wait_for("samples/s"));
    process.send(signal);
    return process.finish();
  }

  // As if the run had died after `step`: what came later is gone, but for a torn line of metrics.
  void forget_after(const std::string& run, std::int64_t step) const {
    for (const auto& path : checkpoints(run)) {
      if (load_checkpoint(path).loop.step > step) std::filesystem::remove(path);
    }
    std::string text = metrics(run);
    text.resize(text.size() - 10);
    test::write_text(folder_ / (run + "/metrics.jsonl"), text);
  }

  // That a run is the same when it died after each of `steps`, checkpoints of it, and went on.
  void expect_to_go_on(const std::string& model, const Words& settings,
                       const std::vector<int>& steps) const {
    const Words more = settings + Words{"--set", "checkpoint.keep=100"};
    ASSERT_EQ(gradus(train(model, model, more)).exit_code, 0);
    for (const int step : steps) {
      const std::string copy = model + "-from-" + std::to_string(step);
      std::filesystem::copy(folder_ / model, folder_ / copy,
                            std::filesystem::copy_options::recursive);
      forget_after(copy, step);
      const ProcessResult result = gradus(train(model, copy, more + Words{"--resume"}));
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_TRUE(contains(result.out, "resuming after step " + std::to_string(step) + "\n"));
      expect_same_run(model, copy);
    }
  }

  // Model, and settings that make it use random numbers, state, or both.
  static std::vector<std::pair<std::string, Words>> kinds() {
    return {{"mlp",
             {"--set", "model.dropout=0.3", "--set", "optimizer.amsgrad=true", "--set",
              R"(schedule={"type": "warmup", "total_iters": 5,
                                  "then": {"type": "reduce_on_plateau",
                                           "metric": "train_loss"}})"}},
            {"cnn",
             {"--set", "model.dropout=0.3", "--set", "clip_grad_norm=0.5", "--set",
              R"(schedule={"type": "one_cycle", "max_lr": 0.01})"}},
            {"resnet", {"--set", R"(schedule={"type": "cosine"})", "--set", "ema.decay=0.9"}},
            {"sequential", {"--set", "precision=bf16_emulated"}}};
  }
};

TEST_F(ProgramRuns, are_the_same_bit_for_bit_on_any_number_of_threads) {
  for (const auto& [model, settings] : kinds()) {
    const Words more = settings + epochs(2);
    for (const std::string threads : {"1", "2", "2b", "4"}) {
      const Words bound = {"--threads", threads.substr(0, 1)};
      ASSERT_EQ(gradus(train(model, model + "-" + threads, more + bound)).exit_code, 0);
      expect_same_run(model + "-1", model + "-" + threads);
    }
  }
}

// Batches that are large enough for every op to split its work.
TEST_F(ProgramRuns, of_large_batches_are_the_same_on_any_number_of_threads) {
  test::write_small_data(folder_ / "large", {.train = 200, .test = 20, .side = 28});
  const auto run = [&](const std::string& model, const std::string& threads) {
    return gradus({"train", config(model), "--set", "dataset.path=large", "--set", "batch_size=96",
                   "--set", "epochs=1", "--out", model + threads, "--threads", threads});
  };
  for (const std::string model : {"mlp", "cnn", "resnet"}) {
    for (const char* threads : {"1", "2", "4"}) {
      ASSERT_EQ(run(model, threads).exit_code, 0);
      expect_same_run(model + "1", model + threads);
    }
  }
}

// As on a CPU without AVX-512: oneDNN's knob caps its kernels and Gradus's own loops. Other kernels
// give other bits, of which a few steps make little.
TEST_F(ProgramRuns, of_avx2_are_the_same_on_any_number_of_threads_and_learn_as_well) {
  const auto run = [&](const std::string& model, const std::string& out, const Words& cap,
                       const std::string& threads) {
    const Words line = cap + Words{test::program_path()} +
                       train(model, out, epochs(1) + Words{"--threads", threads});
    return Process(line, Process::Output::Pipes, folder_.path()).finish();
  };
  const auto test_loss = [&](const std::string& of) {
    return events(of).back()["loss"].get<double>();
  };
  const Words cap = {"/usr/bin/env", "ONEDNN_MAX_CPU_ISA=AVX2"};
  for (const std::string model : {"mlp", "cnn", "resnet"}) {
    ASSERT_EQ(run(model, model, {}, "2").exit_code, 0);
    for (const char* threads : {"1", "2", "4"}) {
      ASSERT_EQ(run(model, model + threads, cap, threads).exit_code, 0);
      expect_same_run(model + "1", model + threads);
    }
    const double loss = test_loss(model);
    EXPECT_NEAR(test_loss(model + "1"), loss, 1e-4 * loss) << model;
  }
}

TEST_F(ProgramRuns, differ_with_the_seed) {
  ASSERT_EQ(gradus(train("mlp", "one", epochs(1))).exit_code, 0);
  ASSERT_EQ(gradus(train("mlp", "two", epochs(1) + Words{"--set", "seed=2"})).exit_code, 0);
  EXPECT_NE(metrics("one"), metrics("two"));
}

TEST_F(ProgramRuns, go_on_from_any_checkpoint_as_if_never_interrupted) {
  for (const auto& [model, settings] : kinds()) {
    expect_to_go_on(model, settings + epochs(2) + Words{"--set", "checkpoint.every_steps=3"},
                    {15, 12, 8, 3});
  }
}

TEST_F(ProgramRuns, start_anew_when_no_checkpoint_was_reached) {
  ASSERT_EQ(gradus(train("mlp", "whole", epochs(1))).exit_code, 0);
  std::filesystem::copy(folder_ / "whole", folder_ / "dead",
                        std::filesystem::copy_options::recursive);
  forget_after("dead", 0);
  EXPECT_EQ(gradus(train("mlp", "dead", epochs(1) + Words{"--resume"})).exit_code, 0);
  expect_same_run("whole", "dead");
}

TEST_F(ProgramRuns, save_on_a_signal_and_say_how_to_go_on) {
  const Words settings = epochs(kManyEpochs) + Words{"--set", "model.dropout=0.3"};
  ASSERT_EQ(gradus(train("mlp", "whole", settings)).exit_code, 0);
  ProcessResult result = interrupt(SIGINT, train("mlp", "a run's folder", settings));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "; saved a run's folder/checkpoints/step-")) << result.err;
  EXPECT_LT(events("a run's folder").size(), events("whole").size());

  // The line that it gives does it, in a shell, and may be interrupted again.
  const std::string said = "to go on: gradus ";
  const std::size_t at = result.err.find(said);
  ASSERT_NE(at, std::string::npos) << result.err;
  const std::string line =
      "exec '" + test::program_path() + "' " + result.err.substr(at + said.size());
  Process process({"/bin/sh", "-c", line}, Process::Output::Pipes, folder_.path());
  EXPECT_TRUE(process.wait_for("resuming after step "));
  process.send(SIGTERM);
  result = process.finish();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "stopped after step ")) << result.err;
  result = Process({"/bin/sh", "-c", line}, Process::Output::Pipes, folder_.path()).finish();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  expect_same_run("whole", "a run's folder");
}

TEST_F(ProgramRuns, survive_being_killed) {
  ASSERT_EQ(gradus(train("mlp", "whole", epochs(kManyEpochs))).exit_code, 0);
  const ProcessResult result = interrupt(SIGKILL, train("mlp", "killed", epochs(kManyEpochs)));
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
  EXPECT_EQ(gradus(train("mlp", "killed", epochs(kManyEpochs) + Words{"--resume"})).exit_code, 0);
  expect_same_run("whole", "killed");
}

TEST_F(ProgramRuns, take_the_bar_away_before_they_say_that_they_stopped) {
  if (!Process::has_terminals()) GTEST_SKIP() << "no /dev/pts here; progress_test has the bar too";
  const ProcessResult result =
      interrupt(SIGINT, train("mlp", "run", epochs(kManyEpochs)), Process::Output::Terminal);
  const std::size_t at = result.out.find("stopped after step ");
  ASSERT_NE(at, std::string::npos) << result.out;
  const std::string before = result.out.substr(0, at);
  EXPECT_TRUE(before.ends_with("\n") || before.ends_with("\r\033[K")) << result.out;
}

TEST_F(ProgramRuns, that_are_done_stay_as_they_are) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(2))).exit_code, 0);
  const std::string before = metrics("run");
  EXPECT_EQ(gradus(train("mlp", "run", epochs(2) + Words{"--resume"})).exit_code, 0);
  EXPECT_EQ(metrics("run"), before);
}

TEST_F(ProgramRuns, may_be_made_longer) {
  ASSERT_EQ(gradus(train("mlp", "long", epochs(3))).exit_code, 0);
  ASSERT_EQ(gradus(train("mlp", "grown", epochs(1))).exit_code, 0);
  EXPECT_EQ(gradus(train("mlp", "grown", epochs(3) + Words{"--resume"})).exit_code, 0);
  expect_same_run("long", "grown");
  EXPECT_EQ(test::read_text(folder_ / "long/config.json"),
            test::read_text(folder_ / "grown/config.json"));
}

// Lower and lower rates, by a metric whose first value here comes from before the interruption.
TEST_F(ProgramRuns, go_on_with_what_their_schedule_remembers) {
  expect_to_go_on("mlp",
                  epochs(4) + Words{"--set", "checkpoint.every_steps=5", "--set",
                                    R"(schedule={"type": "reduce_on_plateau", "threshold": 0.9,
                                        "metric": "train_loss", "patience": 0})"},
                  {30, 20, 16, 5});
  std::set<double> rates;
  for (const Json& each : events("mlp")) {
    if (each["event"] == "step") rates.insert(each["lr"].get<double>());
  }
  EXPECT_EQ(rates.size(), 3U);
}

// Three steps an epoch, of three, three and two batches; the loss is never that much better.
TEST_F(ProgramRuns, go_on_with_averages_and_with_what_they_saw) {
  expect_to_go_on(
      "mlp",
      epochs(9) + Words{"--set", "accumulate_steps=3", "--set", "ema.decay=0.8", "--set",
                        "early_stopping.patience=3", "--set", "early_stopping.min_delta=100",
                        "--set", "checkpoint.best=test_loss", "--set", "checkpoint.every_steps=1"},
      {11, 9, 7, 1});
  EXPECT_EQ(events("mlp").back()["step"], 12);  // the first epoch, and three without a better one
  const ProcessResult found = gradus(Words{"eval"} + small("mlp") +
                                     Words{"--checkpoint", checkpoints("mlp").back(), "--json"});
  EXPECT_EQ(test::parse_json(found.out)["loss"], events("mlp").back()["loss"]);
}

TEST_F(ProgramRuns, that_are_older_than_an_option_go_on_with_its_default) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::filesystem::path path = folder_ / "run/config.json";
  Json config = test::parse_json(test::read_text(path));
  ASSERT_EQ(config.erase("clip_grad_norm"), 1U);
  test::write_text(path, test::dump(config));
  const ProcessResult result = gradus(train("mlp", "run", epochs(2) + Words{"--resume"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(events("run").back()["epoch"], 2);
}

TEST_F(ProgramRuns, do_not_go_on_with_another_config) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string before = metrics("run");
  const ProcessResult result = gradus(train(
      "mlp", "run", epochs(2) + Words{"--set", "optimizer.lr=0.5", "--set", "seed=7", "--resume"}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "these differ: /optimizer/lr /seed\n")) << result.err;
  EXPECT_EQ(metrics("run"), before);
}

TEST_F(ProgramRuns, do_not_go_on_from_a_broken_checkpoint) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string path = checkpoints("run").back();
  const std::string before = metrics("run");
  Checkpoint odd = load_checkpoint(path);
  odd.loop.loader = {1, 8};  // an epoch has the batches 0 to 7
  save_checkpoint(path, odd);
  ProcessResult result = gradus(train("mlp", "run", epochs(2) + Words{"--resume"}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "epoch 1, batch 8 is no place in this data")) << result.err;
  test::write_text(path, "rubbish");
  result = gradus(train("mlp", "run", epochs(2) + Words{"--resume"}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "no sound safetensors file")) << result.err;
  EXPECT_EQ(metrics("run"), before);
}

TEST_F(ProgramRuns, begin_with_given_weights) {
  ASSERT_EQ(gradus(train("mlp", "first", epochs(1))).exit_code, 0);
  const Checkpoint trained = load_checkpoint(checkpoints("first").back());
  write_safetensors(folder_ / "weights.safetensors", {trained.model, {{"format", "pt"}}});
  const Words still = epochs(1) + Words{"--set", "optimizer.lr=0"};
  ASSERT_EQ(gradus(train("mlp", "plain", still + Words{"--init", "weights.safetensors"})).exit_code,
            0);
  ASSERT_EQ(
      gradus(train("mlp", "full", still + Words{"--init", checkpoints("first").back()})).exit_code,
      0);
  expect_same_run("plain", "full");
  const Checkpoint after = load_checkpoint(checkpoints("plain").back());
  ASSERT_EQ(after.model.size(), trained.model.size());
  for (std::size_t i = 0; i < after.model.size(); ++i) {
    EXPECT_EQ(after.model[i].tensor.to_vector<float>(), trained.model[i].tensor.to_vector<float>());
  }
  EXPECT_EQ(events("plain").back()["loss"], events("first").back()["loss"]);
  EXPECT_EQ(gradus(train("mlp", "none", still + Words{"--init", "none"})).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

}  // namespace
}  // namespace gradus
