// Optimizer: changes parameters by their gradients.
//
//   optim::Adam optimizer(net->named_parameters(), {.lr = 1e-3});
//   optimizer.zero_grad();
//   cross_entropy((*net)(x), labels).backward();
//   optimizer.step();
//
// Each is a class in optimizers/ that derives from OptimizerOf<Options> (optimizer_of.h) and
// registers itself. A step runs the loops of all parameters as one, on all threads, and allocates
// nothing once every parameter has its state, but for what some make of whole parameters. State is
// keyed by the parameters' names, so neither their order nor new ones upset a checkpoint. A step
// writes the weights in place and says so: a graph recorded before it that still needs the old
// values refuses to run backward.
#pragma once

#include "framework/kernels/update.h"
#include "framework/nn/module.h"
#include "framework/nn/registry.h"
#include "framework/tensor/creation.h"

#include <map>

namespace gradus::optim {

using kernels::ElementLoop;

/// Computes the loss and, by backward(), its gradients at the weights as they are now:
///   [&] { optimizer.zero_grad(); Tensor loss = f(); loss.backward(); return loss; }
using LossClosure = std::function<Tensor()>;

/// What an optimizer remembers of one parameter.
struct ParameterState {
  struct Slot {
    std::string name;
    Tensor tensor;
  };
  struct Number {
    std::string name;
    double value;
  };
  std::int64_t step = 0;
  std::vector<Slot> slots;
  std::vector<Number> numbers;

  [[nodiscard]] bool has(std::string_view slot) const;
  /// The tensor `slot`, zeros (or `initial`) of the parameter's kind at first.
  Tensor& zeros_at(std::string_view slot, const Tensor& parameter) {
    return full_at(slot, parameter, 0);
  }
  Tensor& full_at(std::string_view slot, const Tensor& parameter, double initial);
  /// The number `name`, `initial` at first.
  double& number_at(std::string_view name, double initial);
};

class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates every parameter that has a gradient. Throws StateError where needs_closure().
  virtual void step() = 0;
  /// The step of those that evaluate the loss themselves, and as often as they like; the others
  /// call `closure` once and then step(). It runs with recording on. Returns the first loss.
  virtual Tensor step(const LossClosure& closure);
  /// Whether the optimizer has the step with a closure alone.
  [[nodiscard]] virtual bool needs_closure() const { return false; }
  /// Forgets the gradients of all parameters.
  virtual void zero_grad() = 0;
  /// The learning rate that others are measured by: the first, in the order of the groups, that was
  /// above 0 when its group was added; that of the first group if there is none.
  [[nodiscard]] virtual double learning_rate() const = 0;
  /// Makes that one `lr`, and all others what they were when their groups were added, times the
  /// same factor: a schedule keeps the proportions of the groups. Where all were 0, all are `lr`.
  virtual void set_learning_rate(double lr) = 0;
  /// Whether step() ends with zero_grad(), so that the gradients' memory is free at once. Default:
  /// it does not, as in PyTorch.
  void set_frees_gradients(bool frees) { frees_gradients_ = frees; }
  /// As messages and errors call it: "Adam".
  [[nodiscard]] virtual const char* type_name() const = 0;

  /// All state, as "<parameter>/<slot>"; a number as a float64 scalar of that name, the count of
  /// steps as an int64 scalar "<parameter>/step".
  [[nodiscard]] nn::StateDict state_dict() const;
  /// Replaces all state. Throws ValueError, and changes nothing, for a parameter that is not here
  /// or a slot of another shape.
  void load_state_dict(const nn::StateDict& state);

 protected:
  [[nodiscard]] virtual Tensor find(const std::string& parameter) const = 0;
  /// Whether what the state calls `slot` is a number, not a tensor of the parameter's shape.
  [[nodiscard]] virtual bool is_number(std::string_view /*slot*/) const { return false; }
  /// Forgets all that stands for states_, which were replaced.
  virtual void forget() = 0;
  static void check_parameter(const nn::NamedTensor& parameter);

  // A step: clear(), add() for each parameter with a gradient, then run().
  /// Also after run().
  virtual void clear();
  void add(const Tensor& parameter, const Tensor& gradient, const ElementLoop& loop);
  void run(const char* step_name);
  /// Called by run() before the loops: for what needs whole parameters, such as norms.
  virtual void before_loops() {}

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

}  // namespace gradus::optim
