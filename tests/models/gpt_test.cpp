// gpt: names, causality, gradients, learning, and what it refuses.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "framework/train/model.h"
#include "tests/support/errors.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

constexpr std::int64_t kVocabulary = 11;
constexpr std::int64_t kLength = 8;

std::shared_ptr<nn::Module> small_gpt(const Json& more = Json::object()) {
  Json config = {{"type", "gpt"}, {"layers", 2}, {"heads", 2}, {"embedding", 16}};
  config.update(more);
  return models().make(config, {{kLength}, kVocabulary});
}

Tensor tokens(const Shape& sizes, std::uint64_t seed = 3) {
  Generator generator(seed);
  return randint(0, kVocabulary, sizes, kInt64, generator);
}

TEST(GptTest, ItsParametersBearTheNamesOfNanoGpt) {
  std::vector<std::string> names;
  std::int64_t count = 0;
  for (const auto& [name, parameter] : small_gpt()->named_parameters()) {
    names.push_back(name);
    count += parameter.numel();
  }
  ASSERT_EQ(names.size(), 2U + 2 * 12 + 2);
  const std::vector<std::string> first(names.begin(), names.begin() + 14);
  EXPECT_EQ(first, (std::vector<std::string>{
                       "transformer.wte.weight", "transformer.wpe.weight",
                       "transformer.h.0.ln_1.weight", "transformer.h.0.ln_1.bias",
                       "transformer.h.0.attn.c_attn.weight", "transformer.h.0.attn.c_attn.bias",
                       "transformer.h.0.attn.c_proj.weight", "transformer.h.0.attn.c_proj.bias",
                       "transformer.h.0.ln_2.weight", "transformer.h.0.ln_2.bias",
                       "transformer.h.0.mlp.c_fc.weight", "transformer.h.0.mlp.c_fc.bias",
                       "transformer.h.0.mlp.c_proj.weight", "transformer.h.0.mlp.c_proj.bias"}));
  EXPECT_EQ(names[26], "transformer.ln_f.weight");
  const std::int64_t block = 12 * 16 * 16 + 13 * 16;
  EXPECT_EQ(count, (kVocabulary + kLength) * 16 + 2 * block + 2 * 16);
}

TEST(GptTest, TheHeadIsTiedUnlessToldAndBiasesMayBeLeftOut) {
  const auto numel = [](const Json& more) {
    std::int64_t count = 0;
    for (const Tensor& each : small_gpt(more)->parameters()) count += each.numel();
    return count;
  };
  EXPECT_EQ(numel({{"tie_weights", false}}) - numel(Json::object()), kVocabulary * 16);
  EXPECT_EQ(numel(Json::object()) - numel({{"bias", false}}), 2 * 11 * 16 + 16);
  const auto state = small_gpt()->state_dict();
  EXPECT_EQ(state.back().name, "lm_head.weight");
  EXPECT_TRUE(state.back().tensor.is_same(state.front().tensor));
}

TEST(GptTest, ScoresAreOfTheVocabularyAtEachPlace) {
  const auto model = small_gpt();
  EXPECT_EQ((*model)(tokens({3, kLength})).sizes(), (Shape{3, kVocabulary, kLength}));
  EXPECT_EQ((*model)(tokens({3, 1})).sizes(), (Shape{3, kVocabulary, 1}));
}

TEST(GptTest, ALaterTokenChangesNoEarlierScore) {
  const auto model = small_gpt();
  const NoGradGuard no_grad;
  const Tensor before = tokens({2, kLength});
  const Tensor after = before.clone();
  const std::int64_t place = 5;
  const Tensor changed = after.select(1, place);
  changed.copy_((changed + 1) % kVocabulary);
  const Tensor difference = ((*model)(before) - (*model)(after)).abs().amax({0, 1});
  for (std::int64_t t = 0; t < kLength; ++t) {
    const double change = difference.select(0, t).item<double>();
    EXPECT_EQ(change != 0, t >= place) << "place " << t << ": " << change;
  }
}

TEST(GptTest, GradientsAgreeWithFiniteDifferences) {
  for (const Json& more :
       {Json{{"gelu", "none"}}, Json{{"gelu", "tanh"}, {"tie_weights", false}}}) {
    manual_seed(5);
    const auto model = small_gpt(more);
    model->to(kFloat64);
    const Tensor x = tokens({2, kLength});
    const Tensor y = tokens({2, kLength}, 4);
    const auto loss = [&] { return cross_entropy((*model)(x), y); };
    loss().backward();
    const NoGradGuard no_grad;
    for (const auto& [name, parameter] : model->named_parameters()) {
      const std::int64_t i = parameter.numel() / 3;
      double& element = parameter.data_ptr<double>()[i];
      const double value = element;
      constexpr double kStep = 1e-5;
      element = value + kStep;
      const double above = loss().item<double>();
      element = value - kStep;
      const double below = loss().item<double>();
      element = value;
      const double gradient = parameter.grad().to_vector<double>()[static_cast<std::size_t>(i)];
      EXPECT_NEAR((above - below) / (2 * kStep), gradient, 1e-8) << name;
    }
  }
}

// Steps of AdamW on a sequence that repeats; the last loss, and all parameters.
std::pair<double, std::vector<float>> trained(int steps, const Json& more = Json::object()) {
  manual_seed(1);
  const auto model = small_gpt(more);
  const auto optimizer =
      optim::optimizers().make({{"type", "adamw"}, {"lr", 1e-2}}, model->named_parameters());
  const Tensor line = arange(0, 4 * kLength + 1) % 5;
  const Tensor x = line.slice(0, 0, 4 * kLength).reshape({4, kLength});
  const Tensor y = line.slice(0, 1, 4 * kLength + 1).reshape({4, kLength});
  double last = 0;
  for (int step = 0; step < steps; ++step) {
    optimizer->zero_grad();
    const Tensor loss = cross_entropy((*model)(x), y);
    loss.backward();
    optimizer->step();
    last = loss.item<double>();
  }
  std::vector<float> all;
  for (const Tensor& each : model->parameters()) {
    const std::vector<float> values = each.to_vector<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return {last, all};
}

TEST(GptTest, ItLearnsASequenceThatRepeats) {
  EXPECT_GT(trained(1).first, 2);
  EXPECT_LT(trained(60).first, 0.02);
  EXPECT_LT(trained(80, {{"dropout", 0.1}}).first, 0.5);
}

TEST(GptTest, TrainingHasTheSameBitsForAnyNumberOfThreads) {
  const int before = num_threads();
  set_num_threads(1);
  const auto alone = trained(5, {{"dropout", 0.1}});
  for (const int threads : {2, 4}) {
    set_num_threads(threads);
    EXPECT_EQ(trained(5, {{"dropout", 0.1}}), alone) << threads << " threads";
  }
  set_num_threads(before);
}

TEST(GptTest, RefusesWhatDoesNotFit) {
  using test::message_of;
  const auto expect = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  expect(message_of([] { small_gpt({{"heads", 3}}); }), "heads 3 does not divide embedding 16");
  expect(message_of([] { small_gpt({{"head", 2}}); }), "did you mean \"heads\"");
  expect(message_of([] { small_gpt({{"gelu", "fast"}}); }), "gelu");
  expect(message_of([] {
           models().make({{"type", "gpt"}}, {{1, 28, 28}, 10});
         }),
         "needs sequences of tokens [T], the data has shape [1, 28, 28]");
  expect(message_of([] { (*small_gpt())(tokens({2, kLength + 1})); }), "T from 1 to 8, got [2, 9]");
  expect(message_of([] { (*small_gpt())(tokens({kLength})); }), "needs tokens [N, T]");
  expect(message_of([] { (*small_gpt())(zeros({2, kLength})); }), "must be an int64 tensor");
  expect(message_of([] { (*small_gpt())(tokens({2, kLength}) + kVocabulary); }), "out of range");
}

}  // namespace
}  // namespace gradus
