// Labels the calls of a trace with the modules that make them.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/trace.h"

#include <map>

namespace gradus::onnx {

/// While it lives, each call of a module of the model, by call(), labels the trace of this thread
/// with the module's name. Modules with hooks are not fused with others, so that the trace is in
/// terms of the layers themselves.
class ModuleWatch {
 public:
  explicit ModuleWatch(nn::Module& model) { add(model, ""); }
  ~ModuleWatch() {
    for (const auto& [module, hook] : hooks_) module->remove_hook(hook);
  }
  ModuleWatch(const ModuleWatch&) = delete;
  ModuleWatch& operator=(const ModuleWatch&) = delete;

  /// "layer \"3\" (Conv2d)", or "the model (Sequential)".
  [[nodiscard]] std::string describe(const std::string& name) const {
    const auto found = types_.find(name);
    const std::string type = found == types_.end() ? "" : " (" + found->second + ")";
    return (name.empty() ? "the model" : "layer \"" + name + "\"") + type;
  }

 private:
  void add(nn::Module& module, const std::string& name) {
    if (!names_.emplace(&module, name).second) return;
    types_.emplace(name, module.type_name());
    hooks_.emplace_back(&module,
                        module.register_forward_pre_hook([this](nn::Module& m, const Tensor&) {
                          enter(names_.at(&m));
                          return Tensor();
                        }));
    hooks_.emplace_back(
        &module, module.register_forward_hook([this](nn::Module&, const Tensor&, const Tensor&) {
          leave();
          return Tensor();
        }));
    const std::string prefix = name.empty() ? "" : name + ".";
    for (const auto& [child, child_module] : module.children()) add(*child_module, prefix + child);
  }

  void enter(const std::string& name) {
    open_.push_back(name);
    set_label();
  }
  void leave() {
    open_.pop_back();
    set_label();
  }
  void set_label() const {
    if (ops::Trace* trace = ops::Trace::current()) {
      trace->set_label(open_.empty() ? "" : open_.back());
    }
  }

  std::map<const nn::Module*, std::string> names_;
  std::map<std::string, std::string> types_;
  std::vector<std::pair<nn::Module*, int>> hooks_;
  std::vector<std::string> open_;
};

}  // namespace gradus::onnx
