// The layers. Initial weights are PyTorch's defaults, drawn from the default generator; names and
// shapes of parameters are PyTorch's.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/conv.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pooling.h"
#include "framework/tensor/generator.h"

namespace gradus::nn {

/// x [..., in] -> x * weight^T + bias [..., out]. Parameters: weight [out, in], bias [out], both
/// uniform in +-1/sqrt(in).
class LinearImpl : public Module {
 public:
  LinearImpl(std::int64_t in_features, std::int64_t out_features, bool bias = true);
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Linear"; }

  Tensor weight;
  Tensor bias;  ///< undefined without bias
};
using Linear = Handle<LinearImpl>;

struct Conv2dOptions {
  Pair stride = 1;
  Padding padding = 0;
  Pair dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
};

/// Images [N, in, H, W] -> [N, out, OH, OW]; see conv2d. Parameters: weight [out, in/groups, KH,
/// KW], bias [out], both uniform in +-1/sqrt(in/groups * KH * KW).
class Conv2dImpl : public Module {
 public:
  Conv2dImpl(std::int64_t in_channels, std::int64_t out_channels, const Pair& kernel_size,
             const Conv2dOptions& options = {});
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Conv2d"; }

  Tensor weight;
  Tensor bias;

 private:
  gradus::Conv2dOptions options_;
};
using Conv2d = Handle<Conv2dImpl>;

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

class MaxPool2dImpl : public Module {
 public:
  explicit MaxPool2dImpl(const Pair& kernel_size, const MaxPool2dOptions& options = {})
      : kernel_size_(kernel_size), options_(options) {}
  Tensor forward(const Tensor& x) override { return max_pool2d(x, kernel_size_, options_); }
  /// forward(relu(x)), in one op where layers may be fused.
  Tensor forward_of_relu(const Tensor& x);
  [[nodiscard]] std::string type_name() const override { return "MaxPool2d"; }

 private:
  Pair kernel_size_;
  MaxPool2dOptions options_;
};
using MaxPool2d = Handle<MaxPool2dImpl>;

class AvgPool2dImpl : public Module {
 public:
  explicit AvgPool2dImpl(const Pair& kernel_size, const AvgPool2dOptions& options = {})
      : kernel_size_(kernel_size), options_(options) {}
  Tensor forward(const Tensor& x) override { return avg_pool2d(x, kernel_size_, options_); }
  [[nodiscard]] std::string type_name() const override { return "AvgPool2d"; }

 private:
  Pair kernel_size_;
  AvgPool2dOptions options_;
};
using AvgPool2d = Handle<AvgPool2dImpl>;

/// Dims start_dim to end_dim as one; by default all but the batch.
class FlattenImpl : public Module {
 public:
  explicit FlattenImpl(int start_dim = 1, int end_dim = -1)
      : start_dim_(start_dim), end_dim_(end_dim) {}
  Tensor forward(const Tensor& x) override { return x.flatten(start_dim_, end_dim_); }
  [[nodiscard]] std::string type_name() const override { return "Flatten"; }

 private:
  int start_dim_;
  int end_dim_;
};
using Flatten = Handle<FlattenImpl>;

class ReLUImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.relu(); }
  [[nodiscard]] std::string type_name() const override { return "ReLU"; }
};
using ReLU = Handle<ReLUImpl>;

class SigmoidImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.sigmoid(); }
  [[nodiscard]] std::string type_name() const override { return "Sigmoid"; }
};
using Sigmoid = Handle<SigmoidImpl>;

class TanhImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.tanh(); }
  [[nodiscard]] std::string type_name() const override { return "Tanh"; }
};
using Tanh = Handle<TanhImpl>;

/// In training, drops each element with probability p and scales the rest; nothing in evaluation.
class DropoutImpl : public Module {
 public:
  explicit DropoutImpl(double p = 0.5);
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Dropout"; }

 private:
  double p_;
};
using Dropout = Handle<DropoutImpl>;

/// Modules in a row, named "0", "1", ... Those that can are run as one op (fusion.h).
///   nn::Sequential net(nn::Linear(784, 128), nn::ReLU(), nn::Linear(128, 10));
class SequentialImpl : public Module {
 public:
  SequentialImpl() = default;
  template <class... Ms>
  requires(sizeof...(Ms) > 0) explicit SequentialImpl(Ms... modules) {
    (push_back(std::move(modules)), ...);
  }
  template <class M>
  void push_back(M module) {
    register_module(std::to_string(children().size()), std::move(module));
  }
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Sequential"; }
};
using Sequential = Handle<SequentialImpl>;

}  // namespace gradus::nn
