// Transforms: what they do to pixels, where their random numbers come from, and what is refused.
#include "framework/train/transform.h"
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "framework/kernels/parallel.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/joining.h"
#include "framework/tensor/creation.h"
#include "framework/train/data_loader.h"
#include "framework/train/trainer.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using Values = std::vector<float>;
using test::message_of;

constexpr std::int64_t kHeight = 5;
constexpr std::int64_t kWidth = 7;

TransformList list(const Json& json) {
  return TransformList(json, "/transforms");
}

// Images of two channels, all pixels different and none 0.
Tensor images(std::int64_t count) {
  return (arange(count * 2 * kHeight * kWidth) + 1)
      .to(kFloat32)
      .reshape({count, 2, kHeight, kWidth});
}

std::vector<std::int64_t> first_numbers(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

// What becomes of each of many images, in one epoch.
std::vector<Values> results(const Json& json, std::int64_t count, std::int64_t epoch = 1) {
  const Tensor out = list(json)(images(count), first_numbers(count), 3, epoch);
  std::vector<Values> all;
  for (const Tensor& each : out.unbind()) all.push_back(each.to_vector<float>());
  return all;
}

std::vector<Values> originals(std::int64_t count) {
  std::vector<Values> all;
  for (const Tensor& each : images(count).unbind()) all.push_back(each.to_vector<float>());
  return all;
}

float at(const Values& image, std::int64_t channel, std::int64_t row, std::int64_t column) {
  return image[static_cast<std::size_t>((channel * kHeight + row) * kWidth + column)];
}

// A naive reference: the image moved by (down, right), with `fill` at the border.
Values moved(const Values& image, std::int64_t down, std::int64_t right, float fill) {
  Values result;
  for (std::int64_t channel = 0; channel < 2; ++channel) {
    for (std::int64_t row = down; row < kHeight + down; ++row) {
      for (std::int64_t column = right; column < kWidth + right; ++column) {
        const bool inside = row >= 0 && row < kHeight && column >= 0 && column < kWidth;
        result.push_back(inside ? at(image, channel, row, column) : fill);
      }
    }
  }
  return result;
}

TEST(Transforms, random_crop_moves_images_evenly) {
  constexpr std::int64_t kCount = 900;
  const Json json = test::parse_json(R"([{"type": "random_crop", "padding": 1, "fill": -3}])");
  const auto before = originals(kCount);
  const auto after = results(json, kCount);
  std::map<std::pair<int, int>, int> moves;
  for (std::size_t i = 0; i < after.size(); ++i) {
    for (int down = -1; down <= 1; ++down) {
      for (int right = -1; right <= 1; ++right) {
        if (after[i] == moved(before[i], down, right, -3)) ++moves[{down, right}];
      }
    }
  }
  EXPECT_EQ(moves.size(), 9U);
  int sum = 0;
  for (const auto& [move, count] : moves) {
    EXPECT_NEAR(count, 100, 55);  // about six sigma
    sum += count;
  }
  EXPECT_EQ(sum, kCount);
}

TEST(Transforms, flips_exchange_sides_as_often_as_told) {
  constexpr std::int64_t kCount = 1000;
  const auto before = originals(kCount);
  for (const bool horizontal : {true, false}) {
    const std::string type = horizontal ? "random_horizontal_flip" : "random_vertical_flip";
    const auto after = results(Json::array({{{"type", type}, {"p", 0.3}}}), kCount);
    int flips = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i] == before[i]) continue;
      ++flips;
      for (std::int64_t channel = 0; channel < 2; ++channel) {
        for (std::int64_t row = 0; row < kHeight; ++row) {
          for (std::int64_t column = 0; column < kWidth; ++column) {
            EXPECT_EQ(at(after[i], channel, row, column),
                      horizontal ? at(before[i], channel, row, kWidth - 1 - column)
                                 : at(before[i], channel, kHeight - 1 - row, column));
          }
        }
      }
    }
    EXPECT_NEAR(flips, 300, 90);
  }
  EXPECT_EQ(results(test::parse_json(R"([{"type": "random_horizontal_flip", "p": 0}])"), 50),
            originals(50));
}

// Of a square by a quarter turn the pixels are a permutation; angles in between are bounded.
TEST(Transforms, random_rotation_turns_about_the_centre) {
  const auto before = originals(400);
  const auto after =
      results(test::parse_json(R"([{"type": "random_rotation", "degrees": 20, "fill": -1}])"), 400);
  std::set<Values> patterns;  // of where pixels come from
  for (std::size_t i = 0; i < after.size(); ++i) {
    Values pattern;
    for (std::int64_t row = 0; row < kHeight; ++row) {
      for (std::int64_t column = 0; column < kWidth; ++column) {
        const float value = at(after[i], 0, row, column);
        pattern.push_back(value < 0 ? -1 : value - before[i][0]);
        // Both channels are turned alike.
        EXPECT_EQ(at(after[i], 1, row, column), value < 0 ? -1 : value + kHeight * kWidth);
        if (value < 0) continue;
        const auto from = static_cast<std::int64_t>(value - before[i][0]);
        const double y = static_cast<double>(row) - 2;
        const double x = static_cast<double>(column) - 3;
        const double from_y = static_cast<double>(from / kWidth) - 2;
        const double from_x = static_cast<double>(from % kWidth) - 3;
        // Nearest pixels are at most half a diagonal off the circle, and off 20 degrees on it.
        EXPECT_NEAR(std::hypot(x, y), std::hypot(from_x, from_y), 0.71);
        EXPECT_LE(std::hypot(from_x - x, from_y - y),
                  2 * std::sin(0.1746) * std::hypot(x, y) + 0.71);
      }
    }
    EXPECT_EQ(at(after[i], 0, 2, 3), at(before[i], 0, 2, 3));
    patterns.insert(pattern);
  }
  EXPECT_GT(patterns.size(), 5U);
}

TEST(Transforms, cutout_blanks_a_square) {
  const auto before = originals(300);
  const auto after =
      results(test::parse_json(R"([{"type": "cutout", "size": 3, "fill": -1}])"), 300);
  std::map<std::size_t, int> sizes;
  for (std::size_t i = 0; i < after.size(); ++i) {
    std::size_t blank = 0;
    std::int64_t top = kHeight, bottom = -1, left = kWidth, right = -1;
    for (std::int64_t row = 0; row < kHeight; ++row) {
      for (std::int64_t column = 0; column < kWidth; ++column) {
        EXPECT_EQ(at(after[i], 0, row, column) < 0, at(after[i], 1, row, column) < 0);
        if (at(after[i], 0, row, column) >= 0) {
          EXPECT_EQ(at(after[i], 0, row, column), at(before[i], 0, row, column));
          continue;
        }
        ++blank;
        top = std::min(top, row);
        bottom = std::max(bottom, row);
        left = std::min(left, column);
        right = std::max(right, column);
      }
    }
    ASSERT_GT(blank, 0U);
    EXPECT_EQ(static_cast<std::int64_t>(blank), (bottom - top + 1) * (right - left + 1));
    EXPECT_TRUE(bottom - top < 3 && right - left < 3);
    ++sizes[blank];
  }
  EXPECT_GT(sizes[9], 50);  // whole
  EXPECT_GT(sizes[4], 5);   // at a corner
}

TEST(Transforms, normalize_takes_each_channel_by_its_own) {
  const Json json = test::parse_json(R"([{"type": "normalize", "mean": [1, 2], "std": [0.5, 4]}])");
  const auto after = results(json, 2);
  const auto before = originals(2);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(at(after[i], 0, 1, 2), (at(before[i], 0, 1, 2) - 1) / 0.5F);
    EXPECT_EQ(at(after[i], 1, 4, 6), (at(before[i], 1, 4, 6) - 2) / 4);
  }
  // Rows of numbers have one channel each.
  const Tensor rows = list(json)(tensor({{3.0, 6.0}}), first_numbers(1), 1, 1);
  EXPECT_EQ(rows.to_vector<float>(), (Values{4, 1}));
  EXPECT_TRUE(list(test::parse_json(R"(["random_crop", "normalize"])")).for_testing().empty() ==
              false);
  EXPECT_TRUE(list({"random_crop"}).for_testing().empty());
}

const char* const kAll = R"(["random_crop", "random_horizontal_flip", "random_vertical_flip",
    {"type": "random_rotation", "degrees": 45}, {"type": "cutout", "size": 2}, "normalize"])";

TEST(Transforms, depend_on_seed_epoch_example_and_place_alone) {
  const Json all = test::parse_json(kAll);
  const auto whole = results(all, 40);
  EXPECT_EQ(results(all, 40), whole);
  EXPECT_NE(results(all, 40, 2), whole);
  const TransformList transforms = list(all);
  const std::int64_t some[] = {31, 4};
  const Tensor chosen = cat({images(40).slice(0, 31, 32), images(40).slice(0, 4, 5)});
  const Tensor out = transforms(chosen, some, 3, 1);
  EXPECT_EQ(out[0].to_vector<float>(), whole[31]);
  EXPECT_EQ(out[1].to_vector<float>(), whole[4]);
  EXPECT_NE(transforms(chosen, some, 4, 1)[0].to_vector<float>(), whole[31]);
  // The same transform twice draws twice.
  const Json once = test::parse_json(R"([{"type": "random_crop", "padding": 2}])");
  Json twice = once;
  twice.push_back(once[0]);
  EXPECT_NE(results(twice, 40), results(once, 40));
}

TEST(Transforms, leave_the_data_set_as_it_is) {
  const Tensor before = images(3);
  const Tensor kept = before.clone();
  (void)list({"cutout"})(before, first_numbers(3), 1, 1);
  EXPECT_EQ(before.to_vector<float>(), kept.to_vector<float>());
}

// The batches of two epochs, as one list of numbers.
Values loaded(std::int64_t batch, std::int64_t prefetch, int threads) {
  const int before = num_threads();
  set_num_threads(threads);
  DataLoader loader(std::make_shared<TensorDataset>(images(50), arange(50)),
                    {.batch_size = batch,
                     .shuffle = true,
                     .seed = 5,
                     .prefetch = prefetch,
                     .transforms = list(test::parse_json(kAll))});
  Values all;
  for (const std::int64_t epoch : {1, 2}) {
    loader.start_epoch(epoch);
    while (const auto next = loader.next()) {
      const Values part = next->input.to_vector<float>();
      all.insert(all.end(), part.begin(), part.end());
    }
  }
  set_num_threads(before);
  return all;
}

TEST(DataLoaderTransforms, have_the_same_bits_for_any_threads_and_batches) {
  const Values expected = loaded(8, 0, 1);
  EXPECT_EQ(loaded(8, 2, 1), expected);
  EXPECT_EQ(loaded(8, 5, 4), expected);
  EXPECT_EQ(loaded(1, 3, 2), expected);
  EXPECT_EQ(loaded(50, 1, 4), expected);
}

Json config(const Json& transforms, const Json& shape) {
  Json json = test::parse_json(R"({"model": {"type": "mlp", "hidden": [8]},
      "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd", "lr": 0}, "epochs": 1})");
  json["dataset"] = {{"type", "random"}, {"input_shape", shape}, {"size", 20}, {"outputs", 3}};
  json["dataset"]["transforms"] = transforms;
  return json;
}

TEST(TrainerTransforms, change_training_and_only_some_of_them_testing) {
  const auto losses = [](const Json& transforms) {
    const test::TempDir folder;
    Trainer trainer{Config(config(transforms, {2, 6, 6}))};
    const double test = trainer.train({.out = folder / "run"}).last.loss;
    const std::string log = test::read_text(folder / "run/metrics.jsonl");
    const Json first = test::parse_json(log.substr(0, log.find('\n')));
    return std::pair(first["loss"].get<double>(), test);
  };
  const auto [train, test] = losses(Json::array());
  const auto [cut_train, cut_test] = losses({"cutout"});
  EXPECT_NE(cut_train, train);
  EXPECT_EQ(cut_test, test);
  const auto [scaled_train, scaled_test] = losses({"normalize"});
  EXPECT_NE(scaled_train, train);
  EXPECT_NE(scaled_test, test);
}

TEST(TrainerTransforms, are_options_of_any_data_set) {
  const Config parsed(config(test::parse_json(R"(["cutout"])"), {2, 6, 6}));
  EXPECT_EQ((*parsed.resolved)["dataset"]["transforms"],
            test::parse_json(R"([{"type": "cutout", "size": 8, "fill": 0.0}])"));
  EXPECT_EQ(*Config(*parsed.resolved).resolved, *parsed.resolved);
  const auto refusal = [](const Json& transforms, const Json& shape) {
    return message_of<ConfigError>(
        [&] { const Trainer trainer{Config(config(transforms, shape))}; });
  };
  EXPECT_EQ(refusal("cutout", {2, 6, 6}),
            "/dataset/transforms: expected a list such as [{\"type\": \"random_crop\"}]");
  EXPECT_EQ(refusal({"cutuot"}, {2, 6, 6}),
            "/dataset/transforms/0/type: unknown transform \"cutuot\" (did you mean \"cutout\"?)");
  EXPECT_EQ(refusal({"cutout"}, {6}),
            "/dataset/transforms: do not fit the data: transforms of images take examples [C, H, "
            "W], got [6]");
  EXPECT_EQ(refusal(test::parse_json(R"([{"type": "normalize", "mean": [1, 2, 3]}])"), {2, 6, 6}),
            "/dataset/transforms: do not fit the data: normalize has 3 numbers for examples [2, 6, "
            "6]");
  EXPECT_EQ(refusal(test::parse_json(R"([{"type": "normalize", "std": [0]}])"), {2, 6, 6}),
            "/dataset/transforms/0/std/0: 0 is out of range: must be > 0");
  EXPECT_EQ(message_of<DTypeError>([] {
              (void)list({"cutout"})(zeros({1, 2, 3, 3}, kFloat64), first_numbers(1), 1, 1);
            }),
            "transforms take float32 inputs, got float64");
}

}  // namespace
}  // namespace gradus::data
