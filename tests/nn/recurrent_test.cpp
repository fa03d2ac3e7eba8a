// Recurrent layers beside what the golden file holds of them: their states, layouts and errors.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using nn::RecurrentOptions;
using nn::RecurrentResult;
using nn::RecurrentState;

Tensor random(const Shape& sizes) {
  static Generator generator(23);
  return rand(sizes, kFloat32, generator) - 0.5;
}

template <class Layer>
class RecurrentLayers : public testing::Test {};
using Kinds = testing::Types<nn::RNN, nn::LSTM, nn::GRU>;
TYPED_TEST_SUITE(RecurrentLayers, Kinds);

// What shows that h_n and c_n are whole: a sequence in two parts is the whole one.
TYPED_TEST(RecurrentLayers, GoOnFromTheirLastStates) {
  const TypeParam layer(5, 4, RecurrentOptions{.num_layers = 2});
  const Tensor x = random({7, 3, 5});
  const RecurrentResult whole = layer->forward(x, {});
  const RecurrentResult first = layer->forward(slice(x, 0, 0, 3), {});
  const RecurrentResult second = layer->forward(slice(x, 0, 3), {first.h_n, first.c_n});
  EXPECT_TRUE(allclose(cat({first.output, second.output}), whole.output));
  EXPECT_TRUE(allclose(second.h_n, whole.h_n));
  EXPECT_EQ(whole.c_n.defined(), layer->type_name() == "LSTM");
  if (!whole.c_n.defined()) return;
  EXPECT_TRUE(allclose(second.c_n, whole.c_n));
}

TYPED_TEST(RecurrentLayers, TheirLastHiddenStatesAreTheirLastOutputs) {
  const TypeParam layer(5, 4, RecurrentOptions{.num_layers = 2, .bidirectional = true});
  const RecurrentResult result = layer->forward(random({7, 3, 5}), {});
  ASSERT_EQ(result.h_n.sizes(), (Shape{4, 3, 4}));
  EXPECT_TRUE(equal(select(result.h_n, 0, 2), slice(select(result.output, 0, 6), 1, 0, 4)));
  EXPECT_TRUE(equal(select(result.h_n, 0, 3), slice(select(result.output, 0, 0), 1, 4)));
}

TYPED_TEST(RecurrentLayers, TakeBatchesFirstAndSingleSequences) {
  const TypeParam layer(5, 4, RecurrentOptions{.bidirectional = true});
  const TypeParam by_batch(5, 4, RecurrentOptions{.batch_first = true, .bidirectional = true});
  by_batch->load_state_dict(layer->state_dict());
  const Tensor x = random({7, 3, 5});
  const Tensor y = layer(x);
  EXPECT_TRUE(equal(by_batch(transpose(x, 0, 1)), transpose(y, 0, 1)));
  const RecurrentResult single = layer->forward(select(x, 1, 1), {});
  EXPECT_TRUE(allclose(single.output, select(y, 1, 1)));
  EXPECT_EQ(single.h_n.sizes(), (Shape{2, 4}));
}

TYPED_TEST(RecurrentLayers, SendGradientsToTheFirstState) {
  const TypeParam layer(2, 3);
  layer->to(kFloat64);
  const Tensor x = random({4, 2, 2}).to(kFloat64);
  const bool has_c = layer->type_name() == "LSTM";
  const auto loss = [&](std::span<const Tensor> in) {
    const RecurrentState state = {in[0], has_c ? in[1] : Tensor()};
    const RecurrentResult result = layer->forward(x, state);
    Tensor total = result.output.square().sum() + result.h_n.pow(3).sum();
    return has_c ? total + result.c_n.square().sum() : total;
  };
  const Tensor h = random({1, 2, 3}).to(kFloat64).requires_grad_();
  const Tensor c = random({1, 2, 3}).to(kFloat64).requires_grad_();
  gradcheck(loss, has_c ? std::vector{h, c} : std::vector{h});
}

TYPED_TEST(RecurrentLayers, DropBetweenLayersInTrainingOnly) {
  const TypeParam layer(5, 4, RecurrentOptions{.num_layers = 2, .dropout = 0.5});
  const TypeParam without(5, 4, RecurrentOptions{.num_layers = 2});
  without->load_state_dict(layer->state_dict());
  const Tensor x = random({7, 3, 5});
  EXPECT_FALSE(equal(layer(x), without(x)));
  layer->eval();
  EXPECT_TRUE(equal(layer(x), without(x)));
}

TYPED_TEST(RecurrentLayers, HaveTheSameBitsForAnyNumberOfThreads) {
  const TypeParam layer(40, 96, RecurrentOptions{.num_layers = 2});
  const Tensor x = random({9, 64, 40});
  const int before = num_threads();
  const auto gradients = [&](int threads) {
    set_num_threads(threads);
    layer->zero_grad();
    layer(x).square().sum().backward();
    std::vector<Tensor> result;
    for (const Tensor& each : layer->parameters()) result.push_back(each.grad().clone());
    return result;
  };
  const std::vector<Tensor> one = gradients(1);
  for (const int threads : {2, 4}) {
    const std::vector<Tensor> found = gradients(threads);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(equal(found[i], one[i])) << i;
  }
  set_num_threads(before);
}

TEST(RecurrentTest, RefusesWhatDoesNotFit) {
  const nn::LSTM lstm(5, 4);
  const nn::GRU gru(5, 4, RecurrentOptions{.batch_first = true});
  const auto expect = [](auto call, const char* message) {
    const std::string found = test::message_of(call);
    EXPECT_NE(found.find(message), std::string::npos) << found;
  };
  expect([&] { lstm(random({7, 3, 6})); }, "LSTM: needs sequences [T, N, 5]");
  expect([&] { gru(random({5})); }, "needs sequences [N, T, 5]");
  expect(
      [&] {
        lstm->forward(random({7, 3, 5}), {random({1, 2, 4})});
      },
      "h_0 of shape [1, 2, 4], expected [1, 3, 4]");
  expect([&] { lstm(random({0, 3, 5})); }, "needs at least one step");
  const RecurrentState with_c = {{}, random({1, 7, 4})};
  expect([&] { gru->forward(random({7, 3, 5}), with_c); }, "has no state c");
  expect([] { nn::RNN(5, 4, RecurrentOptions{}, "sigmoid"); }, "must be \"tanh\" or \"relu\"");
  expect([] { nn::GRU(5, 0); }, "hidden_size must be at least 1");
}

}  // namespace
}  // namespace gradus
