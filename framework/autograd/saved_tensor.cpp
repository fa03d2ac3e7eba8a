#include "framework/autograd/saved_tensor.h"
#include "framework/autograd/grad_mode.h"
#include "framework/autograd/node.h"
#include "framework/autograd/recompute.h"

namespace gradus::autograd {

SavedTensor::SavedTensor(const Tensor& value) : version_(value.impl()->storage->version()) {
  if (Recompute* recompute = Recompute::current()) {
    place_ = recompute->drop(value);
    if (place_ >= 0) {
      recompute_ = Ref<RefCounted>(recompute);
      return;
    }
  }
  value_ = value.detach();
  value_.impl()->wrapped_number = value.impl()->wrapped_number;
}

Tensor SavedTensor::unpack(const NodePtr& node, std::string_view op) const {
  Tensor value = recompute_ ? static_cast<Recompute&>(*recompute_).take(place_) : value_;
  const Storage& storage = *value.impl()->storage;
  if (!recompute_ && storage.version() != version_) {
    throw StateError(std::string(op) + ": a value saved for its gradient was changed since by " +
                     storage.writer() + "; call backward() before changing it");
  }
  if (!node || !GradMode::is_enabled()) return value;
  value = value.detach();
  value.impl()->node = Ref<GraphNode>(node.get());
  return value;
}

}  // namespace gradus::autograd
