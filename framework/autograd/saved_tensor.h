// SavedTensor: a value that a node keeps for its backward pass.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus::autograd {

using NodePtr = Ref<Node>;

/// A value kept for the backward pass, without its graph. It remembers the version of its memory:
/// an in-place write since then is an error that names both sides. Within checkpoint() (see
/// recompute.h) only a place is kept, and the value is computed again when it is asked for.
class SavedTensor {
 public:
  SavedTensor() = default;
  explicit SavedTensor(const Tensor& value);

  [[nodiscard]] bool defined() const { return value_.defined() || static_cast<bool>(recompute_); }
  /// The value, as a tensor whose node is `node` (null for none). `op` names the reader.
  [[nodiscard]] Tensor unpack(const NodePtr& node, std::string_view op) const;

 private:
  Tensor value_;
  Ref<RefCounted> recompute_;  // a Recompute
  std::uint32_t version_ = 0;
  std::int32_t place_ = 0;
};

}  // namespace gradus::autograd
