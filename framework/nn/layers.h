// The layers: those here, and with this header those of the families below; attention and what is
// made of it stand in attention_layers.h and transformer.h. Initial weights are PyTorch's defaults,
// drawn from the default generator; names and shapes of parameters are PyTorch's.
#pragma once

#include "framework/nn/activation_layers.h"
#include "framework/nn/containers.h"
#include "framework/nn/conv_layers.h"
#include "framework/nn/embedding_layers.h"
#include "framework/nn/normalization_layers.h"
#include "framework/nn/pooling_layers.h"
#include "framework/nn/recurrent_layers.h"
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

/// x1 [..., in1], x2 [..., in2] -> x1 * weight[o] * x2 + bias[o] [..., out]; see bilinear.
/// Parameters: weight [out, in1, in2], bias [out], both uniform in +-1/sqrt(in1). It takes two
/// tensors, so it is called by its own name and stands in no Sequential:
///   Tensor y = layer->forward(x1, x2);
class BilinearImpl : public Module {
 public:
  BilinearImpl(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features,
               bool bias = true);
  Tensor forward(const Tensor& x1, const Tensor& x2, Location at = Location::current());
  /// Throws StateError.
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Bilinear"; }

  Tensor weight;
  Tensor bias;  ///< undefined without bias
};
using Bilinear = Handle<BilinearImpl>;

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

/// Dim `dim` as several, of the given sizes; one may be -1.
class UnflattenImpl : public Module {
 public:
  UnflattenImpl(int dim, const Shape& sizes) : dim_(dim), sizes_(sizes) {}
  Tensor forward(const Tensor& x) override { return x.unflatten(dim_, sizes_); }
  [[nodiscard]] std::string type_name() const override { return "Unflatten"; }

 private:
  int dim_;
  Shape sizes_;
};
using Unflatten = Handle<UnflattenImpl>;

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

/// The same for whole channels of images [N, C, H, W].
class Dropout2dImpl : public Module {
 public:
  explicit Dropout2dImpl(double p = 0.5);
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "Dropout2d"; }

 private:
  double p_;
};
using Dropout2d = Handle<Dropout2dImpl>;

}  // namespace gradus::nn
