// Losses, as functions and by name.
//
//   Tensor loss = cross_entropy(model(x), labels);
//   loss.backward();
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

namespace gradus {

enum class Reduction { None, Mean, Sum };

/// (input - target)^2, element by element, then reduced. Shapes must be equal.
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
                Location at = Location::current());

/// -log_softmax(input)[target] for input [N, C] (scores, not probabilities) and target [N] int64 in
/// [0, C), then reduced. Throws ValueError for a label outside that range.
Tensor cross_entropy(const Tensor& input, const Tensor& target,
                     Reduction reduction = Reduction::Mean, Location at = Location::current());

namespace nn {

/// A loss as a trainer sees it.
class Loss {
 public:
  virtual ~Loss() = default;
  virtual Tensor operator()(const Tensor& output, const Tensor& target) const = 0;
  /// Whether targets are class labels, so that accuracy has a meaning.
  [[nodiscard]] virtual bool is_classification() const = 0;
};

Registry<Loss>& losses();

}  // namespace nn
}  // namespace gradus
