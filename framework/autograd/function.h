// Custom functions: a forward and a backward of your own, as one node of the graph.
//
//   struct Cube : gradus::Function<Cube> {
//     static constexpr std::string_view kName = "cube";
//     static Tensor forward(FunctionContext& context, const Tensor& x) {
//       context.save_for_backward({x});
//       return x * x * x;
//     }
//     static std::vector<Tensor> backward(FunctionContext& context, const Tensor& gradient) {
//       const Tensor x = context.saved_tensors()[0];
//       return {gradient * 3 * x * x};
//     }
//   };
//   Tensor y = Cube::apply(x);
//
// forward() runs without recording. backward() returns the gradient of each tensor argument, in
// their order; undefined for one that needs none. Written with ops, it is differentiable itself.
// Ops that the library ships are written another way, see ops/apply.h.
#pragma once

#include "framework/autograd/anomaly.h"
#include "framework/autograd/grad_mode.h"
#include "framework/autograd/node.h"

#include <any>
#include <map>

namespace gradus {

namespace autograd {
template <class F>
class FunctionNode;
}

/// What a forward() hands on to its backward().
class FunctionContext {
 public:
  /// Tensors that backward() needs: inputs, the result, or others. Changing one of them in place
  /// before the backward pass is an error there.
  void save_for_backward(std::vector<Tensor> tensors) { to_save_ = std::move(tensors); }
  /// In backward(): the saved tensors, in the same order.
  [[nodiscard]] const std::vector<Tensor>& saved_tensors() const { return saved_; }
  /// In backward(): whether the gradient of this tensor argument is wanted.
  [[nodiscard]] bool needs_input_grad(std::size_t input) const { return needs_.at(input); }

  /// Anything else, by name.
  std::map<std::string, std::any> saved_data;

 private:
  template <class F>
  friend class autograd::FunctionNode;

  std::vector<Tensor> to_save_;
  std::vector<Tensor> saved_;
  std::vector<bool> needs_;
};

namespace autograd {

template <class F>
class FunctionNode final : public Node {
 public:
  FunctionNode(FunctionContext context, std::span<const Tensor> inputs, const Tensor& out,
               const Location& at)
      : Node(out.sizes(), out.dtype()), context_(std::move(context)) {
    location_ = at;
    for (const Tensor& input : inputs) inputs_.push_back(node_or_none(input));
    for (const Tensor& each : context_.to_save_) {
      const bool is_result = each.defined() && each.is_same(out);
      saved_.push_back(
          {each.defined() ? SavedTensor(each) : SavedTensor(), node_or_none(each), is_result});
    }
    context_.to_save_.clear();
  }

  [[nodiscard]] std::string_view op() const override { return F::kName; }

  Gradients backward(const Tensor& gradient, const Needs& needs) override {
    if (released_) {
      throw StateError(
          "the values it saved are gone: backward() ran through here before; pass "
          ".retain_graph = true there");
    }
    FunctionContext context = context_;
    for (const Value& each : saved_) {
      const NodePtr node = each.is_result ? NodePtr(this) : each.node;
      context.saved_.push_back(each.tensor.defined() ? each.tensor.unpack(node, op()) : Tensor());
    }
    for (std::size_t i = 0; i < needs.size(); ++i) context.needs_.push_back(needs[i]);
    Gradients gradients;
    for (Tensor& each : F::backward(context, gradient)) gradients.push_back(std::move(each));
    if (gradients.size() != needs.size()) {
      throw ValueError("it returned " + std::to_string(gradients.size()) + " gradients for " +
                       std::to_string(needs.size()) +
                       " tensor arguments; an undefined tensor stands for one that needs none");
    }
    return gradients;
  }

  void release_saved() override {
    released_ = !saved_.empty();
    saved_.clear();
  }

 private:
  struct Value {
    SavedTensor tensor;
    NodePtr node;
    bool is_result;
  };

  static NodePtr node_or_none(const Tensor& tensor) {
    return tensor.defined() ? NodePtr(node_of(tensor)) : NodePtr();
  }

  FunctionContext context_;
  std::vector<Value> saved_;
  bool released_ = false;
};

}  // namespace autograd

/// The base of a custom function F, which has kName, forward() and backward() as shown above.
template <class F>
class Function {
 public:
  // A tensor, and where apply() was called.
  struct First {
    const Tensor& tensor;
    Location at;

    First(const Tensor& x, Location where = Location::current())  // implicit: apply(x)
        : tensor(x), at(where) {}
  };

  /// Calls forward() and records it. The first argument is a tensor; all tensors among the
  /// arguments are differentiable inputs, and may be undefined.
  template <class... Arguments>
  static Tensor apply(const First& first, const Arguments&... arguments) {
    std::vector<Tensor> inputs = {first.tensor};
    (add_tensor(inputs, arguments), ...);
    return named(F::kName, first.at, [&] {
      FunctionContext context;
      const std::vector<std::uint32_t> before = versions(inputs);
      Tensor out;
      {
        const NoGradGuard no_grad;
        out = F::forward(context, first.tensor, arguments...);
      }
      if (!out.defined()) throw StateError("forward() returned an undefined tensor");
      if (versions(inputs) != before) {
        throw StateError("forward() wrote to one of its inputs; compute a new tensor");
      }
      if (AnomalyMode::is_enabled()) autograd::check_finite_result(out, inputs);
      if (records(inputs) && out.is_floating_point()) {
        if (out.requires_grad()) out = out.detach();  // an input, returned as it is
        auto node = make_ref<autograd::FunctionNode<F>>(std::move(context), inputs, out, first.at);
        if (KeepValues::is_enabled()) node->keep(out, inputs);
        out.impl()->node = std::move(node);
      }
      return out;
    });
  }

 private:
  static bool records(const std::vector<Tensor>& inputs) {
    return GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(),
                                                 [](const Tensor& t) { return t.requires_grad(); });
  }

  static std::vector<std::uint32_t> versions(const std::vector<Tensor>& tensors) {
    std::vector<std::uint32_t> result;
    for (const Tensor& each : tensors) {
      result.push_back(each.defined() ? each.impl()->storage->version() : 0);
    }
    return result;
  }

  static void add_tensor(std::vector<Tensor>& inputs, const Tensor& tensor) {
    inputs.push_back(tensor);
  }
  template <class T>
  static void add_tensor(std::vector<Tensor>& /*inputs*/, const T& /*other*/) {}
};

}  // namespace gradus
