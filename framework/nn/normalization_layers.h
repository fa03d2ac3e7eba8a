// Normalisation as layers. LayerNorm is in transformer.h.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/normalization.h"

namespace gradus::nn {

struct BatchNormSettings {
  double eps = 1e-5;
  double momentum = 0.1;  ///< the weight of the newest batch in the running statistics
};

/// Normalises every channel of [N, C, H, W]: by the batch in training, by the running statistics in
/// evaluation. Parameters: weight (1), bias (0) [C]. Buffers: running_mean (0), running_var (1; of
/// the unbiased variance) [C], num_batches_tracked (int64).
class BatchNorm2dImpl : public Module {
 public:
  explicit BatchNorm2dImpl(std::int64_t num_features, const BatchNormSettings& settings = {});
  Tensor forward(const Tensor& x) override;
  /// relu(forward(x) + residual), in one op where layers may be fused; residual may be undefined.
  Tensor forward_relu(const Tensor& x, const Tensor& residual = {});
  [[nodiscard]] std::string type_name() const override { return "BatchNorm2d"; }

  Tensor weight;
  Tensor bias;
  Tensor running_mean;
  Tensor running_var;
  Tensor num_batches_tracked;

 private:
  void check_images(const Tensor& x) const;
  [[nodiscard]] gradus::BatchNormOptions options() const;
  void count_batch() const;

  BatchNormSettings settings_;
};
using BatchNorm2d = Handle<BatchNorm2dImpl>;

}  // namespace gradus::nn
