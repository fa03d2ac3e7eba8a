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

TEST(Chart, refuses_points_without_a_logarithm) {
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(draw_chart("t", "y", {{"p", "x", {{"l", {{1, bad}}, false}}}}), ValueError);
    EXPECT_THROW(draw_chart("t", "y", {{"p", "x", {{"l", {{bad, 1}}, false}}}}), ValueError);
  }
}

}  // namespace
}  // namespace gradus
