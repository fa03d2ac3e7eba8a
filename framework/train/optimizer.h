// Optimizer: changes parameters by their gradients.
//
//   optim::Adam optimizer(net->named_parameters(), {.lr = 1e-3});
//   optimizer.zero_grad();
//   cross_entropy((*net)(x), labels).backward();
//   optimizer.step();
//
// Each is a class in optimizers/ that derives from OptimizerOf<Options>, gives the loop over
// one parameter's elements (loop_of), and registers itself. A step runs the loops of all parameters
// as one, on all threads, and allocates nothing once every parameter has its state. State is keyed
// by the parameters' names, so neither their order nor new ones upset a checkpoint. A step writes
// the weights in place and says so: a graph recorded before it that still needs the old values
// refuses to run backward.
#pragma once

#include "framework/kernels/update.h"
#include "framework/nn/module.h"
#include "framework/nn/registry.h"
#include "framework/tensor/creation.h"

#include <map>
#include <set>

namespace gradus::optim {

using kernels::ElementLoop;

/// What an optimizer remembers of one parameter.
struct ParameterState {
  struct Slot {
    std::string name;
    Tensor tensor;
  };
  std::int64_t step = 0;
  std::vector<Slot> slots;

  [[nodiscard]] bool has(std::string_view slot) const;
  /// The tensor `slot`, zeros of the parameter's kind at first.
  Tensor& zeros_at(std::string_view slot, const Tensor& parameter);
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
  /// Whether step() ends with zero_grad(), so that the gradients' memory is free at once. Default:
  /// it does not, as in PyTorch.
  void set_frees_gradients(bool frees) { frees_gradients_ = frees; }
  /// As messages and errors call it: "Adam".
  [[nodiscard]] virtual const char* type_name() const = 0;

  /// All state, as "<parameter>/<slot>"; the count of steps as an int64 scalar "<parameter>/step".
  [[nodiscard]] nn::StateDict state_dict() const;
  /// Replaces all state. Throws ValueError, and changes nothing, for a parameter that is not here
  /// or a slot of another shape.
  void load_state_dict(const nn::StateDict& state);

 protected:
  /// What step() found last time, so that it need not look again.
  struct Known {
    const TensorImpl* parameter = nullptr;
    ParameterState* state = nullptr;
  };

  [[nodiscard]] virtual Tensor find(const std::string& parameter) const = 0;
  /// Forgets what is Known.
  virtual void forget() = 0;
  static void check_parameter(const nn::NamedTensor& parameter);

  // A step: clear(), add() for each parameter with a gradient, then run().
  void clear();
  void add(const Tensor& parameter, const Tensor& gradient, const ElementLoop& loop);
  void run(const char* step_name);

  [[nodiscard]] bool frees_gradients() const { return frees_gradients_; }

  std::map<std::string, ParameterState> states_;

 private:
  bool frees_gradients_ = false;
  // Kept from step to step for their memory.
  kernels::Concatenation elements_;
  std::vector<ElementLoop> loops_;
  std::vector<Tensor> gradients_;
  std::vector<Storage*> written_;
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
    clear();
    known_.resize(groups_.size());
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      known_[g].resize(group.parameters.size());
      for (std::size_t i = 0; i < group.parameters.size(); ++i) {
        const auto& [name, parameter] = group.parameters[i];
        Tensor gradient = parameter.grad();
        if (!gradient.defined()) continue;
        Known& known = known_[g][i];
        if (known.parameter != parameter.impl().get()) {
          known = {parameter.impl().get(), &states_[name]};
        }
        ++known.state->step;
        if (!gradient.is_contiguous()) gradient = gradient.detach().contiguous();
        add(parameter, gradient, loop_of(parameter, gradient, *known.state, group.options));
      }
    }
    run(step_name());
    if (frees_gradients()) zero_grad();
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
  /// The loop that changes a parameter in place. `gradient` is contiguous, of the parameter's shape
  /// and dtype; step() keeps both, and the tensors of `state`, until the loop has run.
  virtual ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient,
                              ParameterState& state, const Options& options) = 0;

  [[nodiscard]] Tensor find(const std::string& name) const override {
    for (const Group& group : groups_) {
      for (const nn::NamedTensor& each : group.parameters) {
        if (each.name == name) return each.tensor;
      }
    }
    return {};
  }

  void forget() override { known_.clear(); }

  /// A literal such as "Adam.step", for the errors of graphs that still need the old weights.
  [[nodiscard]] virtual const char* step_name() const = 0;

 private:
  std::vector<Group> groups_;
  std::vector<std::vector<Known>> known_;  // of each group's parameters
  std::set<std::string> names_;
  std::set<const TensorImpl*> tensors_;
};

}  // namespace gradus::optim
