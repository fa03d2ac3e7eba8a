// Ops that choose elements along a dim: the values, and beside them their int64 indices. The
// gradient of a value goes to the chosen element alone. Included by op families only.
#pragma once

#include "framework/ops/apply.h"
#include "framework/ops/indexing.h"
#include "framework/ops/shape.h"

#include <utility>

namespace gradus::ops {

/// A Rule gives kInfo (with .keeps), samples(), and how many elements it chooses and which:
///
///   std::int64_t count(const Tensor& x, std::int64_t length) const;   // throws what it refuses
///   void choose(const Tensor& values, const Tensor& indices, const Tensor& x, int dim) const;
template <class Rule>
struct Selection {
  static constexpr OpInfo kInfo = Rule::kInfo;
  Rule rule;
  int dim;
  bool keepdim = true;  // what is dropped otherwise is a dim of size 1
  Tensor indices{};
  autograd::SavedTensor saved{};  // with the dim kept

  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    dim = normalize_dim(dim, x.dim());
    Shape kept = x.sizes();
    const std::int64_t count = rule.count(x, kept.empty() ? 1 : kept[dim]);
    if (!kept.empty()) kept[dim] = count;
    Tensor values(kept, x.dtype());
    indices = Tensor(kept, kInt64);
    rule.choose(values, indices, x, dim);
    saved = autograd::SavedTensor(indices);
    if (keepdim || kept.empty()) return values;
    Shape dropped = kept;
    dropped.erase(dim);
    indices = alias(indices, dropped, contiguous_strides(dropped), 0);
    return alias(values, dropped, contiguous_strides(dropped), 0);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor index = saved.unpack({}, kInfo.name);
    return {gather_backward(reshape(g, index.sizes()), s.sizes(0), dim, index)};
  }
  void describe(Attributes& a) const {
    a("dim", dim);
    a("keepdim", keepdim);
    a.result("indices", indices);
    if constexpr (!std::is_empty_v<Rule>) a.leaves_out();
  }
  static Samples samples() { return Rule::samples(); }
};

/// Runs one; values and indices.
template <class Rule>
std::pair<Tensor, Tensor> select(Rule rule, const Tensor& x, int dim, bool keepdim,
                                 const Location& at) {
  Tensor indices;
  const Tensor values = apply_and_keep(Selection<Rule>{rule, dim, keepdim}, {x}, at,
                                       [&](const auto& op) { indices = op.indices; });
  return {values, indices};
}

}  // namespace gradus::ops
