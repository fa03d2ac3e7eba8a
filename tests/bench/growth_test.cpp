// How the cost of a step grows: what is measured, and the picture of it.
#include "framework/bench/growth.h"
#include <gtest/gtest.h>
#include "framework/train/config.h"

#include <map>

namespace gradus::bench {
namespace {

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
  EXPECT_NE(chart_of({found}, roof).find("784-256-128-10"), std::string::npos);
}

}  // namespace
}  // namespace gradus::bench
