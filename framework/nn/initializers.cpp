#include "framework/nn/initializers.h"
#include "framework/nn/init.h"

namespace gradus::nn {

Registry<Initializer>& initializers() {
  static Registry<Initializer> registry("initializer", {"parameters"});
  return registry;
}

namespace {

const std::vector<std::string> kNonlinearities = {
    "linear",           "conv1d",  "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "sigmoid", "tanh",   "relu",   "leaky_relu",       "selu"};

struct UniformOptions {
  double a = 0;
  double b = 1;
  void describe(OptionReader& o) {
    o("a", a, "least value");
    o("b", b, "bound above");
    if (!(a <= b)) throw ConfigError(o.path() + "/b", "must not be below a");
  }
};

struct NormalOptions {
  double mean = 0;
  double std = 1;
  void describe(OptionReader& o) {
    o("mean", mean, "the mean");
    o("std", std, "the standard deviation", {.min = 0});
  }
};

struct ConstantOptions {
  double val = 0;
  void describe(OptionReader& o) { o.required()("val", val, "every element"); }
};

struct GainOptions {
  double gain = 1;
  void describe(OptionReader& o) { o("gain", gain, "factor of all values"); }
};

struct KaimingOptions {
  double a = 0;
  std::string mode = "fan_in";
  std::string nonlinearity = "leaky_relu";
  void describe(OptionReader& o) {
    o("a", a, "the slope of leaky_relu below 0");
    o("mode", mode, "whether values or gradients keep their size", {"fan_in", "fan_out"});
    o("nonlinearity", nonlinearity, "what follows the layer", kNonlinearities);
  }
};

struct TruncNormalOptions {
  double mean = 0;
  double std = 1;
  double a = -2;
  double b = 2;
  void describe(OptionReader& o) {
    o("mean", mean, "the mean before it is cut off");
    o("std", std, "the standard deviation before it is cut off", {.above = 0});
    o("a", a, "least value");
    o("b", b, "largest value");
    if (!(a < b)) throw ConfigError(o.path() + "/b", "must be above a");
  }
};

const bool kRegistered[] = {
    register_initializer<UniformOptions>(
        "uniform", "uniform in [a, b)",
        [](const UniformOptions& o, const Tensor& t) { init::uniform_(t, o.a, o.b); }),
    register_initializer<NormalOptions>(
        "normal", "normal",
        [](const NormalOptions& o, const Tensor& t) { init::normal_(t, o.mean, o.std); }),
    register_initializer<ConstantOptions>(
        "constant", "one value",
        [](const ConstantOptions& o, const Tensor& t) { init::constant_(t, o.val); }),
    register_initializer<NoOptions>("zeros", "zeros",
                                    [](const NoOptions&, const Tensor& t) { init::zeros_(t); }),
    register_initializer<NoOptions>("ones", "ones",
                                    [](const NoOptions&, const Tensor& t) { init::ones_(t); }),
    register_initializer<NoOptions>("eye", "ones on the diagonal of a matrix, else zeros",
                                    [](const NoOptions&, const Tensor& t) { init::eye_(t); }),
    register_initializer<GainOptions>(
        "xavier_uniform", "uniform in +-gain * sqrt(6 / (fan_in + fan_out))",
        [](const GainOptions& o, const Tensor& t) { init::xavier_uniform_(t, o.gain); }),
    register_initializer<GainOptions>(
        "xavier_normal", "normal, of deviation gain * sqrt(2 / (fan_in + fan_out))",
        [](const GainOptions& o, const Tensor& t) { init::xavier_normal_(t, o.gain); }),
    register_initializer<KaimingOptions>("kaiming_uniform",
                                         "uniform, for layers before a nonlinearity (He et al.)",
                                         [](const KaimingOptions& o, const Tensor& t) {
                                           init::kaiming_uniform_(t, o.a, o.mode, o.nonlinearity);
                                         }),
    register_initializer<KaimingOptions>("kaiming_normal",
                                         "normal, for layers before a nonlinearity (He et al.)",
                                         [](const KaimingOptions& o, const Tensor& t) {
                                           init::kaiming_normal_(t, o.a, o.mode, o.nonlinearity);
                                         }),
    register_initializer<TruncNormalOptions>("trunc_normal", "normal, but in [a, b] only",
                                             [](const TruncNormalOptions& o, const Tensor& t) {
                                               init::trunc_normal_(t, o.mean, o.std, o.a, o.b);
                                             }),
    register_initializer<GainOptions>(
        "orthogonal", "gain times a matrix with orthonormal rows or columns",
        [](const GainOptions& o, const Tensor& t) { init::orthogonal_(t, o.gain); }),
};

}  // namespace
}  // namespace gradus::nn
