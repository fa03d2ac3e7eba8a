// Every target with its corpus and with what was once found by fuzzing: nothing but the errors that
// a target expects, also under the sanitizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

#define TARGET(name) extern "C" int name##_fuzz(const std::uint8_t* data, std::size_t size);
GRADUS_FUZZ_TARGETS
#undef TARGET

namespace gradus {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};

#define TARGET(name) {#name, name##_fuzz},
constexpr Target kTargets[] = {GRADUS_FUZZ_TARGETS};
#undef TARGET

std::vector<fs::path> inputs_of(const std::string& target) {
  std::vector<fs::path> inputs;
  for (const char* kind : {"corpus", "regressions"}) {
    const fs::path folder = test::source_path("tests/fuzz") / kind / target;
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) inputs.push_back(entry.path());
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, refuses_or_reads_every_input) {
  const std::vector<fs::path> inputs = inputs_of(GetParam().name);
  EXPECT_GE(inputs.size(), 3U) << "a target has a corpus of its own";
  for (const fs::path& input : inputs) {
    const std::string bytes = test::read_text(input);
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    EXPECT_NO_THROW(GetParam().run(data, bytes.size())) << input;
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Replay, testing::ValuesIn(kTargets),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace gradus
