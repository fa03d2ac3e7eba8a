// MetricWatch: what counts as better, how long nothing was, and its state. As the rule of
// reduce_on_plateau it is compared with PyTorch in tests/schedules.
#include "framework/train/metric_watch.h"
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/json.h"

namespace gradus {
namespace {

// Which of the values are better than all before.
std::vector<bool> better(const Improvement& rule, const std::vector<double>& values) {
  MetricWatch watch(rule);
  std::vector<bool> result;
  for (const double value : values) result.push_back(watch.observe(value));
  return result;
}

TEST(MetricWatch, knows_what_is_better) {
  const std::vector<double> values = {4, 5, 3.5, 2, 6, NAN};
  using Found = std::vector<bool>;
  EXPECT_EQ(better({}, values), (Found{true, false, true, true, false, false}));
  EXPECT_EQ(better({.larger_is_better = true}, values),
            (Found{true, true, false, false, true, false}));
  EXPECT_EQ(better({.margin = 0.5}, values), (Found{true, false, false, true, false, false}));
  EXPECT_EQ(better({.margin = 0.2, .is_relative = true}, values),
            (Found{true, false, false, true, false, false}));
  EXPECT_EQ(better({.larger_is_better = true, .margin = 1}, values),
            (Found{true, false, false, false, true, false}));
  EXPECT_EQ(better({}, {NAN, INFINITY, 1}), (Found{false, false, true}));
}

TEST(MetricWatch, counts_the_epochs_without_a_better_value) {
  MetricWatch watch;
  for (const double value : {3, 4, 5}) watch.observe(value);
  EXPECT_EQ(watch.epochs_without(), 2);
  watch.forgive();
  EXPECT_EQ(watch.epochs_without(), 0);
  watch.observe(4);
  EXPECT_EQ(watch.epochs_without(), 1);  // still nothing better than 3
  watch.observe(2);
  EXPECT_EQ(watch.epochs_without(), 0);
}

TEST(MetricWatch, goes_on_with_a_state) {
  MetricWatch first;
  for (const double value : {1.0 / 3, 0.5}) first.observe(value);
  MetricWatch second;
  second.load_state(test::parse_json(test::dump(first.state())));
  EXPECT_EQ(second.state(), first.state());
  EXPECT_EQ(second.epochs_without(), 1);
  EXPECT_FALSE(second.observe(1.0 / 3));
  for (const char* state :
       {"1", "[]", R"({"best": 1})", R"({"best": [], "epochs_without": 1})",
        R"({"best": 1, "epochs_without": -1})", R"({"best": 1, "epochs_without": 1e300})"}) {
    const Json before = second.state();
    EXPECT_THROW(second.load_state(test::parse_json(state)), ValueError) << state;
    EXPECT_EQ(second.state(), before);
  }
  second.load_state({});
  EXPECT_EQ(second.state(), MetricWatch().state());
}

}  // namespace
}  // namespace gradus
