// How state dicts are compared with modules and loaded: PyTorch's rules, and messages that list
// everything.
#include "framework/nn/state_dict.h"
#include "framework/nn/layers.h"
#include "framework/ops/conversion.h"
#include "framework/tensor/creation.h"
#include "framework/tensor/sampling.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using Names = std::vector<std::string>;

// "0.weight", "0.bias", ... of layers 2 -> 2.
nn::Sequential layers(int count) {
  nn::Sequential net;
  for (int i = 0; i < count; ++i) net->push_back(nn::Linear(2, 2));
  return net;
}

std::string refusal(const nn::Sequential& net, const nn::StateDict& values, bool strict = true) {
  return test::message_of([&] { net->load_state_dict(values, strict); });
}

nn::StateDict renamed(const nn::StateDict& state, const std::string& prefix) {
  nn::StateDict result;
  for (const auto& [name, tensor] : state) result.push_back({prefix + name, tensor});
  return result;
}

TEST(StateDictTest, WithoutStrictReturnsWhatIsOnOneSideAlone) {
  const nn::Sequential net = layers(2);
  const Tensor given = full({2, 2}, 3.0, kFloat32);
  const nn::IncompatibleKeys keys =
      net->load_state_dict({{"1.weight", given}, {"extra", given}}, false);
  EXPECT_EQ(keys.missing_keys, (Names{"0.weight", "0.bias", "1.bias"}));
  EXPECT_EQ(keys.unexpected_keys, (Names{"extra"}));
  EXPECT_EQ(net->state_dict()[2].tensor.to_vector<float>(), std::vector<float>(4, 3));
}

TEST(StateDictTest, AnotherShapeIsRefusedWithoutStrictToo) {
  const nn::Sequential net = layers(1);
  const std::string text = refusal(net, {{"0.bias", zeros({3})}}, false);
  EXPECT_EQ(text,
            "load_state_dict: the names, shapes or dtypes differ:\n"
            "  misfit: 0.bias is [2] here and [3] there");
}

TEST(StateDictTest, FloatingDtypesAreConvertedAndOthersAreNot) {
  const nn::Sequential net = layers(1);
  nn::StateDict state = net->state_dict();
  state[0].tensor = full({2, 2}, 0.1, kFloat64);
  state[1].tensor = full({2}, 1.5, kBFloat16);
  net->load_state_dict(state);
  EXPECT_EQ(net->state_dict()[0].tensor.to_vector<float>(), std::vector<float>(4, 0.1F));
  EXPECT_EQ(net->state_dict()[1].tensor.to_vector<float>(), std::vector<float>(2, 1.5F));
  EXPECT_EQ(net->state_dict()[1].tensor.dtype(), kFloat32);
  state[1].tensor = zeros({2}, kInt64);
  EXPECT_NE(refusal(net, state).find("misfit: 0.bias is float32 [2] here and int64 [2] there"),
            std::string::npos);
}

TEST(StateDictTest, SuggestsTheNearestNameOfThatShape) {
  const nn::Sequential net = layers(1);
  nn::StateDict state = net->state_dict();
  state[0].name = "0.wieght";
  state.push_back({"0.weighty", zeros({5})});
  EXPECT_EQ(refusal(net, state),
            "load_state_dict: the names, shapes or dtypes differ:\n"
            "  missing: 0.weight [2, 2] (did you mean \"0.wieght\"?)\n"
            "  unexpected: 0.wieght [2, 2]\n"
            "  unexpected: 0.weighty [5]");
}

TEST(StateDictTest, ListsTenOfAKindAndCountsTheRest) {
  const std::string text = refusal(layers(9), {});
  EXPECT_NE(text.find("\n  missing: 4.bias [2]\n  and 8 more missing"), std::string::npos) << text;
  EXPECT_EQ(text.find("5.weight"), std::string::npos) << text;
}

TEST(StateDictTest, TellsOfAPrefixThatIsAllTheDifference) {
  const nn::Sequential net = layers(2);
  const std::string parallel = refusal(net, renamed(net->state_dict(), "module."));
  EXPECT_NE(parallel.find("\n  the unexpected names are missing ones behind \"module.\", which "
                          "DataParallel puts there: take it away"),
            std::string::npos)
      << parallel;
  EXPECT_EQ(parallel.find("did you mean"), std::string::npos) << parallel;
  const std::string other = refusal(net, renamed(net->state_dict(), "model.body."));
  EXPECT_NE(other.find("behind \"model.body.\": take it away"), std::string::npos) << other;

  nn::Sequential outer;
  outer->push_back(layers(2));
  const std::string inner = refusal(outer, net->state_dict());
  EXPECT_NE(inner.find("the missing names are unexpected ones behind \"0.\": put it there"),
            std::string::npos)
      << inner;
}

// As safetensors.torch.save_model() leaves repeats out.
TEST(StateDictTest, TiedWeightsNeedOneOfTheirNamesAlone) {
  const nn::Linear shared(2, 2);
  nn::Sequential net;
  net->push_back(shared);
  net->push_back(shared);
  EXPECT_EQ(net->state_dict().size(), 4U);
  const Tensor weight = rand({2, 2});
  net->load_state_dict({{"1.weight", weight}, {"0.bias", zeros({2})}});
  EXPECT_EQ(shared->weight.to_vector<float>(), weight.to_vector<float>());
  EXPECT_NE(refusal(net, {{"1.weight", weight}}).find("missing: 0.bias"), std::string::npos);
}

}  // namespace
}  // namespace gradus
