// Sampling a next token against probabilities computed here, and going on with tokens against a
// loop over the model.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

using test::message_of;

const std::vector<double> kScores = {1.0, -0.5, 2.0, 0.25, 2.0, -3.0};

// exp(score / temperature) over the sum of those of `among`.
std::vector<double> softmax_of(double temperature, const std::vector<std::size_t>& among) {
  std::vector<double> result(kScores.size());
  double sum = 0;
  for (const std::size_t i : among) sum += std::exp(kScores[i] / temperature);
  for (const std::size_t i : among) result[i] = std::exp(kScores[i] / temperature) / sum;
  return result;
}

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], 1e-12) << i;
  }
}

TEST(NextToken, probabilities_are_the_softmax_at_the_temperature) {
  for (const double temperature : {0.1, 0.7, 1.0, 5.0}) {
    expect_near(next_token_probabilities(kScores, {.temperature = temperature}),
                softmax_of(temperature, {0, 1, 2, 3, 4, 5}));
  }
  expect_near(next_token_probabilities(kScores, {.temperature = 0}), {0, 0, 1, 0, 0, 0});
  expect_near(next_token_probabilities(kScores, {.temperature = 1e-300}), {0, 0, .5, 0, .5, 0});
  expect_near(next_token_probabilities(std::vector{1e300, -1e300}, {}), {1, 0});
}

TEST(NextToken, top_k_and_top_p_keep_the_most_probable) {
  expect_near(next_token_probabilities(kScores, {.temperature = 0.7, .top_k = 3}),
              softmax_of(0.7, {0, 2, 4}));
  expect_near(next_token_probabilities(kScores, {.top_k = 1}), {0, 0, 1, 0, 0, 0});
  expect_near(next_token_probabilities(kScores, {.top_k = 99}), softmax_of(1, {0, 1, 2, 3, 4, 5}));
  // 0.373 + 0.373 + 0.137 + 0.065 + 0.031 + 0.003
  expect_near(next_token_probabilities(kScores, {.top_p = 0.3}), {0, 0, 1, 0, 0, 0});
  expect_near(next_token_probabilities(kScores, {.top_p = 0.5}), softmax_of(1, {2, 4}));
  expect_near(next_token_probabilities(kScores, {.top_p = 0.8}), softmax_of(1, {0, 2, 4}));
  // Of the three that stay 0.845 is the share of the first two.
  expect_near(next_token_probabilities(kScores, {.top_k = 3, .top_p = 0.8}), softmax_of(1, {2, 4}));
  expect_near(next_token_probabilities(kScores, {.top_k = 3, .top_p = 0.9}),
              softmax_of(1, {0, 2, 4}));
}

TEST(NextToken, is_drawn_as_often_as_its_probability_says) {
  const SamplingOptions options = {.temperature = 1.5, .top_k = 5};
  const std::vector<double> expected = softmax_of(1.5, {0, 1, 2, 3, 4});
  Generator generator(7);
  constexpr int kDraws = 40000;
  std::vector<int> counts(kScores.size());
  for (int i = 0; i < kDraws; ++i) {
    ++counts[static_cast<std::size_t>(sample_next_token(kScores, options, generator))];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double deviation = std::sqrt(expected[i] * (1 - expected[i]) / kDraws);
    EXPECT_NEAR(static_cast<double>(counts[i]) / kDraws, expected[i], 4 * deviation) << i;
  }
  EXPECT_EQ(generator.state().draws, static_cast<std::uint64_t>(kDraws));
}

TEST(NextToken, refuses_what_has_no_meaning) {
  const auto refusal = [](const std::vector<double>& scores, const SamplingOptions& options) {
    return message_of([&] { static_cast<void>(next_token_probabilities(scores, options)); });
  };
  EXPECT_EQ(refusal({}, {}), "there are no scores to choose a token by");
  EXPECT_EQ(refusal({1, NAN}, {}), "a score of the next token is not finite");
  EXPECT_EQ(refusal({1, INFINITY}, {}), "a score of the next token is not finite");
  EXPECT_NE(refusal({1}, {.temperature = -1}).find("temperature must be"), std::string::npos);
  EXPECT_NE(refusal({1}, {.temperature = NAN}).find("temperature must be"), std::string::npos);
  EXPECT_NE(refusal({1}, {.top_k = -1}).find("top_k must be"), std::string::npos);
  EXPECT_NE(refusal({1}, {.top_p = 0}).find("top_p must be in (0, 1]"), std::string::npos);
  EXPECT_NE(refusal({1}, {.top_p = 1.5}).find("top_p must be in (0, 1]"), std::string::npos);
}

Trainer token_trainer(const std::string& model, const Json& dataset = Json::object()) {
  Json json = {{"dataset",
                {{"type", "random"},
                 {"input_shape", {6}},
                 {"outputs", 11},
                 {"target", "token"},
                 {"size", 4},
                 {"test_size", 4}}},
               {"model", {{"type", model}}},
               {"loss", {{"type", "cross_entropy"}}},
               {"optimizer", {{"type", "sgd"}}},
               {"seed", 3}};
  json["dataset"].update(dataset);
  if (model == "gpt") json["model"].update({{"layers", 1}, {"heads", 2}, {"embedding", 16}});
  return Trainer{Config(json)};
}

// The model sees the last six tokens, or as many as there are.
TEST(Generate, goes_on_as_a_loop_over_the_model_does) {
  for (const char* name : {"gpt", "char_lstm"}) {
    Trainer trainer = token_trainer(name);
    const std::vector<std::int64_t> prompt = {3, 1, 4};
    std::vector<std::int64_t> seen;
    Generator generator(1);
    const auto found = generate(trainer, prompt, 12, {.temperature = 0}, generator,
                                [&](std::int64_t token) { seen.push_back(token); });
    trainer.model().eval();
    std::vector<std::int64_t> all = prompt;
    for (int i = 0; i < 12; ++i) {
      const auto begin = all.end() - std::min<std::ptrdiff_t>(6, std::ssize(all));
      const Tensor window = tensor(std::vector<std::int64_t>(begin, all.end())).unsqueeze(0);
      const Tensor scores = trainer.model()(window).select(2, -1).select(0, 0);
      all.push_back(argmax(scores.detach()).item<std::int64_t>());
    }
    EXPECT_EQ(found, std::vector<std::int64_t>(all.begin() + 3, all.end())) << name;
    EXPECT_EQ(seen, found);
  }
}

TEST(Generate, is_a_function_of_the_seed) {
  Trainer trainer = token_trainer("gpt");
  const auto drawn = [&](std::uint64_t seed) {
    Generator generator(seed);
    return generate(trainer, std::vector<std::int64_t>{0}, 30, {}, generator);
  };
  EXPECT_EQ(drawn(5), drawn(5));
  EXPECT_NE(drawn(5), drawn(6));
}

TEST(Generate, refuses_tokens_and_models_that_do_not_fit) {
  Trainer trainer = token_trainer("gpt");
  Generator generator(1);
  const auto refusal = [&](Trainer& of, const std::vector<std::int64_t>& prompt) {
    return message_of([&] { generate(of, prompt, 1, {}, generator); });
  };
  EXPECT_EQ(refusal(trainer, {}), "generate: needs at least one token to begin with");
  EXPECT_EQ(refusal(trainer, {0, 11}), "generate: token 11 is outside [0, 11), the data's classes");
  EXPECT_EQ(refusal(trainer, {-1}), "generate: token -1 is outside [0, 11), the data's classes");
  Trainer no_text{Config(test::parse_json(R"({"dataset": {"type": "random", "input_shape": [1],
      "outputs": 3}, "model": {"type": "sequential", "layers": [
      {"type": "linear", "in_features": 1, "out_features": 3}]}, "loss": {"type": "cross_entropy"},
      "optimizer": {"type": "sgd"}})"))};
  EXPECT_NE(refusal(no_text, {0}), "no error");
}

}  // namespace
}  // namespace gradus
