// Modules made of others.
#pragma once

#include "framework/nn/module.h"

#include <functional>

namespace gradus::nn {

/// Modules in a row, named "0", "1", ... Those that can are run as one op (fusion.h).
///   nn::Sequential net(nn::Linear(784, 128), nn::ReLU(), nn::Linear(128, 10));
class SequentialImpl : public Module {
 public:
  SequentialImpl() = default;
  explicit SequentialImpl(const std::vector<std::shared_ptr<Module>>& modules) {
    for (const auto& module : modules) push_back(module);
  }
  template <class... Ms>
  requires(sizeof...(Ms) > 0) explicit SequentialImpl(Ms... modules) {
    (push_back(std::move(modules)), ...);
  }
  template <class M>
  void push_back(M module) {
    register_module(std::to_string(children().size()), std::move(module));
  }
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Sequential"; }
};
using Sequential = Handle<SequentialImpl>;

/// x + the modules in a row of x, whose result must have the shape of x (else ShapeError). Names
/// are those of the modules, "0", "1", ...
class ResidualImpl : public SequentialImpl {
 public:
  using SequentialImpl::SequentialImpl;
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Residual"; }
};
using Residual = Handle<ResidualImpl>;

/// Modules that a module calls by itself, named "0", "1", ... under the list's name:
///   nn::ModuleList blocks = register_module("blocks", nn::ModuleList(Block(64), Block(64)));
///   for (const auto& block : *blocks) x = (*block)(x);
class ModuleListImpl : public Module {
 public:
  ModuleListImpl() = default;
  template <class... Ms>
  requires(sizeof...(Ms) > 0) explicit ModuleListImpl(Ms... modules) {
    (push_back(std::move(modules)), ...);
  }
  template <class M>
  void push_back(M module) {
    register_module(std::to_string(children().size()), std::move(module));
    modules_.push_back(children().back().second);
  }
  [[nodiscard]] std::size_t size() const { return modules_.size(); }
  /// Throws ValueError for an index that is none.
  [[nodiscard]] const std::shared_ptr<Module>& at(std::size_t index) const;
  [[nodiscard]] auto begin() const { return modules_.begin(); }
  [[nodiscard]] auto end() const { return modules_.end(); }

  /// Throws StateError: a list has no order of its own in which it computes.
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "ModuleList"; }

 private:
  std::vector<std::shared_ptr<Module>> modules_;
};
using ModuleList = Handle<ModuleListImpl>;

/// A function as a layer: nn::Lambda([](const Tensor& x) { return x * x; }).
class LambdaImpl : public Module {
 public:
  using Function = std::function<Tensor(const Tensor& x)>;
  explicit LambdaImpl(Function function) : function_(std::move(function)) {}
  Tensor forward(const Tensor& x) override { return function_(x); }
  [[nodiscard]] std::string type_name() const override { return "Lambda"; }

 private:
  Function function_;
};
using Lambda = Handle<LambdaImpl>;

}  // namespace gradus::nn
