// The program `gradus` on a small data set, in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/json.h"
#include "tests/support/process.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus::test {

using Words = std::vector<std::string>;

Words operator+(Words a, const Words& b);

bool contains(const std::string& text, const std::string& part);

class ProgramTest : public testing::Test {
 protected:
  ProgramTest();

  /// Runs the program in the test's folder.
  [[nodiscard]] ProcessResult gradus(const Words& arguments) const;

  static std::string config(const std::string& model);

  /// A shipped config on the small data, made small itself: eight steps an epoch.
  static Words small(const std::string& model);
  static Words train(const std::string& model, const std::string& out, const Words& more = {});
  static Words epochs(int count);

  [[nodiscard]] std::string metrics(const std::string& run) const;
  [[nodiscard]] std::vector<Json> events(const std::string& run) const;

  /// The paths of a run's checkpoints, oldest first.
  [[nodiscard]] std::vector<std::filesystem::path> checkpoints(const std::string& run) const;

  /// Whether two runs wrote the same bytes: all losses, and the last state.
  void expect_same_run(const std::string& a, const std::string& b) const;

  TempDir folder_;
};

}  // namespace gradus::test
