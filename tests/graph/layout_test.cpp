// The layout: nothing lies on anything else, and boxes lie below what they are made of.
#include "framework/graph/layout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace gradus::layout {
namespace {

struct Area {
  double x, y, width, height;
};

bool overlap(const Area& a, const Area& b) {
  return std::fabs(a.x - b.x) < (a.width + b.width) / 2 - 0.01 &&
         std::fabs(a.y - b.y) < (a.height + b.height) / 2 - 0.01;
}

void expect_sound(const Drawing& drawing) {
  std::vector<Area> areas;
  for (const Box& box : drawing.boxes) areas.push_back({box.x, box.y, box.width, box.height});
  for (const Line& line : drawing.lines) {
    if (line.label_width == 0) continue;
    areas.push_back({line.label_x, line.label_y, line.label_width, line.label_height});
  }
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const Area& area = areas[i];
    EXPECT_GE(area.x - area.width / 2, 0);
    EXPECT_GE(area.y - area.height / 2, 0);
    EXPECT_LE(area.x + area.width / 2, drawing.width);
    EXPECT_LE(area.y + area.height / 2, drawing.height);
    for (std::size_t k = 0; k < i; ++k) EXPECT_FALSE(overlap(area, areas[k])) << i << " " << k;
  }
  for (const Line& line : drawing.lines) {
    const Box& from = drawing.boxes[line.from];
    const Box& to = drawing.boxes[line.to];
    EXPECT_LT(from.y + from.height / 2, to.y - to.height / 2);
    EXPECT_TRUE(line.path.starts_with("M")) << line.path;
  }
}

Line line(std::size_t from, std::size_t to, double width = 120) {
  Line result;
  result.from = from;
  result.to = to;
  result.label_width = width;
  result.label_height = width > 0 ? 30 : 0;
  return result;
}

TEST(LayoutTest, AChainIsStraight) {
  Drawing drawing{.boxes = {{100, 50}, {140, 60}, {90, 50}}, .lines = {line(0, 1), line(1, 2)}};
  arrange(drawing);
  expect_sound(drawing);
  EXPECT_NEAR(drawing.boxes[0].x, drawing.boxes[1].x, 0.1);
  EXPECT_NEAR(drawing.boxes[2].x, drawing.boxes[1].x, 0.1);
  EXPECT_EQ(drawing.lines[0].path.find('C'), std::string::npos);
}

TEST(LayoutTest, AWeightLiesJustAboveItsUse) {
  Drawing drawing{.boxes = {{100, 50}, {100, 50}, {100, 50}, {100, 50}},
                  .lines = {line(0, 1), line(1, 2), line(3, 2)}};
  arrange(drawing);
  expect_sound(drawing);
  EXPECT_EQ(drawing.boxes[3].y, drawing.boxes[1].y);
}

TEST(LayoutTest, RandomGraphsStayApart) {
  std::mt19937 random(7);
  for (std::size_t count : {1, 2, 5, 20, 60, 150}) {
    Drawing drawing;
    for (std::size_t i = 0; i < count; ++i) {
      drawing.boxes.push_back({60.0 + random() % 150, 40.0 + random() % 60});
      for (unsigned k = 0; i > 0 && k < random() % 4; ++k) {
        const std::size_t reach = std::min<std::size_t>(i, 1 + random() % 12);
        drawing.lines.push_back(line(i - reach, i, random() % 3 == 0 ? 0 : 40 + random() % 200));
        drawing.lines.back().is_main = random() % 2 == 0;
      }
    }
    Drawing again = drawing;
    arrange(drawing);
    expect_sound(drawing);
    arrange(again);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(drawing.boxes[i].x, again.boxes[i].x);
  }
}

TEST(LayoutTest, LargeGraphsTakeNoLongTime) {
  Drawing drawing;
  for (std::size_t i = 0; i < 2000; ++i) {
    drawing.boxes.push_back({100, 50});
    if (i > 0) drawing.lines.push_back(line(i - 1, i));
    if (i > 0) drawing.lines.push_back(line(0, i));  // one weight, used all along
  }
  arrange(drawing);
  EXPECT_GT(drawing.height, 2000 * 50);
}

TEST(LayoutTest, NothingIsFineToo) {
  Drawing drawing;
  arrange(drawing);
  EXPECT_GT(drawing.width, 0);
  EXPECT_GT(drawing.height, 0);
}

}  // namespace
}  // namespace gradus::layout
