// Parameters sorted into groups by their names, each with options of its own.
//
//   {"type": "adamw", "lr": 1e-3, "weight_decay": 0.1, "decay_norms_and_biases": false,
//    "groups": [{"match": "head.*", "lr": 1e-2}, {"match": "*.bias", "eps": 1e-6}]}
//
// A parameter belongs to the first group whose pattern matches its name, else to the optimizer's
// own options. Patterns are the shell's: * stands for any letters (dots too), ? for one, [ab] for
// one of these. What a group does not say it takes from the optimizer. In C++ a group has options
// of its own altogether:
//
//   const optim::AdamWOptions base = {.lr = 1e-3, .weight_decay = 0.1};
//   optim::AdamWOptions head = base;
//   head.lr = 1e-2;
//   optim::AdamW optimizer(net->named_parameters(), base,
//                          {.groups = {{"head.*", head}}, .decay_norms_and_biases = false});
#pragma once

#include "framework/nn/module.h"
#include "framework/nn/options.h"

namespace gradus::optim {

/// How an optimizer's parameters are grouped.
template <class Options>
struct GroupRules {
  struct Group {
    std::string match;  ///< a pattern of names
    Options options;
  };
  std::vector<Group> groups = {};
  /// Where false, parameters of at most one dim, the weights of norms and all biases, have no
  /// weight decay, whatever their group has.
  bool decay_norms_and_biases = true;
};

/// A group whose pattern leaves it without parameters.
class GroupError : public ValueError {
 public:
  GroupError(std::size_t group, const std::string& reason) : ValueError(reason), group_(group) {}
  /// Which one.
  [[nodiscard]] std::size_t group() const { return group_; }

 private:
  std::size_t group_;
};

/// List i has the parameters that patterns[i] matches and no pattern before it, the last list those
/// that none matches; all in their order. Throws GroupError for a pattern without parameters: it
/// names those most like it, or the pattern that took them.
std::vector<nn::StateDict> split_by_name(const nn::StateDict& parameters,
                                         const std::vector<std::string>& patterns);

/// The parameters of at most one dim, or the others.
nn::StateDict norms_and_biases(const nn::StateDict& parameters);
nn::StateDict without_norms_and_biases(const nn::StateDict& parameters);

/// An entry of "groups".
struct GroupConfig {
  std::string match;
  JsonValue options;  ///< all that the optimizer has, with what the entry changes
};
/// The option "groups", after those of the optimizer itself. Throws ConfigError for what is no list
/// of objects with a "match".
std::vector<GroupConfig> describe_groups(OptionReader& o);

}  // namespace gradus::optim
