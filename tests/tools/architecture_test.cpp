// The shape of the house: includes go one way only, and the framework never names what registers
// itself with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/paths.h"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = gradus::test::source_path();

// Each folder may include itself and those before it.
const std::vector<std::string> kOrder = {"kernels", "tensor", "autograd", "ops",  "graph",
                                         "nn",      "onnx",   "train",    "bench"};
const std::vector<std::string> kComponents = {"optimizers", "schedules", "models", "datasets"};

struct Include {
  fs::path file;
  std::string folder;  // of the included header: "framework/FOLDER/..." or "FOLDER/..."
};

std::vector<fs::path> sources_of(const fs::path& folder) {
  std::vector<fs::path> result;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".h" || extension == ".cpp") result.push_back(entry.path());
  }
  return result;
}

std::vector<Include> includes_of(const fs::path& folder) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*"(?:framework/)?([^/"]+)/.*)re");
  std::vector<Include> result;
  for (const fs::path& file : sources_of(folder)) {
    std::ifstream in(file);
    std::smatch match;
    for (std::string line; std::getline(in, line);) {
      if (std::regex_match(line, match, pattern)) result.push_back({file, match[1]});
    }
  }
  return result;
}

std::ptrdiff_t rank(const std::string& folder) {
  return std::find(kOrder.begin(), kOrder.end(), folder) - kOrder.begin();
}

TEST(ArchitectureTest, FrameworkIncludesGoOneWay) {
  for (const std::string& folder : kOrder) {
    const std::vector<Include> includes = includes_of(kRoot / "framework" / folder);
    EXPECT_FALSE(includes.empty()) << "nothing read in " << folder;
    for (const Include& each : includes) {
      EXPECT_LE(rank(each.folder), rank(folder))
          << each.file << " includes " << each.folder << ", which lies above it";
    }
  }
}

TEST(ArchitectureTest, ComponentsKnowTheFrameworkAndThemselves) {
  for (const std::string& folder : kComponents) {
    for (const Include& each : includes_of(kRoot / folder)) {
      const bool known = each.folder == folder || rank(each.folder) < rank("");
      EXPECT_TRUE(known) << each.file << " includes " << each.folder;
    }
  }
}

TEST(ArchitectureTest, EveryFolderOfTheFrameworkHasItsPlaceInTheOrder) {
  for (const auto& entry : fs::directory_iterator(kRoot / "framework")) {
    if (!entry.is_directory()) continue;
    EXPECT_LT(rank(entry.path().filename()), rank("")) << entry.path();
  }
}

TEST(ArchitectureTest, IncludesAreSpelledByTheirPathInTheRepository) {
  static const std::regex own(R"re(^\s*#\s*include\s*"([^"]+)".*)re");
  static const std::regex umbrella(R"(^\s*#\s*include\s*<gradus/.*)");
  for (const char* folder : {"framework", "optimizers", "schedules", "models", "datasets"}) {
    for (const fs::path& file : sources_of(kRoot / folder)) {
      std::ifstream in(file);
      std::smatch match;
      for (std::string line; std::getline(in, line);) {
        EXPECT_FALSE(std::regex_match(line, umbrella)) << file << ": " << line;
        if (std::regex_match(line, match, own)) {
          EXPECT_TRUE(fs::exists(kRoot / match[1].str())) << file << ": " << line;
        }
      }
    }
  }
}

TEST(ArchitectureTest, FilesStayReadable) {
  for (const char* folder :
       {"framework", "optimizers", "schedules", "models", "datasets", "tests", "tools"}) {
    for (const fs::path& file : sources_of(kRoot / folder)) {
      std::ifstream in(file);
      int lines = 0;
      for (std::string line; std::getline(in, line); ++lines) {
        EXPECT_LE(line.size(), 100U) << file << ":" << lines + 1;
      }
      EXPECT_LE(lines, 500) << file << " asks to be split";
    }
  }
}

}  // namespace
