#include "tests/support/program.h"

#include <algorithm>

#include "tests/support/paths.h"

namespace gradus::test {

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ProgramTest::ProgramTest() {
  write_small_data(folder_ / "data");
}

ProcessResult ProgramTest::gradus(const Words& arguments) const {
  return Process(Words{program_path()} + arguments, Process::Output::Pipes, folder_.path())
      .finish();
}

std::string ProgramTest::config(const std::string& model) {
  return source_path("models/" + model + ".json").string();
}

Words ProgramTest::small(const std::string& model) {
  Words words = {config(model), "--set", "dataset.path=data", "--set", "batch_size=8"};
  if (model == "mlp") words = words + Words{"--set", "model.hidden=[16]"};
  if (model == "cnn") words = words + Words{"--set", "model.channels=[4,6]"};
  if (model == "resnet") words = words + Words{"--set", "model.depth=8"};
  if (model == "sequential") words = words + Words{"--set", "model.layers.6.in_features=256"};
  return words;
}

Words ProgramTest::train(const std::string& model, const std::string& out, const Words& more) {
  return Words{"train"} + small(model) + Words{"--out", out} + more;
}

Words ProgramTest::epochs(int count) {
  return {"--set", "epochs=" + std::to_string(count)};
}

std::string ProgramTest::metrics(const std::string& run) const {
  return read_text(folder_ / (run + "/metrics.jsonl"));
}

std::vector<Json> ProgramTest::events(const std::string& run) const {
  return read_json_lines(folder_ / (run + "/metrics.jsonl"));
}

std::vector<std::filesystem::path> ProgramTest::checkpoints(const std::string& run) const {
  std::vector<std::filesystem::path> result;
  for (const auto& file : std::filesystem::directory_iterator(folder_ / (run + "/checkpoints"))) {
    result.push_back(file.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

void ProgramTest::expect_same_run(const std::string& a, const std::string& b) const {
  EXPECT_EQ(metrics(a), metrics(b));
  ASSERT_FALSE(checkpoints(a).empty());
  EXPECT_EQ(checkpoints(a).back().filename(), checkpoints(b).back().filename());
  EXPECT_TRUE(read_text(checkpoints(a).back()) == read_text(checkpoints(b).back()))
      << "the last checkpoints of " << a << " and " << b << " differ";
}

}  // namespace gradus::test
