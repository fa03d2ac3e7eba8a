// Losses, as functions and by name.
//
//   Tensor loss = cross_entropy(model(x), labels);
//   loss.backward();
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

namespace gradus {

/// How the losses of the elements become the result: as they are, their mean, or their sum.
enum class Reduction { None, Mean, Sum };

/// (input - target)^2, element by element, then reduced. Shapes must be equal.
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
                Location at = Location::current());

struct BinaryCrossEntropyOptions {
  Tensor weight{};  ///< of each element; broadcasts to the input
  Reduction reduction = Reduction::Mean;
  Tensor pos_weight{};  ///< of the share of target 1, of each element; broadcasts to the input
};

/// -(target log(sigmoid(input)) + (1 - target) log(1 - sigmoid(input))), by element, without
/// overflow, then reduced. Targets are probabilities in the shape of the input; they have gradients
/// too. No gradient flows to the weights.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options = {},
                                        Location at = Location::current());

struct CrossEntropyOptions {
  Tensor weight{};                   ///< of each class [C]; the mean is by the labels' weights
  std::int64_t ignore_index = -100;  ///< examples of this label count for nothing
  Reduction reduction = Reduction::Mean;
  double label_smoothing = 0;  ///< the share of a label that all classes get alike, in [0, 1]
};

/// -log_softmax(input)[target], then reduced: input [N, C] (scores, not probabilities) and target
/// [N] int64 in [0, C), or [C] and a 0-dim one, or [N, C, d...] and [N, d...]. ValueError for
/// a label outside that range. No gradient flows to the weight.
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options,
                     Location at = Location::current());
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
