// The three styles of progress, on a stream instead of a terminal.
#include <gtest/gtest.h>

#include <sstream>

#include "framework/train/progress.h"

namespace gradus {
namespace {

std::string shown(Progress::Style style) {
  std::ostringstream out;
  {
    Progress progress(out, style, 2, 4);
    for (int step = 1; step <= 4; ++step) progress.step(1, step, 8, 0.5);
    progress.epoch(1, 0.5, 0.4, "accuracy 75.00 %");
    progress.step(2, 4, 8, 0.25);
  }
  return out.str();
}

TEST(ProgressTest, TheBarIsRedrawnInOneLineAndTakenAway) {
  const std::string text = shown(Progress::Style::Bar);
  EXPECT_NE(text.find("\r\033[Kepoch 1/2 ["), std::string::npos) << text;
  EXPECT_NE(text.find("] 4/4  loss 0.5000  "), std::string::npos) << text;
  EXPECT_NE(text.find(" left\r\033[Kepoch 1/2  train loss 0.5000"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\r\033[K")) << text;
}

TEST(ProgressTest, LinesHoldNoControlCharacters) {
  const std::string text = shown(Progress::Style::Lines);
  EXPECT_EQ(text.find_first_of("\r\033"), std::string::npos) << text;
  EXPECT_EQ(text.find("epoch 1/2  train loss 0.5000  test loss 0.4000  accuracy 75.00 %"), 0U)
      << text;
}

TEST(ProgressTest, QuietIsQuiet) {
  EXPECT_EQ(shown(Progress::Style::Quiet), "");
}

}  // namespace
}  // namespace gradus
