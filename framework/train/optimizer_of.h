// The bases of optimizers, and how they register. One that changes each element by itself gives the
// loop over a parameter's elements:
//
//   class Plain : public OptimizerOf<PlainOptions> {
//    public:
//     using OptimizerOf::OptimizerOf;
//     const char* type_name() const override { return "Plain"; }
//    protected:
//     const char* step_name() const override { return "Plain.step"; }
//     ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
//                         const PlainOptions& options) override;
//   };
//   const bool kRegistered = add_optimizer<Plain>("plain", "w -= lr * g");
//
// One that needs more of a parameter than its elements, such as a norm, also has before_loops();
// one that evaluates the loss itself derives from GroupedOptimizer.
#pragma once

#include "framework/train/optimizer.h"
#include "framework/train/parameter_groups.h"

#include <array>
#include <set>

namespace gradus::optim {

/// Options in which a schedule has its hand: learning_rates() of them, or else `lr`.
template <class Options>
constexpr auto learning_rates_of() {
  if constexpr (requires { Options::learning_rates(); }) {
    return Options::learning_rates();
  } else {
    return std::array{&Options::lr};
  }
}

/// Options that are decays of weights: weight_decays() of them, or else `weight_decay`, if any.
template <class Options>
constexpr auto weight_decays_of() {
  if constexpr (requires { Options::weight_decays(); }) {
    return Options::weight_decays();
  } else if constexpr (requires { &Options::weight_decay; }) {
    return std::array{&Options::weight_decay};
  } else {
    return std::array<double Options::*, 0>{};
  }
}

/// Parameters in groups, each with its options. `Options` has a member `lr`.
template <class OptionsType>
class GroupedOptimizer : public Optimizer {
 public:
  using Options = OptionsType;
  struct Group {
    nn::StateDict parameters;
    Options options;
    Options initial;  ///< as they were when the group was added
  };

  /// All in one group, or as `rules` say: the first group, which may be empty, has those that no
  /// pattern matches. Throws GroupError for a pattern without parameters.
  explicit GroupedOptimizer(const nn::StateDict& parameters, const Options& options = {},
                            const GroupRules<Options>& rules = {});
  /// For parameters without names: they are called "0", "1", ...
  explicit GroupedOptimizer(const std::vector<Tensor>& parameters, const Options& options = {});
  ~GroupedOptimizer() override;

  /// More parameters, with options of their own. Throws ValueError for a name or a tensor that is
  /// here already, and for what is no contiguous leaf that requires a gradient.
  void add_param_group(nn::StateDict parameters, const Options& options);
  [[nodiscard]] std::vector<Group>& param_groups() { return groups_; }
  [[nodiscard]] const std::vector<Group>& param_groups() const { return groups_; }

  void zero_grad() override;
  [[nodiscard]] double learning_rate() const override;
  void set_learning_rate(double lr) override;

 protected:
  [[nodiscard]] Tensor find(const std::string& name) const override;

 private:
  static nn::StateDict decaying(const nn::StateDict& list, const GroupRules<Options>& rules) {
    return rules.decay_norms_and_biases ? list : without_norms_and_biases(list);
  }
  // Those of `list` that are not decaying().
  void add_others(const nn::StateDict& list, Options options, const GroupRules<Options>& rules);
  // What learning_rate() is.
  [[nodiscard]] std::pair<const Group*, double Options::*> reference() const;

  std::vector<Group> groups_;
  std::set<std::string> names_;
  std::set<const TensorImpl*> tensors_;
};

// Members are outside of their classes, so that they are not inline: a user's compiler takes them
// from the library (extern template) instead of compiling them again.

template <class Options>
GroupedOptimizer<Options>::GroupedOptimizer(const nn::StateDict& parameters, const Options& options,
                                            const GroupRules<Options>& rules) {
  std::vector<std::string> patterns;
  for (const auto& group : rules.groups) patterns.push_back(group.match);
  const std::vector<nn::StateDict> lists = split_by_name(parameters, patterns);
  add_param_group(decaying(lists.back(), rules), options);
  add_others(lists.back(), options, rules);
  for (std::size_t i = 0; i < rules.groups.size(); ++i) {
    nn::StateDict list = decaying(lists[i], rules);
    if (!list.empty()) add_param_group(std::move(list), rules.groups[i].options);
    add_others(lists[i], rules.groups[i].options, rules);
  }
}

template <class Options>
GroupedOptimizer<Options>::GroupedOptimizer(const std::vector<Tensor>& parameters,
                                            const Options& options) {
  nn::StateDict named;
  for (const Tensor& each : parameters) named.push_back({std::to_string(named.size()), each});
  add_param_group(std::move(named), options);
}

template <class Options>
GroupedOptimizer<Options>::~GroupedOptimizer() = default;

template <class Options>
void GroupedOptimizer<Options>::add_param_group(nn::StateDict parameters, const Options& options) {
  std::set<std::string> names = names_;  // taken over only when the whole group is sound
  std::set<const TensorImpl*> tensors = tensors_;
  for (const nn::NamedTensor& each : parameters) {
    check_parameter(each);
    const bool new_name = names.insert(each.name).second;
    if (!new_name || !tensors.insert(each.tensor.impl().get()).second) {
      throw ValueError("add_param_group: parameter \"" + each.name + "\" is here already");
    }
  }
  names_.swap(names);
  tensors_.swap(tensors);
  groups_.push_back({std::move(parameters), options, options});
}

template <class Options>
void GroupedOptimizer<Options>::zero_grad() {
  for (const Group& group : groups_) {
    for (const nn::NamedTensor& each : group.parameters) each.tensor.set_grad({});
  }
}

template <class Options>
double GroupedOptimizer<Options>::learning_rate() const {
  const auto [group, rate] = reference();
  return group->options.*rate;
}

template <class Options>
void GroupedOptimizer<Options>::set_learning_rate(double lr) {
  const auto [group, rate] = reference();
  const double one = group->initial.*rate;
  for (Group& each : groups_) {
    for (const auto member : learning_rates_of<Options>()) {
      const double initial = each.initial.*member;
      each.options.*member = initial == one ? lr : initial * (lr / one);
    }
  }
}

template <class Options>
Tensor GroupedOptimizer<Options>::find(const std::string& name) const {
  for (const Group& group : groups_) {
    for (const nn::NamedTensor& each : group.parameters) {
      if (each.name == name) return each.tensor;
    }
  }
  return {};
}

template <class Options>
void GroupedOptimizer<Options>::add_others(const nn::StateDict& list, Options options,
                                           const GroupRules<Options>& rules) {
  nn::StateDict others = norms_and_biases(list);
  if (rules.decay_norms_and_biases || others.empty()) return;
  for (const auto decay : weight_decays_of<Options>()) options.*decay = 0;
  add_param_group(std::move(others), options);
}

template <class Options>
auto GroupedOptimizer<Options>::reference() const -> std::pair<const Group*, double Options::*> {
  for (const Group& group : groups_) {
    for (const auto rate : learning_rates_of<Options>()) {
      if (group.initial.*rate > 0) return {&group, rate};
    }
  }
  return {&groups_.front(), learning_rates_of<Options>().front()};
}

/// The base of optimizers that change elements by loops.
template <class OptionsType>
class OptimizerOf : public GroupedOptimizer<OptionsType> {
 public:
  using Options = OptionsType;
  using GroupedOptimizer<OptionsType>::GroupedOptimizer;
  using Optimizer::step;

  ~OptimizerOf() override;
  void step() override;

 protected:
  /// The loop that changes a parameter in place. `gradient` is contiguous, of the parameter's shape
  /// and dtype; step() keeps both, and the tensors of `state`, until the loop has run.
  virtual ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient,
                              ParameterState& state, const Options& options) = 0;

  /// A literal such as "Adam.step", for the errors of graphs that still need the old weights.
  [[nodiscard]] virtual const char* step_name() const = 0;

  void forget() override { known_.clear(); }

 private:
  // What step() found last time, so that it need not look again.
  struct Known {
    const TensorImpl* parameter = nullptr;
    ParameterState* state = nullptr;
  };

  std::vector<std::vector<Known>> known_;  // of each group's parameters
};

template <class Options>
OptimizerOf<Options>::~OptimizerOf() = default;

template <class Options>
void OptimizerOf<Options>::step() {
  this->clear();
  const auto& groups = this->param_groups();
  known_.resize(groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto& group = groups[g];
    known_[g].resize(group.parameters.size());
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const auto& [name, parameter] = group.parameters[i];
      Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      Known& known = known_[g][i];
      if (known.parameter != parameter.impl().get()) {
        known = {parameter.impl().get(), &this->states_[name]};
      }
      ++known.state->step;
      if (!gradient.is_contiguous()) gradient = gradient.detach().contiguous();
      this->add(parameter, gradient, loop_of(parameter, gradient, *known.state, group.options));
    }
  }
  this->run(step_name());
  if (this->frees_gradients()) this->zero_grad();
}

/// The options of an optimizer and its groups, as a config has them.
template <class Options>
struct GroupedOptions {
  Options options;
  GroupRules<Options> rules;
  std::string path;

  void describe(OptionReader& o) {
    options.describe(o);
    const std::vector<GroupConfig> groups = describe_groups(o);
    if constexpr (!weight_decays_of<Options>().empty()) {
      o("decay_norms_and_biases", rules.decay_norms_and_biases,
        "whether weights decay that have at most one dim");
    }
    path = o.path();
    for (const GroupConfig& each : groups) {
      const std::string at = path + "/groups/" + std::to_string(rules.groups.size());
      rules.groups.push_back({each.match, read_options<Options>(*each.options, at)});
    }
  }
};

/// Registers the optimizer O, whose config may have groups.
template <class O>
bool add_optimizer(const char* name, const char* doc) {
  using Config = GroupedOptions<typename O::Options>;
  return optimizers().add<Config>(name, doc, [](const Config& config, nn::StateDict parameters) {
    try {
      return std::make_shared<O>(parameters, config.options, config.rules);
    } catch (const GroupError& error) {
      throw ConfigError(config.path + "/groups/" + std::to_string(error.group()) + "/match",
                        error.message());
    }
  });
}

}  // namespace gradus::optim
