// Charts: what they show, and where.
#include "framework/bench/chart.h"
#include <gtest/gtest.h>
#include "framework/bench/growth.h"
#include "framework/kernels/error.h"
#include "framework/train/config.h"

#include <limits>

namespace gradus::bench {
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

TEST(Growth, plans_are_sound_configs_over_the_sizes_of_the_issue) {
  const std::map<std::string, std::pair<std::int64_t, std::int64_t>> expected = {
      {"batch", {1, 4096}}, {"width", {64, 4096}}, {"layers", {1, 100}}};
  for (const GrowthPlan& plan : growth_plans()) {
    ASSERT_TRUE(expected.contains(plan.of)) << plan.of;
    EXPECT_EQ(plan.sizes.front(), expected.at(plan.of).first);
    EXPECT_EQ(plan.sizes.back(), expected.at(plan.of).second);
    for (const std::int64_t size : plan.sizes) EXPECT_NO_THROW(Config(plan.config(size)));
  }
  EXPECT_EQ(growth_plans().size(), expected.size());
}

TEST(Growth, measures_and_draws) {
  GrowthPlan plan = growth_plans()[0];
  plan.sizes = {1, 2};
  int told = 0;
  const MeasureOptions quick{.rounds = 1, .round_seconds = 0, .warm_up_seconds = 0};
  const Growth found = measure_growth(plan, quick, [&](const Measured&) { ++told; });
  EXPECT_EQ(told, 2);
  ASSERT_EQ(found.points.size(), 2U);
  EXPECT_EQ(found.points[1].second.measurement.multiply_adds,
            2 * found.points[0].second.measurement.multiply_adds);
  const Roof roof{.f32 = 1e11, .bf16 = {}};
  EXPECT_EQ(to_json({found}, roof)[0]["points"][1]["batch"], 2);
  EXPECT_TRUE(contains(chart_of({found}, roof), "784-256-128-10"));
}

}  // namespace
}  // namespace gradus::bench
