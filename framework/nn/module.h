// Module: a part of a model, with parameters that are trained, buffers that are not, and children.
//
//   struct Net : nn::Module {
//     nn::Linear fc1 = register_module("fc1", nn::Linear(784, 64));
//     nn::Linear fc2 = register_module("fc2", nn::Linear(64, 10));
//     Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x))); }
//   };
//   auto net = std::make_shared<Net>();
//   Tensor y = (*net)(x);
//
// Names are PyTorch's: a parameter is called by its path, "fc1.weight".
// Thread rules: several threads may call one module at once while nothing changes its parameters
// and it is not in training with state of its own (batch norm).
#pragma once

#include "framework/tensor/tensor.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gradus::nn {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Names and values, in the order of registration.
using StateDict = std::vector<NamedTensor>;

/// The names that stand on one side alone: the module's, and those of the values.
struct IncompatibleKeys {
  std::vector<std::string> missing_keys;
  std::vector<std::string> unexpected_keys;
};

class Module;
using NamedModule = std::pair<std::string, std::shared_ptr<Module>>;

/// Called before a module's forward(); a defined result takes the input's place.
using ForwardPreHook = std::function<Tensor(Module& module, const Tensor& input)>;
/// Called after it; a defined result takes the output's place.
using ForwardHook =
    std::function<Tensor(Module& module, const Tensor& input, const Tensor& output)>;

class Module {
 public:
  Module() = default;
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  virtual Tensor forward(const Tensor& x) = 0;
  /// forward(), with the caller's place in errors. Call this one.
  Tensor operator()(const Tensor& x, Location at = Location::current());
  /// The same without a place: for modules that call those within them.
  Tensor call(const Tensor& x);

  /// Has each call of the module, other than of forward() itself, call `hook` too, in the order of
  /// registration. A module with hooks is not fused with its neighbours (fusion.h). Returns what
  /// remove_hook takes; one that is gone already is left out.
  int register_forward_pre_hook(ForwardPreHook hook);
  int register_forward_hook(ForwardHook hook);
  void remove_hook(int id);
  [[nodiscard]] bool has_hooks() const { return !hooks_.empty(); }

  /// The name of its kind, for messages and summaries: "Linear".
  [[nodiscard]] virtual std::string type_name() const { return "Module"; }

  /// What is trained, or could be (see requires_grad_): own parameters first, then the children's,
  /// depth first. A parameter that is shared stands once, under its first name.
  [[nodiscard]] StateDict named_parameters() const;
  [[nodiscard]] std::vector<Tensor> parameters() const;
  /// What is saved but not trained: running statistics.
  [[nodiscard]] StateDict named_buffers() const;
  [[nodiscard]] const std::vector<NamedModule>& children() const { return children_; }

  /// All parameters and buffers, shared ones under each of their names. The tensors are the
  /// module's own, not copies.
  [[nodiscard]] StateDict state_dict() const;
  /// Copies values in by name. With `strict` every name must be present on both sides, but that
  /// tied weights need one of their names alone; without it, what is on one side alone is left out
  /// and returned. Shapes must always fit. Floating dtypes are converted to the module's; integers
  /// and bools must be what they are here. Throws ValueError that lists all that does not match,
  /// with what may be meant (state_dict.h); then nothing has changed.
  IncompatibleKeys load_state_dict(const StateDict& values, bool strict = true);

  /// What this module, without its children, adds to the loss of its last forward pass: a penalty,
  /// or the divergence of a variational autoencoder. 0-dim, on the scale of a loss that is a mean
  /// over examples; undefined, as by default, for nothing. A forward pass in evaluation leaves
  /// nothing, and one that checkpoint() runs again changes nothing (see is_recomputing()).
  [[nodiscard]] virtual Tensor added_loss() const { return {}; }
  /// The sum over this module and all within it, each counted once; undefined where there is
  /// nothing. What a training loop adds to its loss, as Trainer does.
  [[nodiscard]] Tensor added_losses() const;

  /// Training mode (dropout drops, batch norm uses the batch) on or off, for all children too.
  virtual void train(bool on = true);
  void eval() { train(false); }
  [[nodiscard]] bool is_training() const { return training_; }
  /// Whether all parameters, of children too, are trained: those that are not are frozen, get no
  /// gradient, and no optimizer takes them. Batch norms go on tracking their statistics in training
  /// mode all the same.
  Module& requires_grad_(bool on = true);
  /// Forgets all gradients.
  void zero_grad() const;
  /// The dtype of all floating parameters and buffers.
  void to(DType dtype);

 protected:
  /// Declares a parameter; returns it, requiring a gradient. Here and below: throws ValueError for
  /// a name that is taken, empty, or has a dot.
  Tensor register_parameter(std::string name, const Tensor& value);
  Tensor register_buffer(std::string name, const Tensor& value);
  /// Declares a child; takes a shared_ptr or a Handle and returns it.
  template <class M>
  M register_module(std::string name, M module) {
    check_name(name, as_pointer(module) != nullptr);
    children_.emplace_back(std::move(name), as_pointer(module));
    if (!training_) children_.back().second->train(false);
    return module;
  }

 private:
  template <class M>
  static std::shared_ptr<Module> as_pointer(const std::shared_ptr<M>& module) {
    return module;
  }
  template <class M>
  static std::shared_ptr<Module> as_pointer(const M& handle) {
    return handle.ptr();
  }
  void check_name(const std::string& name, bool has_value) const;
  void collect(const std::string& prefix, StateDict& into,
               std::vector<NamedTensor> Module::*which) const;

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<NamedModule> children_;
  struct Hook {
    int id;
    ForwardPreHook before;  // one of the two is empty
    ForwardHook after;
  };
  Tensor call_with_hooks(Tensor x);

  std::vector<Hook> hooks_;
  int next_hook_ = 0;
  bool training_ = true;
};

/// A module by value: nn::Linear is a Handle<LinearImpl>. Copies share the module.
template <class Impl>
class Handle {
 public:
  /// No module; assign one before use.
  Handle(std::nullptr_t) {}  // implicit: as in PyTorch
  template <class... Args>
  requires(std::is_constructible_v<Impl, Args...> &&
           !(sizeof...(Args) == 1 && (std::is_same_v<std::remove_cvref_t<Args>, Handle> &&
                                      ...))) explicit Handle(Args&&... args)
      : impl_(std::make_shared<Impl>(std::forward<Args>(args)...)) {}

  Tensor operator()(const Tensor& x, Location at = Location::current()) const {
    return (*impl_)(x, at);
  }
  Impl* operator->() const { return impl_.get(); }
  Impl& operator*() const { return *impl_; }
  [[nodiscard]] const std::shared_ptr<Impl>& ptr() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace gradus::nn
