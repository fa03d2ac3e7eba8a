// Synthetic data: the points lie where the formulas say, noise is what it says, and models learn.
#include <gtest/gtest.h>
#include "framework/train/trainer.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using std::numbers::pi;

std::shared_ptr<DataSource> make(const std::string& type, Json options = Json::object()) {
  options["type"] = type;
  return datasets().make(options);
}

struct Rows {
  std::vector<double> inputs;
  std::vector<double> targets;
};

Rows rows_of(const DatasetPtr& part) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(part->size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  const Example batch = part->get_batch(all);
  return {batch.input.to_vector<double>(), batch.target.to_vector<double>()};
}

// Calls check(x, y, label) for the points of both parts without noise.
template <class Check>
void for_points(const std::string& type, Json options, Check check) {
  options["noise"] = 0;
  const auto source = make(type, options);
  EXPECT_EQ(source->input_shape, (Shape{2}));
  for (const DatasetPtr& part : {source->train, source->test}) {
    const Rows rows = rows_of(part);
    for (std::size_t i = 0; i < rows.targets.size(); ++i) {
      check(rows.inputs[2 * i], rows.inputs[2 * i + 1], static_cast<int>(rows.targets[i]));
    }
  }
}

TEST(Synthetic, xor_tells_quadrants) {
  int count[2][2] = {};
  for_points("xor", Json::object(), [&](double x, double y, int label) {
    EXPECT_EQ(label, (x > 0) != (y > 0) ? 1 : 0);
    EXPECT_TRUE(std::abs(x) <= 1 && std::abs(y) <= 1);
    ++count[x > 0 ? 1 : 0][y > 0 ? 1 : 0];
  });
  for (const auto& row : count) {
    for (const int each : row) EXPECT_NEAR(each, 500, 100);
  }
}

TEST(Synthetic, moons_are_half_circles) {
  int ones = 0;
  for_points("moons", Json::object(), [&](double x, double y, int label) {
    if (label == 1) {
      x = 1 - x;
      y = 0.5 - y;
    }
    EXPECT_NEAR(x * x + y * y, 1, 1e-6);
    EXPECT_GE(y, 0);
    ones += label;
  });
  EXPECT_EQ(ones, 1000);
}

TEST(Synthetic, spirals_go_round) {
  double farthest = 0;
  for_points("spirals", {{"classes", 3}, {"turns", 1.5}}, [&](double x, double y, int label) {
    const double radius = std::hypot(x, y);
    const double turns = std::atan2(y, x) / (2 * pi) - label / 3.0 - 1.5 * radius;
    if (radius > 1e-3) {
      EXPECT_NEAR(turns, std::round(turns), 1e-3);
    }
    farthest = std::max(farthest, radius);
  });
  EXPECT_TRUE(farthest > 0.99 && farthest < 1);
}

TEST(Synthetic, sine_is_the_sine) {
  const auto source = make("sine", {{"noise", 0}, {"frequency", 2}});
  EXPECT_EQ(source->targets, TargetKind::Values);
  EXPECT_EQ(source->train->get(0).target.sizes(), (Shape{1}));
  const Rows rows = rows_of(source->test);
  double most = 0;
  for (std::size_t i = 0; i < rows.inputs.size(); ++i) {
    EXPECT_NEAR(rows.targets[i], std::sin(2 * rows.inputs[i]), 1e-6);
    most = std::max(most, std::abs(rows.inputs[i]));
  }
  EXPECT_TRUE(most > 3.1 && most <= pi);
}

// The function is linear where it agrees with its own values at zero and the unit vectors, which
// four examples give by elimination.
TEST(Synthetic, linear_is_one_function_for_both_parts) {
  const auto source = make("linear", {{"noise", 0}, {"features", 3}, {"outputs", 2}});
  EXPECT_EQ(source->outputs, 2);
  const Rows train = rows_of(source->train);
  const Rows test = rows_of(source->test);
  double system[4][6];  // inputs, 1, two targets
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 3; ++c) system[r][c] = train.inputs[3 * r + c];
    system[r][3] = 1;
    system[r][4] = train.targets[2 * r];
    system[r][5] = train.targets[2 * r + 1];
  }
  for (std::size_t p = 0; p < 4; ++p) {
    for (std::size_t r = 0; r < 4; ++r) {
      if (r == p) continue;
      const double factor = system[r][p] / system[p][p];
      for (std::size_t c = 0; c < 6; ++c) system[r][c] -= factor * system[p][c];
    }
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    for (std::size_t output = 0; output < 2; ++output) {
      double value = system[3][4 + output] / system[3][3];
      for (std::size_t c = 0; c < 3; ++c) {
        value += system[c][4 + output] / system[c][c] * test.inputs[3 * i + c];
      }
      EXPECT_NEAR(test.targets[2 * i + output], value, 1e-4);
    }
  }
}

TEST(Synthetic, noise_has_the_deviation_that_was_asked_for) {
  for (const char* type : {"xor", "moons", "spirals", "sine", "linear"}) {
    const bool points = std::string(type) != "sine" && std::string(type) != "linear";
    const auto numbers = [&](double noise) {
      const Rows rows = rows_of(make(type, {{"noise", noise}, {"size", 4000}})->train);
      return points ? rows.inputs : rows.targets;
    };
    const auto clean = numbers(0);
    const auto noisy = numbers(0.5);
    double squares = 0;
    for (std::size_t i = 0; i < clean.size(); ++i) {
      squares += (noisy[i] - clean[i]) * (noisy[i] - clean[i]);
    }
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(clean.size())), 0.5, 0.03) << type;
  }
}

TEST(Synthetic, follows_from_the_seed_and_not_from_the_sizes) {
  for (const char* type : {"xor", "moons", "spirals", "sine", "linear"}) {
    const auto one = [&](const Json& options) {
      const auto source = make(type, options);
      auto numbers = rows_of(Subset::first(source->train, 5)).inputs;
      const auto more = rows_of(Subset::first(source->test, 5)).inputs;
      numbers.insert(numbers.end(), more.begin(), more.end());
      return numbers;
    };
    const auto numbers = one(Json::object());
    EXPECT_EQ(one({{"size", 7}, {"test_size", 5}}), numbers) << type;
    EXPECT_NE(one({{"seed", 2}}), numbers) << type;
    const std::vector<double> train(numbers.begin(), numbers.begin() + 5);
    const std::vector<double> test(numbers.end() - 5, numbers.end());
    EXPECT_NE(train, test) << type;
  }
}

TEST(Synthetic, refuses_what_makes_no_sense) {
  EXPECT_THROW(make("xor", {{"size", 0}}), ConfigError);
  EXPECT_THROW(make("moons", {{"noise", -1}}), ConfigError);
  EXPECT_THROW(make("spirals", {{"classes", 1}}), ConfigError);
  EXPECT_THROW(make("sine", {{"frequency", 0}}), ConfigError);
  EXPECT_THROW(make("linear", {{"features", 0}}), ConfigError);
}

// The metric `name` of a small mlp after training.
double learned(const Json& dataset, const std::string& loss, const std::string& name) {
  const test::TempDir folder;
  Json json =
      test::parse_json(R"({"model": {"type": "mlp", "hidden": [32, 32], "activation": "tanh"},
      "optimizer": {"type": "adam", "lr": 0.01}, "epochs": 30, "batch_size": 50})");
  json["dataset"] = dataset;
  json["loss"] = {{"type", loss}};
  json["metrics"] = {name};
  Trainer trainer{Config(json)};
  return trainer.train({.out = folder.path()}).last.metric(name).value_or(0);
}

TEST(Synthetic, can_be_learned) {
  EXPECT_GT(learned({{"type", "xor"}, {"noise", 0}}, "cross_entropy", "accuracy"), 0.97);
  EXPECT_GT(learned({{"type", "moons"}}, "cross_entropy", "accuracy"), 0.99);
  EXPECT_GT(learned({{"type", "spirals"}}, "cross_entropy", "accuracy"), 0.97);
  EXPECT_GT(learned({{"type", "sine"}}, "mse", "r2"), 0.97);
  EXPECT_GT(learned({{"type", "linear"}}, "mse", "r2"), 0.98);
}

}  // namespace
}  // namespace gradus::data
