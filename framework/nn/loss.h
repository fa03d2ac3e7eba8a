// Losses, as functions and by name.
//
//   Tensor loss = cross_entropy(model(x), labels);
//   loss.backward();
//
// Names, defaults and formulas are those of torch.nn.functional. Input and target have one shape
// unless something else is said, else ShapeError; nothing is broadcast. Losses of elements (or of
// examples) become one by a Reduction; the mean over nothing is NaN. Under autocast all of them
// compute in float32.
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

namespace gradus {

/// How the losses of the elements become the result: as they are, their mean, or their sum.
enum class Reduction { None, Mean, Sum };

// ---- Distances (loss_distance.cpp) --------------------------------------------------------------

/// (input - target)^2.
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
                Location at = Location::current());
/// |input - target|, with gradient 0 at 0.
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
               Location at = Location::current());
/// d^2 / (2 beta) where d = |input - target| < beta, else d - beta / 2. With beta 0 it is l1_loss;
/// below 0 ValueError.
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                      Reduction reduction = Reduction::Mean, double beta = 1,
                      Location at = Location::current());
/// d^2 / 2 where d = |input - target| <= delta, else delta (d - delta / 2). delta <= 0: ValueError.
Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
                  double delta = 1, Location at = Location::current());

// ---- Two outcomes (loss_binary.cpp) -------------------------------------------------------------

/// -(target log(input) + (1 - target) log(1 - input)), where no log counts as less than -100. Both
/// hold probabilities; an input outside [0, 1] (or NaN) throws ValueError. The weight, of each
/// element, broadcasts to the input; no gradient flows to it.
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                            Reduction reduction = Reduction::Mean,
                            Location at = Location::current());

struct BinaryCrossEntropyOptions {
  Tensor weight{};  ///< of each element; broadcasts to the input
  Reduction reduction = Reduction::Mean;
  Tensor pos_weight{};  ///< of the share of target 1, of each element; broadcasts to the input
};

/// -(target log(sigmoid(input)) + (1 - target) log(1 - sigmoid(input))), without overflow. Targets
/// are probabilities; they have gradients too. No gradient flows to the weights.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options = {},
                                        Location at = Location::current());

// ---- Class labels (loss_cross_entropy.cpp, loss_nll.cpp) ----------------------------------------

struct CrossEntropyOptions {
  Tensor weight{};                   ///< of each class [C]; the mean is by the labels' weights
  std::int64_t ignore_index = -100;  ///< examples of this label count for nothing
  Reduction reduction = Reduction::Mean;
  double label_smoothing = 0;  ///< the share of a label that all classes get alike, in [0, 1]
};

/// -log_softmax(input)[target]: input [N, C] (scores, not probabilities) and target [N] int64 in
/// [0, C), or [C] and a 0-dim one, or [N, C, d...] and [N, d...]. ValueError for a label outside
/// that range. No gradient flows to the weight.
///
/// A floating target of the input's shape holds the probabilities of the classes:
/// -sum(target * weight * log_softmax(input)) over the classes, smoothed labels being
/// target * (1 - label_smoothing) + label_smoothing / C. The mean is then over the N * d... rows,
/// whatever the weights, and ignore_index means nothing (one >= 0: ValueError), as in PyTorch.
/// Gradients flow to the target too.
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options,
                     Location at = Location::current());
Tensor cross_entropy(const Tensor& input, const Tensor& target,
                     Reduction reduction = Reduction::Mean, Location at = Location::current());

struct NllLossOptions {
  Tensor weight{};                   ///< of each class [C]; the mean is by the labels' weights
  std::int64_t ignore_index = -100;  ///< examples of this label count for nothing
  Reduction reduction = Reduction::Mean;
};

/// -input[target] of log-probabilities, as log_softmax gives them: shapes, labels and errors are
/// those of cross_entropy, which is more exact and faster.
Tensor nll_loss(const Tensor& input, const Tensor& target, const NllLossOptions& options = {},
                Location at = Location::current());

// ---- Distributions (loss_likelihood.cpp) --------------------------------------------------------

enum class KlDivReduction { None, Mean, Sum, BatchMean };

struct KlDivOptions {
  KlDivReduction reduction = KlDivReduction::Mean;  ///< BatchMean: the sum over the size of dim 0
  bool log_target = false;                          ///< whether the target holds log-probabilities
};

/// target (log(target) - input) of log-probabilities, 0 where the target is 0: the divergence of
/// the input from the target, which BatchMean alone averages as it should be.
Tensor kl_div(const Tensor& input, const Tensor& target, const KlDivOptions& options = {},
              Location at = Location::current());

struct PoissonNllOptions {
  bool log_input = true;  ///< whether the input is the log of the rate
  bool full = false;      ///< adds Stirling's approximation of log(target!) where target > 1
  double eps = 1e-8;      ///< added to a rate whose log is taken
  Reduction reduction = Reduction::Mean;
};

/// exp(input) - target input, or input - target log(input + eps): the negative log-likelihood of
/// counts, up to what depends on the target alone.
Tensor poisson_nll_loss(const Tensor& input, const Tensor& target,
                        const PoissonNllOptions& options = {}, Location at = Location::current());

struct GaussianNllOptions {
  bool full = false;  ///< adds log(2 pi) / 2
  double eps = 1e-6;  ///< the least variance; below it the gradient is that at eps
  Reduction reduction = Reduction::Mean;
};

/// (log(var) + (input - target)^2 / var) / 2: the negative log-likelihood of a normal distribution
/// of mean `input`. var has the shape of the input, or that with 1 as (or without) its last dim; a
/// negative element throws ValueError.
Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var,
                         const GaussianNllOptions& options = {}, Location at = Location::current());

// ---- Margins (loss_margin.cpp) ------------------------------------------------------------------

/// input where the target is 1, max(0, margin - input) where it is -1: distances of like and unlike
/// pairs.
Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin = 1,
                            Reduction reduction = Reduction::Mean,
                            Location at = Location::current());

struct MultiMarginOptions {
  int p = 1;  ///< 1 or 2
  double margin = 1;
  Tensor weight{};  ///< of each class [C]
  Reduction reduction = Reduction::Mean;
};

/// The multi-class hinge: the sum over the classes i but the target's of max(0, margin -
/// input[target] + input[i])^p, times the target's weight, over C. input [N, C] and target [N], or
/// [C] and a 0-dim one; labels as in cross_entropy, none is ignored.
Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                         const MultiMarginOptions& options = {}, Location at = Location::current());

/// log(1 + exp(-target input)), without overflow, for targets 1 and -1.
Tensor soft_margin_loss(const Tensor& input, const Tensor& target,
                        Reduction reduction = Reduction::Mean, Location at = Location::current());

/// 1 - cos(input1, input2) where the target is 1, max(0, cos(input1, input2) - margin) where it is
/// -1: inputs [N, D] and target [N], or [D] and a 0-dim one. A row of zeros has cosine 0.
Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin = 0, Reduction reduction = Reduction::Mean,
                             Location at = Location::current());

struct TripletMarginOptions {
  double margin = 1;
  double p = 2;       ///< the distance is a p-norm
  double eps = 1e-6;  ///< added to each difference
  bool swap = false;  ///< whether the distance of positive and negative counts, where it is less
  Reduction reduction = Reduction::Mean;
};

/// max(0, margin + distance(anchor, positive) - distance(anchor, negative)) by rows: all [N, D], or
/// [D], or with more dims in front.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginOptions& options = {},
                           Location at = Location::current());

namespace nn {

/// What a batch adds to the mean loss of many: that is the sum of all `sum` by the sum of all
/// `weight`.
struct LossShare {
  double sum = 0;
  double weight = 0;
};

/// A loss as a trainer sees it.
class Loss {
 public:
  virtual ~Loss() = default;
  virtual Tensor operator()(const Tensor& output, const Tensor& target) const = 0;
  /// Whether targets are class labels, so that accuracy has a meaning.
  [[nodiscard]] virtual bool is_classification() const = 0;
  /// The share of a batch whose loss was `loss`. By default that is a mean over examples; of a sum
  /// the mean becomes one over examples, of a weighted mean it stays what it is for all in one
  /// batch.
  [[nodiscard]] virtual LossShare share(double loss, const Tensor& target) const {
    const auto examples = static_cast<double>(target.size(0));
    return {loss * examples, examples};
  }
  /// Whether an output tells probabilities: of classes, where is_classification(), else of ones.
  [[nodiscard]] virtual bool has_probabilities() const { return false; }
  /// Those probabilities, of the output's shape; or else what is predicted in the targets' own
  /// terms: values, or scores of classes. By default the output itself.
  [[nodiscard]] virtual Tensor predicted(const Tensor& output) const { return output; }
  /// Whether targets may be probabilities of the classes in place of labels.
  [[nodiscard]] virtual bool takes_soft_labels() const { return false; }
};

Registry<Loss>& losses();

}  // namespace nn
}  // namespace gradus
