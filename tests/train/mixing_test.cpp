// mixup and cutmix against what they are said to do, for any threads and after a restart; and which
// losses they go with.
#include <gtest/gtest.h>
#include "framework/kernels/parallel.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/tensor/creation.h"
#include "framework/train/checkpoint.h"
#include "framework/train/trainer.h"

#include <cmath>
#include <numeric>
#include <set>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using Numbers = std::vector<std::int64_t>;
using test::message_of;

constexpr std::int64_t kCount = 12;  // examples in a batch, each of a class of its own
constexpr std::int64_t kHeight = 6;
constexpr std::int64_t kWidth = 9;

TransformList list(const Json& json) {
  return TransformList(Json::array({json}), "/transforms");
}

// All pixels of all images are different.
Tensor images() {
  return (arange(kCount * 2 * kHeight * kWidth) + 1)
      .to(kFloat32)
      .reshape({kCount, 2, kHeight, kWidth});
}

Example mixed(const Json& json, std::uint64_t seed, std::int64_t epoch = 1) {
  Numbers examples(kCount);
  std::iota(examples.begin(), examples.end(), 0);
  return list(json)({images(), arange(kCount)}, examples, seed, epoch, kCount);
}

// What a row of targets says: the share of the example's own class, and the partner of the rest.
struct Mixture {
  double share = 1;
  std::int64_t partner = 0;

  Mixture(const std::vector<double>& row, std::int64_t own) : partner(own) {
    double sum = 0;
    for (std::size_t c = 0; c < row.size(); ++c) {
      sum += row[c];
      if (row[c] == 0 || std::cmp_equal(c, own)) continue;
      EXPECT_EQ(partner, own) << "more than two classes";
      partner = static_cast<std::int64_t>(c);
    }
    EXPECT_NEAR(sum, 1, 1e-6);
    if (partner != own) share = row[static_cast<std::size_t>(own)];
  }
};

std::vector<Mixture> mixtures(const Example& batch) {
  EXPECT_EQ(batch.target.sizes(), (Shape{kCount, kCount}));
  EXPECT_EQ(batch.target.dtype(), kFloat32);
  std::vector<Mixture> all;
  for (std::int64_t i = 0; i < kCount; ++i) {
    all.emplace_back(batch.target.select(0, i).to_vector<double>(), i);
  }
  return all;
}

// One share a batch, and every example a partner once.
double check_partners(const std::vector<Mixture>& all) {
  double share = 1;
  std::set<std::int64_t> partners;
  for (const Mixture& each : all) {
    partners.insert(each.partner);
    if (each.share == 1) continue;
    if (share != 1) {
      EXPECT_EQ(each.share, share);
    }
    share = each.share;
  }
  EXPECT_EQ(partners.size(), static_cast<std::size_t>(kCount));
  return share;
}

TEST(Mixup, is_the_weighed_mean_of_pairs) {
  const auto before = images().to_vector<float>();
  const std::size_t numel = before.size() / kCount;
  double sum = 0;
  double squares = 0;
  constexpr int kBatches = 600;
  for (int seed = 0; seed < kBatches; ++seed) {
    const Example batch = mixed({{"type", "mixup"}, {"alpha", 0.5}}, seed);
    const std::vector<Mixture> all = mixtures(batch);
    const double share = check_partners(all);
    sum += share;
    squares += (share - 0.5) * (share - 0.5);
    const auto after = batch.input.to_vector<double>();
    for (std::size_t i = 0; i < after.size(); ++i) {
      const Mixture& mixture = all[i / numel];
      const auto other = static_cast<std::size_t>(mixture.partner) * numel + i % numel;
      const double expected = mixture.share * before[i] + (1 - mixture.share) * before[other];
      ASSERT_NEAR(after[i], expected, 1e-3);
    }
  }
  // Beta(a, a) has mean 1/2 and variance 1 / (8 a + 4).
  EXPECT_NEAR(sum / kBatches, 0.5, 0.07);
  EXPECT_NEAR(squares / kBatches, 1.0 / 8, 0.02);
}

TEST(Mixup, mixes_hardly_with_a_small_alpha_and_evenly_with_a_large_one) {
  int even = 0;
  for (int seed = 0; seed < 50; ++seed) {
    const double far = check_partners(mixtures(mixed({{"type", "mixup"}, {"alpha", 1e-4}}, seed)));
    EXPECT_TRUE(far < 0.01 || far > 0.99) << far;
    const double near = check_partners(mixtures(mixed({{"type", "mixup"}, {"alpha", 1e4}}, seed)));
    if (std::abs(near - 0.5) < 0.02) ++even;
  }
  EXPECT_GE(even, 49);
}

TEST(Mixup, leaves_batches_alone_as_often_as_told) {
  int alone = 0;
  for (int seed = 0; seed < 400; ++seed) {
    const Example batch = mixed({{"type", "mixup"}, {"alpha", 10}, {"p", 0.25}}, seed);
    if (batch.input.to_vector<float>() == images().to_vector<float>()) ++alone;
    check_partners(mixtures(batch));
  }
  EXPECT_NEAR(alone, 300, 50);
}

TEST(Mixup, mixes_values_as_they_are) {
  const Tensor values = (arange(kCount).to(kFloat32) * 10).unsqueeze(1);
  Numbers examples(kCount);
  std::iota(examples.begin(), examples.end(), 0);
  const Json json = {{"type", "mixup"}, {"alpha", 1}};
  const Example soft = list(json)({images(), values}, examples, 3, 1);
  const std::vector<Mixture> all = mixtures(mixed(json, 3));
  const auto after = soft.target.to_vector<double>();
  for (std::size_t i = 0; i < after.size(); ++i) {
    const double expected = all[i].share * 10 * static_cast<double>(i) +
                            (1 - all[i].share) * 10 * static_cast<double>(all[i].partner);
    EXPECT_NEAR(after[i], expected, 1e-4);
  }
}

// Of one example: where the pixels come from, and how many are its own.
void check_cut(const std::vector<float>& before, const std::vector<float>& after, std::int64_t i,
               const Mixture& mixture) {
  std::int64_t top = kHeight, bottom = -1, left = kWidth, right = -1, taken = 0;
  for (std::int64_t p = 0; p < kHeight * kWidth; ++p) {
    bool from_partner[2];
    for (std::int64_t c = 0; c < 2; ++c) {
      const auto at = [&](std::int64_t image) {
        return static_cast<std::size_t>((image * 2 + c) * kHeight * kWidth + p);
      };
      from_partner[c] = after[at(i)] != before[at(i)];
      if (from_partner[c]) {
        EXPECT_EQ(after[at(i)], before[at(mixture.partner)]);
      }
    }
    EXPECT_EQ(from_partner[0], from_partner[1]);
    if (!from_partner[0]) continue;
    ++taken;
    top = std::min(top, p / kWidth);
    bottom = std::max(bottom, p / kWidth);
    left = std::min(left, p % kWidth);
    right = std::max(right, p % kWidth);
  }
  if (taken > 0) {
    EXPECT_EQ(taken, (bottom - top + 1) * (right - left + 1));
  }
  EXPECT_NEAR(mixture.share, 1 - static_cast<double>(taken) / (kHeight * kWidth), 1e-6);
}

TEST(Cutmix, pastes_a_rectangle_of_the_partner) {
  const auto before = images().to_vector<float>();
  std::set<double> shares;
  for (int seed = 0; seed < 60; ++seed) {
    const Example batch = mixed("cutmix", seed);
    const std::vector<Mixture> all = mixtures(batch);
    shares.insert(check_partners(all));
    const auto after = batch.input.to_vector<float>();
    for (std::int64_t i = 0; i < kCount; ++i) {
      check_cut(before, after, i, all[static_cast<std::size_t>(i)]);
    }
  }
  EXPECT_GT(shares.size(), 15U);
}

const char* const kBoth = R"(["random_crop", {"type": "mixup", "alpha": 0.4, "p": 0.5},
    {"type": "cutmix", "p": 0.5}, "random_horizontal_flip"])";

DataLoaderOptions loader_options(std::int64_t prefetch) {
  return {.batch_size = 7,
          .shuffle = true,
          .seed = 5,
          .prefetch = prefetch,
          .transforms = TransformList(test::parse_json(kBoth), "/transforms"),
          .classes = 3};
}

// Two epochs as one list of numbers; after a number of batches by a new loader that goes on.
std::vector<float> loaded(std::int64_t prefetch, int threads, std::int64_t restart = -1) {
  const int before = num_threads();
  set_num_threads(threads);
  Generator generator(3);
  const Tensor inputs = rand({50, 1, 8, 8}, kFloat32, generator);
  const Tensor labels = randint(3, {50}, kInt64, generator);
  const auto data = std::make_shared<TensorDataset>(inputs, labels);
  auto loader = std::make_unique<DataLoader>(data, loader_options(prefetch));
  std::vector<float> all;
  for (const std::int64_t epoch : {1, 2}) {
    loader->start_epoch(epoch);
    for (auto next = loader->next(); next; next = loader->next()) {
      for (const Tensor& part : {next->input, next->target}) {
        const auto values = part.to_vector<float>();
        all.insert(all.end(), values.begin(), values.end());
      }
      if (loader->state().batch != restart) continue;
      const LoaderState state = loader->state();
      loader = std::make_unique<DataLoader>(data, loader_options(prefetch));
      loader->restore(state);
    }
  }
  set_num_threads(before);
  return all;
}

TEST(DataLoaderMixing, has_the_same_bits_for_any_threads_and_after_a_restart) {
  const std::vector<float> expected = loaded(0, 1);
  EXPECT_EQ(expected.size(), 2U * 50 * (64 + 3));
  EXPECT_EQ(loaded(2, 1), expected);
  EXPECT_EQ(loaded(5, 4), expected);
  EXPECT_EQ(loaded(3, 2, 4), expected);
  EXPECT_EQ(loaded(0, 4, 1), expected);
}

Json config(const std::string& loss, const Json& transforms) {
  Json json = test::parse_json(R"({"model": {"type": "mlp", "hidden": [8]},
      "optimizer": {"type": "adam", "lr": 0.01}, "epochs": 3, "batch_size": 8, "seed": 2})");
  json["loss"] = {{"type", loss}};
  json["dataset"] = {{"type", "random"}, {"input_shape", {1, 4, 4}}, {"size", 30}, {"outputs", 3}};
  json["dataset"]["transforms"] = transforms;
  return json;
}

TEST(TrainerMixing, goes_on_to_the_bits_of_a_run_that_was_not_stopped) {
  const test::TempDir folder;
  const Json json = config("cross_entropy", {"mixup", "cutmix"});
  Trainer whole{Config(json)};
  const TrainResult result = whole.train({.out = folder / "whole"});
  int steps = 0;
  Trainer first{Config(json)};
  EXPECT_TRUE(first.train({.out = folder / "parts", .stop_requested = [&] { return ++steps == 6; }})
                  .stopped);
  Trainer second{Config(json)};
  const TrainResult resumed = second.train({.out = folder / "parts", .resume = true});
  EXPECT_EQ(test::read_text(folder / "whole/metrics.jsonl"),
            test::read_text(folder / "parts/metrics.jsonl"));
  EXPECT_TRUE(test::read_text(result.checkpoint) == test::read_text(resumed.checkpoint));
}

TEST(TrainerMixing, tests_on_hard_labels) {
  const auto evaluate = [](const Json& transforms) {
    Trainer trainer{Config(config("cross_entropy", transforms))};
    return trainer.evaluate();
  };
  const Evaluation plain = evaluate(Json::array());
  const Evaluation mixing = evaluate({"mixup"});
  EXPECT_EQ(mixing.loss, plain.loss);
  EXPECT_EQ(mixing.metric("accuracy"), plain.metric("accuracy"));
}

TEST(TrainerMixing, says_before_the_first_step_what_does_not_take_soft_labels) {
  const auto refusal = [](const std::string& loss, const Json& transforms) {
    return message_of<ConfigError>(
        [&] { const Trainer trainer{Config(config(loss, transforms))}; });
  };
  for (const char* loss : {"nll", "multi_margin"}) {
    EXPECT_EQ(refusal(loss, {"mixup"}),
              "/dataset/transforms: \"mixup\" makes probabilities of labels, which the loss \"" +
                  std::string(loss) + "\" does not take; cross_entropy does");
  }
  Json flat = config("cross_entropy", {"cutmix"});
  flat["dataset"]["input_shape"] = {16};
  EXPECT_EQ(message_of<ConfigError>([&] { const Trainer trainer{Config(flat)}; }),
            "/dataset/transforms: do not fit the data: cutmix takes examples [C, H, W], got [16]");
  // Values and zeros and ones are mixed for any loss of theirs.
  Json values = config("mse", {"mixup"});
  values["dataset"]["target"] = "value";
  EXPECT_NO_THROW(Trainer{Config(values)});
  EXPECT_EQ(message_of<ValueError>([] {
              (void)soft_labels(tensor({0, 3}), 3);
            }),
            "label 3 is outside [0, 3), the classes that can be mixed");
}

TEST(SoftLabels, have_the_classes_second) {
  const Tensor places = soft_labels(tensor({{2, 0, 1}, {1, 1, 0}}), 3);
  EXPECT_EQ(places.sizes(), (Shape{2, 3, 3}));
  EXPECT_EQ(places.to_vector<int>(), (std::vector<int>{0, 1, 0, 0, 0, 1, 1, 0, 0,  //
                                                       0, 0, 1, 1, 1, 0, 0, 0, 0}));
  const Tensor floating = rand({2, 3});
  EXPECT_TRUE(soft_labels(floating, 3).is_same(floating));
}

}  // namespace
}  // namespace gradus::data
