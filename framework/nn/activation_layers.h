// The activation functions as layers; what each computes, and its errors, stand in
// ops/activation.h.
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/activation.h"
#include "framework/ops/normalization.h"

namespace gradus::nn {

// ---- Without options ----------------------------------------------------------------------------

/// x itself.
class IdentityImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x; }
  [[nodiscard]] std::string type_name() const override { return "Identity"; }
};
using Identity = Handle<IdentityImpl>;

class ReLUImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.relu(); }
  [[nodiscard]] std::string type_name() const override { return "ReLU"; }
};
using ReLU = Handle<ReLUImpl>;

class ReLU6Impl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return relu6(x); }
  [[nodiscard]] std::string type_name() const override { return "ReLU6"; }
};
using ReLU6 = Handle<ReLU6Impl>;

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

class SELUImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return selu(x); }
  [[nodiscard]] std::string type_name() const override { return "SELU"; }
};
using SELU = Handle<SELUImpl>;

class SiLUImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return silu(x); }
  [[nodiscard]] std::string type_name() const override { return "SiLU"; }
};
using SiLU = Handle<SiLUImpl>;

class MishImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return mish(x); }
  [[nodiscard]] std::string type_name() const override { return "Mish"; }
};
using Mish = Handle<MishImpl>;

class SoftsignImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return softsign(x); }
  [[nodiscard]] std::string type_name() const override { return "Softsign"; }
};
using Softsign = Handle<SoftsignImpl>;

class LogSigmoidImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return logsigmoid(x); }
  [[nodiscard]] std::string type_name() const override { return "LogSigmoid"; }
};
using LogSigmoid = Handle<LogSigmoidImpl>;

class TanhshrinkImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return tanhshrink(x); }
  [[nodiscard]] std::string type_name() const override { return "Tanhshrink"; }
};
using Tanhshrink = Handle<TanhshrinkImpl>;

class HardsigmoidImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return hardsigmoid(x); }
  [[nodiscard]] std::string type_name() const override { return "Hardsigmoid"; }
};
using Hardsigmoid = Handle<HardsigmoidImpl>;

class HardswishImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return hardswish(x); }
  [[nodiscard]] std::string type_name() const override { return "Hardswish"; }
};
using Hardswish = Handle<HardswishImpl>;

// ---- With options -------------------------------------------------------------------------------

class LeakyReLUImpl : public Module {
 public:
  explicit LeakyReLUImpl(double negative_slope = 0.01) : negative_slope_(negative_slope) {}
  Tensor forward(const Tensor& x) override { return leaky_relu(x, negative_slope_); }
  [[nodiscard]] std::string type_name() const override { return "LeakyReLU"; }

 private:
  double negative_slope_;
};
using LeakyReLU = Handle<LeakyReLUImpl>;

class ELUImpl : public Module {
 public:
  explicit ELUImpl(double alpha = 1) : alpha_(alpha) {}
  Tensor forward(const Tensor& x) override { return elu(x, alpha_); }
  [[nodiscard]] std::string type_name() const override { return "ELU"; }

 private:
  double alpha_;
};
using ELU = Handle<ELUImpl>;

class CELUImpl : public Module {
 public:
  explicit CELUImpl(double alpha = 1) : alpha_(alpha) {}
  Tensor forward(const Tensor& x) override { return celu(x, alpha_); }
  [[nodiscard]] std::string type_name() const override { return "CELU"; }

 private:
  double alpha_;
};
using CELU = Handle<CELUImpl>;

class SoftplusImpl : public Module {
 public:
  explicit SoftplusImpl(double beta = 1, double threshold = 20)
      : beta_(beta), threshold_(threshold) {}
  Tensor forward(const Tensor& x) override { return softplus(x, beta_, threshold_); }
  [[nodiscard]] std::string type_name() const override { return "Softplus"; }

 private:
  double beta_;
  double threshold_;
};
using Softplus = Handle<SoftplusImpl>;

class HardtanhImpl : public Module {
 public:
  explicit HardtanhImpl(double min_val = -1, double max_val = 1)
      : min_val_(min_val), max_val_(max_val) {}
  Tensor forward(const Tensor& x) override { return hardtanh(x, min_val_, max_val_); }
  [[nodiscard]] std::string type_name() const override { return "Hardtanh"; }

 private:
  double min_val_;
  double max_val_;
};
using Hardtanh = Handle<HardtanhImpl>;

class HardshrinkImpl : public Module {
 public:
  explicit HardshrinkImpl(double lambd = 0.5) : lambd_(lambd) {}
  Tensor forward(const Tensor& x) override { return hardshrink(x, lambd_); }
  [[nodiscard]] std::string type_name() const override { return "Hardshrink"; }

 private:
  double lambd_;
};
using Hardshrink = Handle<HardshrinkImpl>;

class SoftshrinkImpl : public Module {
 public:
  explicit SoftshrinkImpl(double lambd = 0.5) : lambd_(lambd) {}
  Tensor forward(const Tensor& x) override { return softshrink(x, lambd_); }
  [[nodiscard]] std::string type_name() const override { return "Softshrink"; }

 private:
  double lambd_;
};
using Softshrink = Handle<SoftshrinkImpl>;

class ThresholdImpl : public Module {
 public:
  explicit ThresholdImpl(double threshold, double value) : threshold_(threshold), value_(value) {}
  Tensor forward(const Tensor& x) override { return gradus::threshold(x, threshold_, value_); }
  [[nodiscard]] std::string type_name() const override { return "Threshold"; }

 private:
  double threshold_;
  double value_;
};
using Threshold = Handle<ThresholdImpl>;

/// x times the normal distribution's function at x; with "tanh" the usual approximation of it.
class GELUImpl : public Module {
 public:
  explicit GELUImpl(std::string approximate = "none");
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "GELU"; }

 private:
  std::string approximate_;
};
using GELU = Handle<GELUImpl>;

class SoftmaxImpl : public Module {
 public:
  explicit SoftmaxImpl(int dim) : dim_(dim) {}
  Tensor forward(const Tensor& x) override { return softmax(x, dim_); }
  [[nodiscard]] std::string type_name() const override { return "Softmax"; }

 private:
  int dim_;
};
using Softmax = Handle<SoftmaxImpl>;

class LogSoftmaxImpl : public Module {
 public:
  explicit LogSoftmaxImpl(int dim) : dim_(dim) {}
  Tensor forward(const Tensor& x) override { return log_softmax(x, dim_); }
  [[nodiscard]] std::string type_name() const override { return "LogSoftmax"; }

 private:
  int dim_;
};
using LogSoftmax = Handle<LogSoftmaxImpl>;

class GLUImpl : public Module {
 public:
  explicit GLUImpl(int dim = -1) : dim_(dim) {}
  Tensor forward(const Tensor& x) override { return glu(x, dim_); }
  [[nodiscard]] std::string type_name() const override { return "GLU"; }

 private:
  int dim_;
};
using GLU = Handle<GLUImpl>;

/// prelu. Parameter: weight [num_parameters] (init), one for all channels or one for each.
class PReLUImpl : public Module {
 public:
  explicit PReLUImpl(std::int64_t num_parameters = 1, double init = 0.25);
  Tensor forward(const Tensor& x) override { return prelu(x, weight); }
  [[nodiscard]] std::string type_name() const override { return "PReLU"; }

  Tensor weight;
};
using PReLU = Handle<PReLUImpl>;

}  // namespace gradus::nn
