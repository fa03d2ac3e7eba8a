#include "framework/nn/activation_layers.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/tensor/creation.h"

namespace gradus::nn {

PReLUImpl::PReLUImpl(std::int64_t num_parameters, double init) {
  check_at_least_one("PReLU", "num_parameters", num_parameters);
  weight = register_parameter("weight", full({num_parameters}, init));
}

GELUImpl::GELUImpl(std::string approximate) : approximate_(std::move(approximate)) {
  if (approximate_ == "none" || approximate_ == "tanh") return;
  throw ValueError("GELU: approximate is \"none\" or \"tanh\", got \"" + approximate_ + "\"");
}

Tensor GELUImpl::forward(const Tensor& x) {
  return gelu(x, approximate_);
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct SlopeSettings {
  double negative_slope = 0.01;
  void describe(OptionReader& o) { o("negative_slope", negative_slope, "factor of x below 0"); }
};

struct AlphaSettings {
  double alpha = 1;
  void describe(OptionReader& o) { o("alpha", alpha, "minus the limit far below 0", {.above = 0}); }
};

struct SoftplusSettings {
  double beta = 1;
  double threshold = 20;
  void describe(OptionReader& o) {
    o("beta", beta, "sharpness of the bend", {.above = 0});
    o("threshold", threshold, "where beta * x is more, the result is x");
  }
};

struct GeluSettings {
  std::string approximate = "none";
  void describe(OptionReader& o) { o("approximate", approximate, "none: exact", {"none", "tanh"}); }
};

struct HardtanhSettings {
  double min_val = -1;
  double max_val = 1;
  void describe(OptionReader& o) {
    o("min_val", min_val, "least value");
    o("max_val", max_val, "largest value");
    if (min_val > max_val) throw ConfigError(o.path() + "/max_val", "must not be below min_val");
  }
};

struct ShrinkSettings {
  double lambd = 0.5;
  void describe(OptionReader& o) { o("lambd", lambd, "what is no larger becomes 0", {.min = 0}); }
};

struct ThresholdSettings {
  double threshold = 0;
  double value = 0;
  void describe(OptionReader& o) {
    o.required()("threshold", threshold, "what is no larger is replaced");
    o.required()("value", value, "what replaces it");
  }
};

struct DimSettings {
  std::int64_t dim = 0;
  void describe(OptionReader& o) {
    o.required()("dim", dim, "along which the shares sum up to 1", {.min = -8, .max = 7});
  }
};

struct GluSettings {
  std::int64_t dim = -1;
  void describe(OptionReader& o) { o("dim", dim, "which is halved", {.min = -8, .max = 7}); }
};

struct PReluSettings {
  std::int64_t num_parameters = 1;
  double init = 0.25;
  void describe(OptionReader& o) {
    o("num_parameters", num_parameters, "1, or the channels of the input", {.min = 1});
    o("init", init, "value of the weights at first");
  }
};

const bool kPlain[] = {
    register_plain_layer<Identity>("identity", "x itself"),
    register_plain_layer<ReLU>("relu", "max(x, 0)"),
    register_plain_layer<ReLU6>("relu6", "min(max(x, 0), 6)"),
    register_plain_layer<Sigmoid>("sigmoid", "1 / (1 + exp(-x))"),
    register_plain_layer<Tanh>("tanh", "the hyperbolic tangent"),
    register_plain_layer<SELU>("selu", "elu that keeps the mean 0 and the variance 1"),
    register_plain_layer<SiLU>("silu", "x * sigmoid(x)"),
    register_plain_layer<Mish>("mish", "x * tanh(softplus(x))"),
    register_plain_layer<Softsign>("softsign", "x / (1 + |x|)"),
    register_plain_layer<LogSigmoid>("log_sigmoid", "log(sigmoid(x))"),
    register_plain_layer<Tanhshrink>("tanhshrink", "x - tanh(x)"),
    register_plain_layer<Hardsigmoid>("hardsigmoid", "relu6(x + 3) / 6"),
    register_plain_layer<Hardswish>("hardswish", "x * relu6(x + 3) / 6"),
};

const bool kWithOptions[] = {
    register_layer<SlopeSettings>(
        "leaky_relu", "x where x > 0, else negative_slope * x",
        [](const SlopeSettings& o) { return LeakyReLU(o.negative_slope); }),
    register_layer<AlphaSettings>("elu", "x where x > 0, else alpha * (exp(x) - 1)",
                                  [](const AlphaSettings& o) { return ELU(o.alpha); }),
    register_layer<AlphaSettings>("celu", "x where x > 0, else alpha * (exp(x / alpha) - 1)",
                                  [](const AlphaSettings& o) { return CELU(o.alpha); }),
    register_layer<GeluSettings>("gelu", "x times the normal distribution's function at x",
                                 [](const GeluSettings& o) { return GELU(o.approximate); }),
    register_layer<SoftplusSettings>(
        "softplus", "log(1 + exp(beta * x)) / beta",
        [](const SoftplusSettings& o) { return Softplus(o.beta, o.threshold); }),
    register_layer<HardtanhSettings>(
        "hardtanh", "x kept between min_val and max_val",
        [](const HardtanhSettings& o) { return Hardtanh(o.min_val, o.max_val); }),
    register_layer<ShrinkSettings>("hardshrink", "x, but 0 where |x| <= lambd",
                                   [](const ShrinkSettings& o) { return Hardshrink(o.lambd); }),
    register_layer<ShrinkSettings>("softshrink", "x brought nearer to 0 by lambd",
                                   [](const ShrinkSettings& o) { return Softshrink(o.lambd); }),
    register_layer<ThresholdSettings>(
        "threshold", "x, but a value where x <= threshold",
        [](const ThresholdSettings& o) { return Threshold(o.threshold, o.value); }),
    register_layer<DimSettings>(
        "softmax", "exp(x) / sum(exp(x))",
        [](const DimSettings& o) { return Softmax(static_cast<int>(o.dim)); }),
    register_layer<DimSettings>(
        "log_softmax", "log(softmax(x))",
        [](const DimSettings& o) { return LogSoftmax(static_cast<int>(o.dim)); }),
    register_layer<GluSettings>("glu", "the first half of x times the sigmoid of the second",
                                [](const GluSettings& o) { return GLU(static_cast<int>(o.dim)); }),
    register_layer<PReluSettings>(
        "prelu", "x where x > 0, else weight * x",
        [](const PReluSettings& o) { return PReLU(o.num_parameters, o.init); }),
};

}  // namespace
}  // namespace gradus::nn
