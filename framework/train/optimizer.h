// Optimizer: changes parameters by their gradients.
//
//   optim::Adam optimizer(net->named_parameters(), {.lr = 1e-3});
//   optimizer.zero_grad();
//   cross_entropy((*net)(x), labels).backward();
//   optimizer.step();
//
// An optimizer is a class in optimizers/ that derives from OptimizerOf<Options>, writes update()
// for one parameter, and registers itself. State is keyed by the parameters' names, so neither
// their order nor new ones upset a checkpoint. A step writes the weights in place and says so: a
// graph recorded before it that still needs the old values refuses to run backward.
#pragma once

#include "framework/kernels/update.h"
#include "framework/nn/module.h"
#include "framework/nn/registry.h"
#include "framework/tensor/creation.h"

#include <map>
#include <set>

namespace gradus::optim {

/// What an optimizer remembers of one parameter.
struct ParameterState {
  std::int64_t step = 0;
  std::map<std::string, Tensor> tensors;

  /// The tensor `slot`, zeros of the parameter's kind at first.
  Tensor& zeros_at(const std::string& slot, const Tensor& parameter);
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates every parameter that has a gradient.
  virtual void step() = 0;
  /// Forgets the gradients of all parameters.
  virtual void zero_grad() = 0;
  /// The learning rate of the first group.
  [[nodiscard]] virtual double learning_rate() const = 0;
  /// Sets it for all groups.
  virtual void set_learning_rate(double lr) = 0;
  /// As messages and errors call it: "Adam".
  [[nodiscard]] virtual const char* type_name() const = 0;

  /// All state, as "<parameter>/<slot>"; the count of steps as an int64 scalar "<parameter>/step".
  [[nodiscard]] nn::StateDict state_dict() const;
  /// Replaces all state. Throws ValueError, and changes nothing, for a parameter that is not here
  /// or a slot of another shape.
  void load_state_dict(const nn::StateDict& state);

 protected:
  [[nodiscard]] virtual Tensor find(const std::string& parameter) const = 0;
  static void check_parameter(const nn::NamedTensor& parameter);

  std::map<std::string, ParameterState> states_;
};

/// The registry of optimizers; they are made for a list of named parameters.
using Registry = gradus::Registry<Optimizer, nn::StateDict>;
Registry& optimizers();

/// The base of all optimizers with an options struct. `Options` has a member `lr`.
template <class OptionsType>
class OptimizerOf : public Optimizer {
 public:
  using Options = OptionsType;
  struct Group {
    nn::StateDict parameters;
    Options options;
  };

  explicit OptimizerOf(nn::StateDict parameters, const Options& options = {}) {
    add_param_group(std::move(parameters), options);
  }
  /// For parameters without names: they are called "0", "1", ...
  explicit OptimizerOf(const std::vector<Tensor>& parameters, const Options& options = {}) {
    nn::StateDict named;
    for (const Tensor& each : parameters) named.push_back({std::to_string(named.size()), each});
    add_param_group(std::move(named), options);
  }

  /// More parameters, with options of their own. Throws ValueError for a name or a tensor that is
  /// here already, and for what is no contiguous leaf that requires a gradient.
  void add_param_group(nn::StateDict parameters, const Options& options) {
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
    groups_.push_back({std::move(parameters), options});
  }
  [[nodiscard]] std::vector<Group>& param_groups() { return groups_; }

  void step() override {
    for (const Group& group : groups_) {
      for (const auto& [name, parameter] : group.parameters) {
        const Tensor gradient = parameter.grad();
        if (!gradient.defined()) continue;
        ParameterState& state = states_[name];
        ++state.step;
        update(parameter, gradient.detach().contiguous(), state, group.options);
        parameter.impl()->storage->mark_written(step_name());
      }
    }
  }
  void zero_grad() override {
    for (const Group& group : groups_) {
      for (const nn::NamedTensor& each : group.parameters) each.tensor.set_grad({});
    }
  }
  [[nodiscard]] double learning_rate() const override { return groups_.front().options.lr; }
  void set_learning_rate(double lr) override {
    for (Group& group : groups_) group.options.lr = lr;
  }

 protected:
  /// Changes one parameter in place. `gradient` is contiguous, of the parameter's shape and dtype.
  virtual void update(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const Options& options) = 0;

  [[nodiscard]] Tensor find(const std::string& name) const override {
    for (const Group& group : groups_) {
      for (const nn::NamedTensor& each : group.parameters) {
        if (each.name == name) return each.tensor;
      }
    }
    return {};
  }

  /// A literal such as "Adam.step", for the errors of graphs that still need the old weights.
  [[nodiscard]] virtual const char* step_name() const = 0;

 private:
  std::vector<Group> groups_;
  std::set<std::string> names_;
  std::set<const TensorImpl*> tensors_;
};

}  // namespace gradus::optim
