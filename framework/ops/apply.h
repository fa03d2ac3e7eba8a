// How an op is written, and the one way in which all of them run.
//
// An op is a struct: its attributes are members, its contract is `kInfo`, and its check, kernel,
// gradient and samples stand together:
//
//   struct Exp {
//     static constexpr OpInfo kInfo{.name = "exp",
//                                   .doc = "e to the power of x, element by element.",
//                                   .floating = true,
//                                   .saves = kSaveOutput};
//     Tensor forward(Inputs in) { return unary(in[0], [](auto x) { return std::exp(x); }); }
//     Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
//       return {g * s.output()};
//     }
//     static Samples samples();
//   };
//   Tensor exp(const Tensor& x, Location at) { return apply(Exp{}, {x}, at); }
//   const RegisterOps<Exp> kRegistered;
//
// forward() checks its inputs and throws the bare reason; apply() brings the inputs to a common
// dtype, names the op and the caller in errors, and records the graph. backward() is written with
// public ops alone, so it can be differentiated again; a gradient may keep the broadcast shape of
// the output, apply's node sums it to the input's. What forward() computes besides the result and
// backward() needs (a mask, indices) is kept in members of the op, with .keeps = true; what a user
// can reach and change, an index for instance, is kept as a SavedTensor. describe() tells the
// members that say what the op does (see trace.h).
#pragma once

#include "framework/autograd/anomaly.h"
#include "framework/autograd/grad_mode.h"
#include "framework/autograd/node.h"
#include "framework/kernels/profile.h"
#include "framework/ops/registry.h"
#include "framework/ops/trace.h"
#include "framework/tensor/creation.h"

namespace gradus::ops {

using autograd::Gradients;
using autograd::Needs;
using TensorList = InlineVector<Tensor, 3>;

/// The values that an op declared in `kInfo.saves`, and the shapes of all its inputs.
class Saved {
 public:
  virtual ~Saved() = default;
  [[nodiscard]] virtual Tensor input(std::size_t i) const = 0;
  [[nodiscard]] virtual Tensor output() const = 0;
  [[nodiscard]] virtual const Shape& sizes(std::size_t i) const = 0;
};

/// Checks arity and dtypes, and converts the inputs to their common dtype.
void prepare(const OpInfo& info, TensorList& inputs);

/// Whether a call with these inputs is recorded.
inline bool records(const OpInfo& info, Inputs inputs) {
  if (!info.differentiable || !GradMode::is_enabled()) return false;
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const Tensor& t) { return t.requires_grad(); });
}

/// Remembers that `out` shares the memory of `input`, so that in-place writes can see to the graph.
/// Views within an op's own computation do not count.
inline void note_view(const Tensor& out, const Tensor& input) {
  TensorImpl& base = *input.impl();
  if (!(out.impl()->storage == base.storage) || out.is_same(input)) return;
  if (!GradMode::is_enabled()) return;
  out.impl()->is_view = true;
  if (!base.has_views.load(std::memory_order_relaxed)) base.has_views = true;
}

/// The values that a call with these inputs has to save: those of `info.saves_for` the inputs that
/// require gradients, or `info.saves`.
inline unsigned saved_values(const OpInfo& info, Inputs inputs) {
  unsigned saves = info.saves;
  for (std::size_t i = 0; i < std::min(inputs.size(), info.saves_for.size()); ++i) {
    if (inputs[i].requires_grad()) saves |= info.saves_for[i];
  }
  return saves;
}

/// `gradient` summed over the dims in which an input of `sizes` was broadcast.
Tensor reduce_to(const Tensor& gradient, const Shape& sizes);

/// The node of one call of op O.
template <class O>
class OpNode final : public autograd::Node, private Saved {
 public:
  OpNode(O op, const TensorList& inputs, const Tensor& out, const Location& at)
      : Node(out.sizes(), out.dtype()), op_(std::move(op)) {
    location_ = CallSite::outside(at);
    const unsigned saves = saved_values(O::kInfo, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& input = inputs[i];
      inputs_.push_back(autograd::NodePtr(autograd::node_of(input)));
      sizes_.push_back(input.sizes());
      if (i < kMostSaved && (saves >> i & 1U) != 0) saved_[i] = autograd::SavedTensor(input);
    }
    if ((saves & kSaveOutput) != 0) output_ = autograd::SavedTensor(out);
  }

  [[nodiscard]] std::string_view op() const override { return O::kInfo.name; }

  Gradients backward(const Tensor& gradient, const Needs& needs) override {
    if (!op_) {
      throw StateError(
          "the values it saved are gone: backward() ran through here before; pass "
          ".retain_graph = true there");
    }
    Gradients gradients = op_->backward(*this, gradient, needs);
    for (std::size_t i = 0; i < std::min(gradients.size(), sizes_.size()); ++i) {
      Tensor& gradient_of_input = gradients[i];
      if (gradient_of_input.defined() && !(gradient_of_input.sizes() == sizes_[i])) {
        gradient_of_input = reduce_to(gradient_of_input, sizes_[i]);
      }
    }
    return gradients;
  }

  void release_saved() override {
    // What saved nothing can run again, as in PyTorch.
    if constexpr (O::kInfo.saves != 0 || O::kInfo.saves_for != OpInfo{}.saves_for ||
                  O::kInfo.keeps) {
      op_.reset();
      saved_ = {};
      output_ = {};
    }
  }

 private:
  [[nodiscard]] Tensor input(std::size_t i) const override {
    return saved_[i].unpack(inputs_[i], O::kInfo.name);
  }
  [[nodiscard]] Tensor output() const override {
    return output_.unpack(autograd::NodePtr(const_cast<OpNode*>(this)), O::kInfo.name);
  }
  [[nodiscard]] const Shape& sizes(std::size_t i) const override { return sizes_[i]; }

  std::optional<O> op_;
  InlineVector<Shape, 2> sizes_;
  std::array<autograd::SavedTensor, kMostSaved> saved_;
  autograd::SavedTensor output_;
};

/// Runs an op on its inputs and records it. `at` is the place that errors name. `inspect` sees the
/// op after its forward pass.
template <class O, class Inspect>
Tensor apply_and_keep(O&& op, TensorList&& inputs, const Location& at, Inspect inspect) {
  kernels::profile::Scope profiled(O::kInfo.name, kernels::profile::Phase::Forward);
  try {
    prepare(O::kInfo, inputs);
    Tensor out;
    const TracePause tracing;
    {
      const NoGradGuard no_grad;
      out = op.forward(inputs);
    }
    if (tracing.trace() != nullptr) [[unlikely]] {
      trace_call(*tracing.trace(), op, inputs, out, at);
    }
    if (AnomalyMode::is_enabled()) autograd::check_finite_result(out, inputs);
    profiled.add(inputs);
    profiled.add(std::span(&out, 1));
    inspect(op);
    if (!inputs.empty()) note_view(out, inputs[0]);
    if (out.is_floating_point() && records(O::kInfo, inputs)) {
      auto node = make_ref<OpNode<O>>(std::move(op), inputs, out, at);
      if (KeepValues::is_enabled()) node->keep(out, inputs);
      out.impl()->node = std::move(node);
    }
    return out;
  } catch (Error& error) {
    error.name_op(O::kInfo.name);
    error.locate(at);
    throw;
  }
}

template <class O>
Tensor apply(O op, TensorList inputs, const Location& at) {
  return apply_and_keep(std::move(op), std::move(inputs), at, [](const O&) {});
}

/// Runs a function composed of ops, so that its errors name it and its caller.
template <class Body>
decltype(auto) compose(std::string_view name, const Location& at, Body&& body) {
  return named(name, at, std::forward<Body>(body));
}

/// Registers ops; one constant per family file. A function composed of ops is registered too, by a
/// struct that has kInfo and samples() alone.
template <class... Os>
struct RegisterOps {
  RegisterOps() { (OpRegistry::instance().add({Os::kInfo, &Os::samples}), ...); }
};

}  // namespace gradus::ops
