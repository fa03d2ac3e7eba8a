// The programs of tools/examples: the numbers in the files that they write, and what they learn.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "framework/train/safetensors.h"
#include "tests/support/graph_files.h"
#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::edge_between;
using test::node_named;

const std::filesystem::path kOwnComponents =
    test::source_path("tools/examples/own_components/own_components.json");

class ExamplesTest : public testing::Test {
 protected:
  // The data of the HTML file that an example writes.
  Json run(const std::string& example) const {
    const std::string program = test::build_path("bin/examples/" + example).string();
    const test::ProcessResult result =
        test::Process({program, "graph.html"}, test::Process::Output::Pipes, folder_.path())
            .finish();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return test::data_in_html(test::read_text(folder_ / "graph.html"));
  }

  // In the test's folder.
  test::ProcessResult call(std::vector<std::string> command) const {
    command[0] = test::build_path("bin/examples/" + command[0]).string();
    return test::Process(command, test::Process::Output::Pipes, folder_.path()).finish();
  }

  static double value(const Json& data, const std::string& name, const char* what = "value") {
    return node_named(data, name)[what]["first"][0].get<double>();
  }

  test::TempDir folder_;
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST_F(ExamplesTest, ChainRule) {
  const Json data = run("chain_rule");
  EXPECT_EQ(value(data, "x"), 2);
  EXPECT_EQ(value(data, "y"), 8);
  EXPECT_EQ(value(data, "z"), 40);
  EXPECT_EQ(edge_between(data, "y", "z")["local"], 5);
  EXPECT_EQ(edge_between(data, "x", "y")["local"], 3 * 2 * 2);
  EXPECT_EQ(value(data, "x", "gradient"), 5 * 3 * 2 * 2);
  EXPECT_EQ(edge_between(data, "x", "y")["rule"],
            "dz/dx = dz/dy * dy/dx = 5 * 3 * x ^ 2 = 5 * 12 = 60");
}

TEST_F(ExamplesTest, TwoWeights) {
  const Json data = run("two_weights");
  const double x = 1.5, t = 1, w1 = 0.8, w2 = -0.4, lr = 0.5;
  const double y = sigmoid(w1 * x);
  const double z = sigmoid(w2 * y);
  const double de_dz = 2 * (z - t);
  const double de_dw2 = de_dz * z * (1 - z) * y;
  const double de_dy = de_dz * z * (1 - z) * w2;
  const double de_dw1 = de_dy * y * (1 - y) * x;
  EXPECT_NEAR(value(data, "y"), y, 1e-6);
  EXPECT_NEAR(value(data, "z"), z, 1e-6);
  EXPECT_NEAR(value(data, "E"), (z - t) * (z - t), 1e-6);
  EXPECT_NEAR(value(data, "z", "gradient"), de_dz, 1e-6);
  EXPECT_NEAR(value(data, "y", "gradient"), de_dy, 1e-6);
  EXPECT_NEAR(value(data, "w1", "gradient"), de_dw1, 1e-6);
  EXPECT_NEAR(value(data, "w2", "gradient"), de_dw2, 1e-6);
  EXPECT_NEAR(value(data, "w1", "new_value"), w1 - lr * de_dw1, 1e-6);
  EXPECT_NEAR(value(data, "w2", "new_value"), w2 - lr * de_dw2, 1e-6);
  EXPECT_NEAR(value(data, "w1"), w1, 1e-6);  // as it was in the forward pass
  EXPECT_EQ(node_named(data, "w1")["kind"], "parameter");
  EXPECT_EQ(node_named(data, "x")["kind"], "constant");
  EXPECT_EQ(node_named(data, "t")["kind"], "constant");
  EXPECT_EQ(data["update"]["optimizer"], "SGD");
  EXPECT_EQ(data["steps"].back()["phase"], "update");
  const auto last = data["steps"].back()["text"].get<std::string>();
  EXPECT_TRUE(last.starts_with("w1_new = w1 - lr * dE/dw1 = 0.8 - 0.5 * 0.03")) << last;
}

TEST_F(ExamplesTest, SeveralInputs) {
  const Json data = run("several_inputs");
  const double x1 = 1, x2 = -2, x3 = 0.5, a1 = 0.3, a2 = -0.2, b2 = 0.4, b3 = 0.6;
  const double c1 = 0.7, c2 = -0.5;
  const double h1 = std::tanh(a1 * x1 + a2 * x2);
  const double h2 = std::tanh(b2 * x2 + b3 * x3);
  const double z = c1 * h1 + c2 * h2;
  const double d1 = 2 * (z - 1) * c1 * (1 - h1 * h1);
  const double d2 = 2 * (z - 1) * c2 * (1 - h2 * h2);
  EXPECT_NEAR(value(data, "h1"), h1, 1e-6);
  EXPECT_NEAR(value(data, "z"), z, 1e-6);
  EXPECT_NEAR(value(data, "E"), (z - 1) * (z - 1), 1e-6);
  EXPECT_NEAR(value(data, "x1", "gradient"), d1 * a1, 1e-6);
  EXPECT_NEAR(value(data, "x2", "gradient"), d1 * a2 + d2 * b2, 1e-6);  // by two ways
  EXPECT_NEAR(value(data, "x3", "gradient"), d2 * b3, 1e-6);
  EXPECT_NEAR(value(data, "a2", "gradient"), d1 * x2, 1e-6);
  EXPECT_NEAR(value(data, "b3", "new_value"), b3 - 0.1 * d2 * x3, 1e-6);
  EXPECT_EQ(node_named(data, "x2")["kind"], "leaf");
  EXPECT_EQ(node_named(data, "a2")["kind"], "parameter");
}

TEST_F(ExamplesTest, TrainingLoop) {
  const test::ProcessResult result = call({"training_loop", "net.safetensors"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::istringstream out(result.out);
  std::string word;
  std::string corners;
  double accuracy = 0;
  out >> word >> accuracy;
  EXPECT_GT(accuracy, 0.97);
  EXPECT_LE(accuracy, 1);
  std::getline(out >> std::ws, corners);
  EXPECT_EQ(corners, "tensor([0, 1, 1, 0])");  // whether the signs differ
  const nn::StateDict saved = read_safetensors(folder_ / "net.safetensors").tensors;
  ASSERT_EQ(saved.size(), 4U);
  EXPECT_EQ(saved[0].name, "hidden.bias");
}

TEST_F(ExamplesTest, OwnComponentsTrainAndGoOn) {
  const std::string config = kOwnComponents.string();
  const auto train = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> line = {"own_components", "train", config, "--quiet", "--out", out};
    line.insert(line.end(), more.begin(), more.end());
    const test::ProcessResult result = call(line);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  };
  train("whole", {});
  const std::string metrics = test::read_text(folder_ / "whole/metrics.jsonl");
  const std::size_t last = metrics.rfind('\n', metrics.size() - 2) + 1;
  EXPECT_GT(test::parse_json(metrics.substr(last))["accuracy"].get<double>(), 0.9);

  // A run that stopped after three epochs goes on to the same bits: the state of the optimizer and
  // the random numbers of the transform are in the checkpoint.
  const std::vector<std::string> steady = {"--set",
                                           "schedule={\"type\": \"step\", \"step_size\": 2}"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), steady.begin(), steady.end());
    return more;
  };
  train("long", with({"--set", "epochs=6"}));
  train("short", with({"--set", "epochs=3"}));
  train("short", with({"--set", "epochs=6", "--resume"}));
  EXPECT_EQ(test::read_text(folder_ / "long/metrics.jsonl"),
            test::read_text(folder_ / "short/metrics.jsonl"));
  const char* end = "checkpoints/step-0000000114.safetensors";
  EXPECT_TRUE(test::read_text(folder_.path() / "long" / end) ==
              test::read_text(folder_.path() / "short" / end));
  bool has_momentum = false;
  for (const auto& each : read_safetensors(folder_.path() / "long" / end).tensors) {
    has_momentum = has_momentum || each.name == "optimizer/centres/momentum";
  }
  EXPECT_TRUE(has_momentum);
}

TEST_F(ExamplesTest, OwnComponentsAreListed) {
  const std::pair<const char*, const char*> components[] = {{"datasets", "rings"},
                                                            {"transforms", "jitter"},
                                                            {"models", "radial_basis"},
                                                            {"losses", "focal"},
                                                            {"optimizers", "signum"}};
  for (const auto& [kind, name] : components) {
    const test::ProcessResult result = call({"own_components", "list", kind});
    EXPECT_NE(result.out.find("  " + std::string(name) + ": "), std::string::npos) << result.out;
  }
  const test::ProcessResult wrong = call({"own_components", "train", kOwnComponents.string(),
                                          "--set", "optimizer.momentum=1", "--out", "run"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.err, "gradus: /optimizer/momentum: 1 is out of range: must be >= 0 and < 1\n");
}

TEST_F(ExamplesTest, TheySayHowTheyAreCalled) {
  for (const char* example : {"chain_rule", "two_weights", "several_inputs", "training_loop"}) {
    const std::string program = test::build_path(std::string("bin/examples/") + example).string();
    const test::ProcessResult result = test::Process({program}).finish();
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, std::string("usage: ") + example + " FILE\n");
  }
}

}  // namespace
}  // namespace gradus
