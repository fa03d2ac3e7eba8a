// Modules made of others.
#pragma once

#include "framework/nn/module.h"

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

}  // namespace gradus::nn
