// Random data: shapes, ranges, the seed, and batches against single examples.
#include <gtest/gtest.h>
#include "framework/train/dataset.h"

#include "tests/support/json.h"

namespace gradus::data {
namespace {

std::shared_ptr<DataSource> make(Json options) {
  options["type"] = "random";
  return datasets().make(options);
}

TEST(RandomData, has_the_shapes_and_kinds_that_were_asked_for) {
  const auto images = make({{"input_shape", {3, 4, 5}}, {"outputs", 7}, {"size", 20}});
  EXPECT_EQ(images->train->size(), 20);
  EXPECT_EQ(images->outputs, 7);
  EXPECT_EQ(images->input_shape, (Shape{3, 4, 5}));
  const Example image = images->train->get(19);
  EXPECT_EQ(image.input.sizes(), (Shape{3, 4, 5}));
  EXPECT_EQ(image.input.dtype(), kFloat32);
  EXPECT_EQ(image.target.sizes(), (Shape{}));
  EXPECT_EQ(image.target.dtype(), kInt64);

  const std::int64_t both[] = {3, 0};
  const auto values = make({{"outputs", 2}, {"target", "value"}, {"size", 4}, {"test_size", 3}});
  EXPECT_EQ(values->test->size(), 3);
  EXPECT_EQ(values->train->get_batch(both).target.sizes(), (Shape{2, 2}));
  EXPECT_EQ(values->train->get_batch(both).target.dtype(), kFloat32);
  const auto binary = make({{"outputs", 1}, {"target", "binary"}, {"size", 64}});
  int ones = 0;
  for (std::int64_t i = 0; i < 64; ++i) {
    const float target = binary->train->get(i).target.item<float>();
    EXPECT_TRUE(target == 0 || target == 1);
    ones += target == 1 ? 1 : 0;
  }
  EXPECT_TRUE(ones > 10 && ones < 54) << ones;
}

TEST(RandomData, targets_of_tokens_are_the_tokens_that_follow) {
  const auto source =
      make({{"input_shape", {9}}, {"outputs", 65}, {"target", "token"}, {"size", 5}});
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto tokens = source->train->get(i).input.to_vector<std::int64_t>();
    const auto next = source->train->get(i).target.to_vector<std::int64_t>();
    ASSERT_EQ(tokens.size(), 9U);
    EXPECT_TRUE(std::equal(tokens.begin() + 1, tokens.end(), next.begin()));
    for (const std::int64_t token : next) EXPECT_TRUE(token >= 0 && token < 65);
  }
}

TEST(RandomData, follows_from_the_seed) {
  const auto numbers = [](int seed) {
    return make({{"size", 3}, {"seed", seed}})->train->get(2).input.to_vector<float>();
  };
  EXPECT_EQ(numbers(5), numbers(5));
  EXPECT_NE(numbers(5), numbers(6));
}

TEST(RandomData, refuses_what_makes_no_sense) {
  EXPECT_THROW(make({{"target", "label"}}), ConfigError);
  EXPECT_THROW(make({{"size", 0}}), ConfigError);
  EXPECT_THROW(make({{"input_shape", {3, 0}}}), ConfigError);
  EXPECT_THROW(make({{"input_shape", {3, 4}}, {"target", "token"}}), ConfigError);
}

}  // namespace
}  // namespace gradus::data
