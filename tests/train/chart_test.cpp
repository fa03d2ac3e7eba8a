// Charts: what they show, and where.
#include "framework/train/chart.h"
#include <gtest/gtest.h>
#include "framework/kernels/error.h"

#include <limits>

namespace gradus {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Chart, places_points_on_logarithmic_axes) {
  const std::string svg = draw_chart(
      "title", "ms", {{"panel", "batch", {{"line", {{1, 0.1}, {4, 1}, {16, 10}}, false}}}});
  // The axes begin at (64, 74), 250 wide and 220 high.
  EXPECT_TRUE(contains(svg, "points=\"64.0,294.0 189.0,184.0 314.0,74.0 \"")) << svg;
  for (const char* part : {"<svg ", "title", "panel", "batch", "line", ">0.1<", ">16<", "</svg>"}) {
    EXPECT_TRUE(contains(svg, part)) << part;
  }
  EXPECT_EQ(svg, draw_chart("title", "ms",
                            {{"panel", "batch", {{"line", {{1, 0.1}, {4, 1}, {16, 10}}, false}}}}));
}

TEST(Chart, draws_a_single_point_and_none_at_all) {
  EXPECT_TRUE(contains(draw_chart("t", "y", {{"p", "x", {{"l", {{1, 1}}, true}}}}), "dasharray"));
  EXPECT_TRUE(contains(draw_chart("t", "y", {{"p", "x", {}}}), "</svg>"));
  EXPECT_TRUE(contains(draw_chart("t", "y", {}), "</svg>"));
}

TEST(Chart, places_points_on_linear_axes_from_0) {
  const auto draw = [](const std::vector<std::pair<double, double>>& points) {
    return draw_chart("title", "rate", {{"panel", "epoch", {{"line", points, false}}}},
                      {.scale = ChartScale::Linear, .width = 500});
  };
  // x from 0 to 30 by 5, y from 0 to 0.1 by 0.02; the axes begin at (64, 74), 220 high.
  const std::string svg = draw({{0, 0.1}, {15, 0.05}, {30, 0}});
  EXPECT_TRUE(contains(svg, "points=\"64.0,74.0 314.0,184.0 564.0,294.0 \"")) << svg;
  for (const char* part : {">0<", ">5<", ">30<", ">0.02<", ">0.1<"}) {
    EXPECT_TRUE(contains(svg, part)) << part;
  }
  EXPECT_FALSE(contains(svg, ">35<"));
  EXPECT_FALSE(contains(svg, ">0.12<"));
  // Below 0 too, and where all is 0.
  EXPECT_TRUE(contains(draw({{0, -1}, {1, 1}}), ">-1<"));
  EXPECT_TRUE(contains(draw({{0, 0}, {1, 0}}), "points=\"64.0,294.0 564.0,294.0 \""));
  EXPECT_THROW(draw({{0, std::numeric_limits<double>::infinity()}}), ValueError);
}

TEST(Chart, refuses_points_without_a_logarithm) {
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(draw_chart("t", "y", {{"p", "x", {{"l", {{1, bad}}, false}}}}), ValueError);
    EXPECT_THROW(draw_chart("t", "y", {{"p", "x", {{"l", {{bad, 1}}, false}}}}), ValueError);
  }
}

}  // namespace
}  // namespace gradus
