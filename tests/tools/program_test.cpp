// The command line of `gradus`, as a person or a script meets it: exit codes, messages, files.
#include <gtest/gtest.h>

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

class Program : public test::ProgramTest {};

TEST_F(Program, says_how_to_use_it) {
  const ProcessResult help = gradus({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command :
       {"train", "eval", "predict", "generate", "reconstruct", "graph", "schedule", "summary",
        "new", "schema", "diff", "bench", "inspect", "list"}) {
    EXPECT_TRUE(contains(help.out, command)) << command;
    EXPECT_EQ(gradus({command, "--help"}).exit_code, 0);
  }
}

TEST_F(Program, a_wrong_command_line_is_error_2) {
  const Words lines[] = {{},
                         {"trian"},
                         {"train"},
                         {"train", config("mlp"), "--no-such-option"},
                         {"train", config("mlp"), "--threads", "0"},
                         {"train", config("mlp"), "--threads", "two"},
                         {"train", config("mlp"), "--set"},
                         {"train", config("mlp"), "--set", "seed"},
                         {"train", config("mlp"), "--resume", "--init", "x"},
                         {"eval", config("mlp")},
                         {"inspect"},
                         {"list", "nonsense"}};
  for (const Words& line : lines) {
    const ProcessResult result = gradus(line);
    EXPECT_EQ(result.exit_code, 2) << testing::PrintToString(line);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(result.err.starts_with("gradus: ")) << result.err;
  }
  EXPECT_TRUE(
      contains(gradus({"trian"}).err, "unknown command \"trian\" (did you mean \"train\"?)"));
}

TEST_F(Program, a_wrong_config_is_error_2_and_nothing_starts) {
  const std::pair<Words, const char*> cases[] = {
      {{"train", "none.json", "--out", "run"},
       "gradus: config: cannot open none.json: No such file or directory\n"},
      {train("mlp", "run", {"--set", "optimizer.lr=-1"}),
       "gradus: /optimizer/lr: -1 is out of range: must be >= 0\n"},
      {train("mlp", "run", {"--set", "optimizer={\"type\":\"sgd\",\"nesterov\":true}"}),
       "gradus: /optimizer/nesterov: needs a momentum and no dampening\n"},
      {train("mlp", "run", {"--set", "model.hidden=[4611686018427387904]"}),
       "gradus: /model: rand: a tensor of shape [4611686018427387904, 64] is larger than any "
       "memory\n"},
      {train("mlp", "run", {"--set", "schedule={\"type\":\"cosine\",\"t_max\":0}"}),
       "gradus: /schedule/t_max: expected a span: a number from 1 on, \"2 epochs\", \"500 steps\" "
       "or "
       "\"run\", got 0\n"},
      {train("mlp", "run", {"--set", "modle.type=cnn"}),
       "gradus: /modle: unknown key (did you mean \"model\"?)\n"},
      {train("mlp", "run", {"--set", "dataset.path=nowhere"}),
       "gradus: /dataset/path: there is no train-images-idx3-ubyte.gz (or "
       "train-images-idx3-ubyte) in \"nowhere\"; give the folder with --set dataset.path=...\n"},
  };
  for (const auto& [line, message] : cases) {
    const ProcessResult result = gradus(line);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, message);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  }
}

TEST_F(Program, a_model_or_loss_that_does_not_fit_the_data_is_error_2_and_nothing_starts) {
  const std::pair<Words, const char*> cases[] = {
      {train("sequential", "run", {"--set", "model.layers.6.in_features=255"}),
       "gradus: /model: does not fit the data, of shape [1, 8, 8]: "},
      {train("sequential", "run", {"--set", "model.layers.6.out_features=9"}),
       "gradus: /model: has 9 outputs, the data 10 classes"},
      {train("sequential", "run", {"--set", "model.layers.0.groups=3"}), "gradus: /model: "},
      {train("cnn", "run", {"--set", "model.channels=[1,1,1,1]"}),
       "gradus: /model: cnn: 4 poolings by 2 leave nothing of images [1, 8, 8]"},
      {train("mlp", "run", {"--set", "loss.type=mse"}),
       "gradus: /loss: does not fit the model's output, of shape [1, 10]: "},
  };
  for (const auto& [line, message] : cases) {
    const ProcessResult result = gradus(line);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  }
}

TEST_F(Program, broken_files_and_numbers_are_error_1) {
  const ProcessResult nan = gradus(train("mlp", "nan", {"--set", "optimizer.lr=1e30"}));
  EXPECT_EQ(nan.exit_code, 1);
  EXPECT_TRUE(contains(nan.err, "gradus: step 2: the loss is NaN; first: model: ")) << nan.err;
  EXPECT_TRUE(contains(nan.err, "the state before this step is in nan/checkpoints/step-0000000001"))
      << nan.err;
  EXPECT_TRUE(contains(nan.err, "a smaller optimizer.lr or clip_grad_norm may help")) << nan.err;

  test::write_text(folder_ / "data/t10k-labels-idx1-ubyte.gz", "rubbish");
  const ProcessResult data = gradus(train("mlp", "run"));
  EXPECT_EQ(data.exit_code, 1);
  EXPECT_TRUE(contains(data.err, "gradus: data/t10k-labels-idx1-ubyte.gz: ")) << data.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));

  const ProcessResult inspected = gradus({"inspect", config("mlp")});
  EXPECT_EQ(inspected.exit_code, 1);
  EXPECT_TRUE(contains(inspected.err, "mlp.json: no sound safetensors file")) << inspected.err;
}

TEST_F(Program, writes_config_metrics_and_checkpoints) {
  const ProcessResult result = gradus(train("mlp", "run", epochs(2)));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "done: run/checkpoints/step-0000000016.safetensors\n"));

  const std::vector<Json> all = events("run");
  ASSERT_EQ(all.size(), 18U);  // eight steps and an evaluation, twice
  EXPECT_EQ(all[0]["event"], "step");
  EXPECT_EQ(all[0]["step"], 1);
  EXPECT_EQ(all[0]["epoch"], 1);
  EXPECT_EQ(all[0]["lr"], 0.001);
  EXPECT_GT(all[0]["loss"].get<double>(), all[16]["loss"].get<double>());
  EXPECT_EQ(all[8]["event"], "eval");
  EXPECT_EQ(all[8]["step"], 8);
  EXPECT_EQ(all[8]["epoch"], 1);
  EXPECT_EQ(all[16]["epoch"], 2);
  const auto accuracy = all[17]["accuracy"].get<double>();
  EXPECT_TRUE(accuracy >= 0 && accuracy <= 1);
  EXPECT_EQ(checkpoints("run").size(), 2U);

  // config.json is a config itself, and of the same run.
  EXPECT_EQ(gradus({"train", "run/config.json", "--out", "again", "--quiet"}).exit_code, 0);
  expect_same_run("run", "again");
  EXPECT_EQ(test::read_text(folder_ / "run/config.json"),
            test::read_text(folder_ / "again/config.json"));
}

TEST_F(Program, learns) {
  EXPECT_EQ(gradus(train("cnn", "run", epochs(15) + Words{"--set", "optimizer.lr=0.01"})).exit_code,
            0);
  EXPECT_GT(events("run").back()["accuracy"].get<double>(), 0.9);
}

TEST_F(Program, never_overwrites_a_run) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string before = metrics("run");
  const ProcessResult again = gradus(train("mlp", "run", epochs(2)));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_TRUE(contains(again.err, "--out run: holds a run already")) << again.err;
  std::filesystem::remove(folder_ / "run/config.json");  // what is left is worth keeping too
  EXPECT_EQ(gradus(train("mlp", "run", epochs(2))).exit_code, 2);
  EXPECT_EQ(metrics("run"), before);
  EXPECT_EQ(checkpoints("run").size(), 1U);
}

TEST_F(Program, numbers_its_own_folders) {
  const Words line = Words{"train"} + small("mlp") + epochs(1);
  for (const char* folder : {"runs/mlp", "runs/mlp-2", "runs/mlp-3"}) {
    EXPECT_TRUE(contains(gradus(line).out, std::string("done: ") + folder + "/checkpoints/"));
  }
  EXPECT_TRUE(contains(gradus(line + Words{"--resume"}).out, "done: runs/mlp-3/"));
}

TEST_F(Program, options_may_stand_before_the_config) {
  EXPECT_EQ(gradus({"train", "--set", "dataset.path=data", "--set", "epochs=1", "--out", "run",
                    config("mlp")})
                .exit_code,
            0);
}

TEST_F(Program, eval_finds_what_the_run_found) {
  ASSERT_EQ(gradus(train("cnn", "run", epochs(2))).exit_code, 0);
  const Words line =
      Words{"eval"} + small("cnn") + Words{"--checkpoint", checkpoints("run").back()};
  const ProcessResult result = gradus(line + Words{"--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json found = test::parse_json(result.out);
  const Json logged = events("run").back();
  EXPECT_EQ(test::dump(found["loss"]), test::dump(logged["loss"]));
  EXPECT_EQ(test::dump(found["accuracy"]), test::dump(logged["accuracy"]));
  EXPECT_EQ(found["examples"], 32);
  EXPECT_TRUE(contains(gradus(line).out, "(32 examples)"));
}

TEST_F(Program, eval_refuses_weights_of_another_model) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string file = checkpoints("run").back();
  const ProcessResult other = gradus(Words{"eval"} + small("cnn") + Words{"--checkpoint", file});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_TRUE(contains(other.err, file)) << other.err;
  EXPECT_TRUE(contains(other.err, "missing: 0.weight")) << other.err;
  const ProcessResult none = gradus(Words{"eval"} + small("mlp") + Words{"--checkpoint", "none"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_TRUE(contains(none.err, "cannot open none")) << none.err;
}

TEST_F(Program, list_shows_everything_with_its_options) {
  const ProcessResult all = gradus({"list"});
  EXPECT_EQ(all.exit_code, 0);
  for (const char* part :
       {"fashion_mnist:", "mnist:", "mlp:", "cnn:", "sequential:", "conv2d:", "batch_norm2d:",
        "cross_entropy:", "mse:", "adam:", "adamw:", "sgd:", "batch_size", "every_steps",
        "cosine:", "t_max            span        until the rate is lowest; default \"run\"",
        "matmul:", "learning rate; default 0.001; >= 0", "required"}) {
    EXPECT_TRUE(contains(all.out, part)) << part;
  }
  const std::string optimizers = gradus({"list", "optimizers"}).out;
  EXPECT_TRUE(contains(optimizers, "sgd:"));
  EXPECT_FALSE(contains(optimizers, "cnn:"));
  EXPECT_TRUE(contains(gradus({"list", "schedules"}).out, "warmup:"));
  EXPECT_TRUE(contains(gradus({"list", "joins"}).out, "concat:"));
  EXPECT_TRUE(contains(gradus({"list", "initializers"}).out, "kaiming_normal:"));
}

TEST_F(Program, prints_plain_lines_into_a_pipe_and_nothing_when_quiet) {
  const ProcessResult lines = gradus(train("mlp", "lines", epochs(2)));
  EXPECT_TRUE(contains(lines.out, "epoch 1/2  train loss "));
  EXPECT_TRUE(contains(lines.out, "\nepoch 2/2  train loss "));
  EXPECT_EQ(lines.out.find_first_of("\r\033["), std::string::npos) << lines.out;
  EXPECT_EQ(lines.err, "");
  const ProcessResult quiet = gradus(train("mlp", "quiet", epochs(2) + Words{"--quiet"}));
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(Program, draws_a_bar_on_a_terminal) {
  if (!Process::has_terminals()) GTEST_SKIP() << "no /dev/pts here; progress_test has the bar too";
  const ProcessResult result = Process(Words{test::program_path()} + train("mlp", "run", epochs(2)),
                                       Process::Output::Terminal, folder_.path())
                                   .finish();
  EXPECT_EQ(result.exit_code, 0);
  for (const char* part : {"\r\033[Kepoch 1/2 [", "####] 8/8  loss ", " samples/s  ", " left",
                           "\r\033[Kepoch 2/2  train loss ", "\r\ndone: run/"}) {
    EXPECT_TRUE(contains(result.out, part)) << part << " is not in\n" << result.out;
  }
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line, '\r');) {
    if (!contains(line, " left")) continue;
    EXPECT_LE(line.size(), std::string("\033[K").size() + 79) << line;  // or it would wrap
  }
}

}  // namespace
}  // namespace gradus
