// Normalisation as layers.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/normalization.h"

namespace gradus::nn {

struct BatchNormSettings {
  double eps = 1e-5;
  double momentum = 0.1;            ///< the weight of the newest batch in the running statistics
  bool affine = true;               ///< whether there are a weight and a bias
  bool track_running_stats = true;  ///< without them every batch is normalised by itself
};

/// What batch norms share: every channel is normalised, by the batch in training, by the running
/// statistics in evaluation. Parameters: weight (1), bias (0) [C]. Buffers: running_mean (0),
/// running_var (1; of the unbiased variance) [C], num_batches_tracked (int64). What the settings
/// leave out is undefined. Input of a wrong rank throws ShapeError.
class BatchNormImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override;
  /// relu(forward(x) + residual), in one op where layers may be fused; residual may be undefined.
  Tensor forward_relu(const Tensor& x, const Tensor& residual = {});

  Tensor weight;
  Tensor bias;
  Tensor running_mean;
  Tensor running_var;
  Tensor num_batches_tracked;

 protected:
  BatchNormImpl(const char* name, std::int64_t num_features, const BatchNormSettings& settings);

 private:
  virtual void check_input(const Tensor& x) const = 0;
  [[nodiscard]] gradus::BatchNormOptions options() const;
  void count_batch() const;

  BatchNormSettings settings_;
};

/// Of [N, C] or [N, C, L].
class BatchNorm1dImpl : public BatchNormImpl {
 public:
  explicit BatchNorm1dImpl(std::int64_t num_features, const BatchNormSettings& settings = {})
      : BatchNormImpl("BatchNorm1d", num_features, settings) {}
  [[nodiscard]] std::string type_name() const override { return "BatchNorm1d"; }

 private:
  void check_input(const Tensor& x) const override;
};
using BatchNorm1d = Handle<BatchNorm1dImpl>;

/// Of images [N, C, H, W].
class BatchNorm2dImpl : public BatchNormImpl {
 public:
  explicit BatchNorm2dImpl(std::int64_t num_features, const BatchNormSettings& settings = {})
      : BatchNormImpl("BatchNorm2d", num_features, settings) {}
  [[nodiscard]] std::string type_name() const override { return "BatchNorm2d"; }

 private:
  void check_input(const Tensor& x) const override;
};
using BatchNorm2d = Handle<BatchNorm2dImpl>;

struct GroupNormOptions {
  double eps = 1e-5;   ///< added to the variance
  bool affine = true;  ///< whether there are a weight and a bias
};

/// Normalises the channels of each sample of [N, C, ...] in num_groups groups, which divide C; see
/// group_norm. Parameters: weight (1), bias (0) [C].
class GroupNormImpl : public Module {
 public:
  GroupNormImpl(std::int64_t num_groups, std::int64_t num_channels,
                const GroupNormOptions& options = {});
  Tensor forward(const Tensor& x) override {
    return group_norm(x, num_groups_, weight, bias, eps_);
  }
  [[nodiscard]] std::string type_name() const override { return "GroupNorm"; }

  Tensor weight;  ///< undefined without affine
  Tensor bias;

 private:
  std::int64_t num_groups_;
  double eps_;
};
using GroupNorm = Handle<GroupNormImpl>;

struct LayerNormOptions {
  double eps = 1e-5;               ///< added to the variance
  bool elementwise_affine = true;  ///< whether there are a weight and a bias
  bool bias = true;                ///< whether there is a bias beside the weight
};

/// Normalises over the last dims, which have the sizes of normalized_shape. Parameters of these
/// sizes: weight (1), bias (0).
class LayerNormImpl : public Module {
 public:
  explicit LayerNormImpl(const Shape& normalized_shape, const LayerNormOptions& options = {});
  explicit LayerNormImpl(std::int64_t size, const LayerNormOptions& options = {})
      : LayerNormImpl(Shape{size}, options) {}
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "LayerNorm"; }

  Tensor weight;  ///< undefined without elementwise_affine
  Tensor bias;    ///< undefined without bias

 private:
  Shape normalized_shape_;
  double eps_;
};
using LayerNorm = Handle<LayerNormImpl>;

struct RMSNormOptions {
  std::optional<double> eps{};     ///< by default the machine epsilon of the input's dtype
  bool elementwise_affine = true;  ///< whether there is a weight
};

/// Divides by the root of the mean square over the last dims, which have the sizes of
/// normalized_shape; see rms_norm. Parameter of these sizes: weight (1).
class RMSNormImpl : public Module {
 public:
  explicit RMSNormImpl(const Shape& normalized_shape, const RMSNormOptions& options = {});
  explicit RMSNormImpl(std::int64_t size, const RMSNormOptions& options = {})
      : RMSNormImpl(Shape{size}, options) {}
  Tensor forward(const Tensor& x) override { return rms_norm(x, normalized_shape_, weight, eps_); }
  [[nodiscard]] std::string type_name() const override { return "RMSNorm"; }

  Tensor weight;  ///< undefined without elementwise_affine

 private:
  Shape normalized_shape_;
  std::optional<double> eps_;
};
using RMSNorm = Handle<RMSNormImpl>;

}  // namespace gradus::nn
