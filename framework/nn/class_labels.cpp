#include "framework/nn/class_labels.h"
#include "framework/ops/indexing.h"
#include "framework/ops/views.h"
#include "framework/tensor/creation.h"

namespace gradus::ops {

void check_class_labels(const Tensor& labels, const Tensor& x, const Tensor& weight,
                        std::optional<std::int64_t> ignored) {
  Shape expected = x.sizes();
  if (x.dim() > 0) expected.erase(class_dim(x));
  if (x.dim() == 0 || !(labels.sizes() == expected)) {
    throw ShapeError(
        "needs input [N, C] and target [N], or [C] and [], or [N, C, d...] and [N, d...], got " +
        to_string(x.sizes()) + " and " + to_string(labels.sizes()));
  }
  if (labels.dtype() != kInt64) {
    throw DTypeError("targets are class labels (int64), got " +
                     std::string(name_of(labels.dtype())));
  }
  const std::int64_t classes = x.size(class_dim(x));
  check_class_weight(weight, x);
  const Tensor dense = labels.contiguous();
  const auto* values = dense.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < dense.numel(); ++i) {
    if ((values[i] >= 0 && values[i] < classes) || values[i] == ignored) continue;
    throw ValueError("label " + std::to_string(values[i]) + " is outside [0, " +
                     std::to_string(classes) + "), the classes of input " + to_string(x.sizes()));
  }
}

void check_class_weight(const Tensor& weight, const Tensor& x) {
  const std::int64_t classes = x.size(class_dim(x));
  if (!weight.defined() || weight.sizes() == Shape{classes}) return;
  throw ShapeError("needs a weight for each of " + std::to_string(classes) +
                   " classes, got shape " + to_string(weight.sizes()));
}

Tensor weights_of_labels(const Tensor& weight, const Tensor& labels, DType dtype) {
  const Tensor weights = index_select(weight.detach().to(dtype), 0, labels.ravel());
  return reshape(weights, labels.sizes());
}

double weight_of_labels(const Tensor& labels, const std::vector<double>& weight,
                        std::int64_t ignored) {
  double sum = 0;
  for (const auto label : labels.to_vector<std::int64_t>()) {
    if (label == ignored) continue;
    if (weight.empty()) {
      sum += 1;
    } else if (label >= 0 && label < std::ssize(weight)) {
      sum += weight[static_cast<std::size_t>(label)];
    }
  }
  return sum;
}

Tensor class_weight(const std::vector<double>& list) {
  return list.empty() ? Tensor() : tensor(list);
}

}  // namespace gradus::ops
