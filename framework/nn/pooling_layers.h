// Pooling as layers.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/pooling.h"

namespace gradus::nn {

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

/// Images of any size to images of output_size; see adaptive_avg_pool2d.
class AdaptiveAvgPool2dImpl : public Module {
 public:
  explicit AdaptiveAvgPool2dImpl(const Pair& output_size) : output_size_(output_size) {}
  Tensor forward(const Tensor& x) override { return adaptive_avg_pool2d(x, output_size_); }
  [[nodiscard]] std::string type_name() const override { return "AdaptiveAvgPool2d"; }

 private:
  Pair output_size_;
};
using AdaptiveAvgPool2d = Handle<AdaptiveAvgPool2dImpl>;

}  // namespace gradus::nn
