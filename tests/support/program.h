// The program `gradus` on a small data set, in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include "framework/nn/options.h"

#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus::test {

using Words = std::vector<std::string>;

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() { write_small_data(folder_ / "data"); }

  /// Runs the program in the test's folder.
  ProcessResult gradus(const Words& arguments) const {
    return Process(Words{GRADUS_PROGRAM} + arguments, Process::Output::Pipes, folder_.path())
        .finish();
  }

  static std::string config(const std::string& model) {
    return GRADUS_SOURCE_DIR "/models/" + model + ".json";
  }

  /// A shipped config on the small data, made small itself: eight steps an epoch.
  static Words small(const std::string& model) {
    Words words = {config(model), "--set", "dataset.path=data", "--set", "batch_size=8"};
    if (model == "mlp") words = words + Words{"--set", "model.hidden=[16]"};
    if (model == "cnn") words = words + Words{"--set", "model.channels=[4,6]"};
    if (model == "resnet") words = words + Words{"--set", "model.depth=8"};
    if (model == "sequential") words = words + Words{"--set", "model.layers.6.in_features=256"};
    return words;
  }
  static Words train(const std::string& model, const std::string& out, const Words& more = {}) {
    return Words{"train"} + small(model) + Words{"--out", out} + more;
  }
  static Words epochs(int count) { return {"--set", "epochs=" + std::to_string(count)}; }

  [[nodiscard]] std::string metrics(const std::string& run) const {
    return read_text(folder_ / (run + "/metrics.jsonl"));
  }
  [[nodiscard]] std::vector<Json> events(const std::string& run) const {
    std::vector<Json> result;
    std::istringstream lines(metrics(run));
    for (std::string line; std::getline(lines, line);) result.push_back(Json::parse(line));
    return result;
  }

  /// The paths of a run's checkpoints, oldest first.
  [[nodiscard]] std::vector<std::filesystem::path> checkpoints(const std::string& run) const {
    std::vector<std::filesystem::path> result;
    for (const auto& file : std::filesystem::directory_iterator(folder_ / (run + "/checkpoints"))) {
      result.push_back(file.path());
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  /// Whether two runs wrote the same bytes: all losses, and the last state.
  void expect_same_run(const std::string& a, const std::string& b) const {
    EXPECT_EQ(metrics(a), metrics(b));
    ASSERT_FALSE(checkpoints(a).empty());
    EXPECT_EQ(checkpoints(a).back().filename(), checkpoints(b).back().filename());
    EXPECT_TRUE(read_text(checkpoints(a).back()) == read_text(checkpoints(b).back()))
        << "the last checkpoints of " << a << " and " << b << " differ";
  }

  TempDir folder_;
};

}  // namespace gradus::test
