// Groups of parameters by name: who belongs to which, what is refused, and what a schedule does to
// their learning rates.
#include "framework/train/parameter_groups.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using Names = std::vector<std::string>;

nn::StateDict parameters() {
  nn::StateDict result;
  for (const char* name : {"embed.weight", "0.weight", "0.bias", "1.norm.weight", "1.norm.bias",
                           "head.weight", "head.bias"}) {
    const std::string text = name;
    const bool flat = text.ends_with("bias") || text.find("norm") != std::string::npos;
    result.push_back({text, ones(flat ? Shape{3} : Shape{3, 3}).requires_grad_()});
  }
  return result;
}

Names names_of(const nn::StateDict& list) {
  Names result;
  for (const auto& each : list) result.push_back(each.name);
  return result;
}

std::vector<Names> split(const Names& patterns) {
  std::vector<Names> result;
  for (const auto& list : optim::split_by_name(parameters(), patterns)) {
    result.push_back(names_of(list));
  }
  return result;
}

TEST(ParameterGroups, TheFirstPatternThatMatchesCounts) {
  EXPECT_EQ(split({"head.*", "*.bias", "?.weight"}),
            (std::vector<Names>{{"head.weight", "head.bias"},
                                {"0.bias", "1.norm.bias"},
                                {"0.weight"},
                                {"embed.weight", "1.norm.weight"}}));
  EXPECT_EQ(split({"[a-f]*"}).front(), Names{"embed.weight"});
  EXPECT_EQ(split({"*"}).back(), Names{});
  EXPECT_EQ(split({}).back().size(), 7U);
}

TEST(ParameterGroups, APatternWithoutParametersIsRefused) {
  const auto refusal = [](const Names& patterns, std::size_t group) {
    return test::message_of<optim::GroupError>([&] {
      try {
        optim::split_by_name(parameters(), patterns);
      } catch (const optim::GroupError& error) {
        EXPECT_EQ(error.group(), group);
        throw;
      }
    });
  };
  EXPECT_EQ(refusal({"*.bais"}, 0),
            "\"*.bais\" matches no parameter (the most similar: \"0.bias\", \"1.norm.bias\", "
            "\"head.bias\")");
  EXPECT_EQ(refusal({"*", "haed.weight"}, 1),
            "\"haed.weight\" matches no parameter (the most similar: \"head.weight\", "
            "\"embed.weight\", \"0.weight\")");
  EXPECT_EQ(refusal({"head.*", "*.bias", "head.b*"}, 2),
            "all that \"head.b*\" matches belongs to groups before it, such as \"head.bias\" to "
            "that of \"head.*\"; put it before them");
}

// Each parameter's weight decay and learning rate, by name.
template <class Optimizer>
std::map<std::string, std::pair<double, double>> decays_and_rates(Optimizer& optimizer) {
  std::map<std::string, std::pair<double, double>> result;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& each : group.parameters) {
      result[each.name] = {group.options.weight_decay, group.options.lr};
    }
  }
  return result;
}

TEST(ParameterGroups, NormsAndBiasesNeedNotDecay) {
  const optim::AdamWOptions base = {.lr = 0.1, .weight_decay = 0.5};
  optim::AdamWOptions head = base;
  head.lr = 0.2;
  optim::AdamW optimizer(parameters(), base,
                         {.groups = {{"head.*", head}}, .decay_norms_and_biases = false});
  EXPECT_EQ(decays_and_rates(optimizer),
            (std::map<std::string, std::pair<double, double>>{{"embed.weight", {0.5, 0.1}},
                                                              {"0.weight", {0.5, 0.1}},
                                                              {"0.bias", {0, 0.1}},
                                                              {"1.norm.weight", {0, 0.1}},
                                                              {"1.norm.bias", {0, 0.1}},
                                                              {"head.weight", {0.5, 0.2}},
                                                              {"head.bias", {0, 0.2}}}));
  optim::Muon muon(parameters(), {.adamw_weight_decay = 0.5}, {.decay_norms_and_biases = false});
  for (const auto& group : muon.param_groups()) {
    const bool flat = group.parameters.front().tensor.dim() == 1;
    EXPECT_EQ(group.options.adamw_weight_decay, flat ? 0 : 0.5);
  }
}

TEST(ParameterGroups, AConfigMakesTheSameGroups) {
  const Json json = test::parse_json(R"({"type": "adamw", "lr": 0.1, "weight_decay": 0.5,
      "decay_norms_and_biases": false,
      "groups": [{"match": "head.*", "lr": 0.2, "weight_decay": 0.25},
                 {"match": "0.*", "eps": 1}]})");
  const auto made = optim::optimizers().make(json, parameters());
  auto& optimizer = dynamic_cast<optim::AdamW&>(*made);
  EXPECT_EQ(decays_and_rates(optimizer),
            (std::map<std::string, std::pair<double, double>>{{"embed.weight", {0.5, 0.1}},
                                                              {"0.weight", {0.5, 0.1}},
                                                              {"0.bias", {0, 0.1}},
                                                              {"1.norm.weight", {0, 0.1}},
                                                              {"1.norm.bias", {0, 0.1}},
                                                              {"head.weight", {0.25, 0.2}},
                                                              {"head.bias", {0, 0.2}}}));
  for (const auto& group : optimizer.param_groups()) {
    EXPECT_EQ(group.options.eps, group.parameters.front().name[0] == '0' ? 1 : 1e-8);
  }
  Json wrong = json;
  wrong["groups"][1]["match"] = "*.baias";
  const std::string message = test::message_of<ConfigError>(
      [&] { optim::optimizers().prepare(wrong, "/optimizer")(parameters()); });
  EXPECT_EQ(message,
            "/optimizer/groups/1/match: \"*.baias\" matches no parameter (the most similar: "
            "\"0.bias\", \"1.norm.bias\", \"head.bias\")");
}

std::vector<double> rates_of(optim::SGD& optimizer) {
  std::vector<double> result;
  for (const auto& group : optimizer.param_groups()) result.push_back(group.options.lr);
  return result;
}

TEST(ParameterGroups, AScheduleKeepsTheirProportions) {
  optim::SGD optimizer(
      parameters(), {.lr = 0.3},
      {.groups = {{"head.*", {.lr = 0.6}}, {"0.*", {.lr = 0}}, {"1.*", {.lr = 0.3}}}});
  EXPECT_EQ(optimizer.learning_rate(), 0.3);
  optimizer.set_learning_rate(0);
  EXPECT_EQ(rates_of(optimizer), (std::vector<double>{0, 0, 0, 0}));
  optimizer.set_learning_rate(0.1);  // 0.3 * (0.1 / 0.3) is not 0.1
  EXPECT_EQ(optimizer.learning_rate(), 0.1);
  EXPECT_EQ(rates_of(optimizer), (std::vector<double>{0.1, 0.6 * (0.1 / 0.3), 0, 0.1}));
  optimizer.set_learning_rate(0.3);
  EXPECT_EQ(rates_of(optimizer), (std::vector<double>{0.3, 0.6, 0, 0.3}));
}

TEST(ParameterGroups, AScheduleReachesGroupsBesideOneThatStandsStill) {
  optim::SGD optimizer(parameters(), {.lr = 0}, {.groups = {{"head.*", {.lr = 0.5}}}});
  EXPECT_EQ(optimizer.learning_rate(), 0.5);
  optimizer.set_learning_rate(0.25);
  EXPECT_EQ(rates_of(optimizer), (std::vector<double>{0, 0.25}));
  optim::SGD still(parameters(), {.lr = 0});
  still.set_learning_rate(0.25);
  EXPECT_EQ(still.learning_rate(), 0.25);
  optim::Muon muon(parameters(), {.lr = 0.02, .adamw_lr = 0.001});
  muon.set_learning_rate(0.01);
  EXPECT_EQ(muon.param_groups()[0].options.lr, 0.01);
  EXPECT_EQ(muon.param_groups()[0].options.adamw_lr, 0.0005);
}

}  // namespace
}  // namespace gradus
