#include "framework/nn/layers.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/dropout.h"
#include "framework/ops/linear.h"

#include <cmath>

namespace gradus::nn {

LinearImpl::LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias) {
  check_at_least_one("Linear", "in_features", in_features);
  check_at_least_one("Linear", "out_features", out_features);
  const double bound = 1 / std::sqrt(static_cast<double>(in_features));
  weight = register_parameter("weight", init::uniform({out_features, in_features}, -bound, bound));
  if (with_bias) bias = register_parameter("bias", init::uniform({out_features}, -bound, bound));
}

Tensor LinearImpl::forward(const Tensor& x) {
  return linear(x, weight, bias);
}

DropoutImpl::DropoutImpl(double p) : p_(p) {
  if (!(p >= 0 && p <= 1)) {
    throw ValueError("Dropout: p must be in [0, 1], got " + std::to_string(p));
  }
}

Tensor DropoutImpl::forward(const Tensor& x) {
  return dropout(x, p_, is_training());
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct LinearSettings {
  std::int64_t in_features = 0;
  std::int64_t out_features = 0;
  bool bias = true;
  void describe(OptionReader& o) {
    o.required()("in_features", in_features, "size of the last dim of the input", {.min = 1});
    o.required()("out_features", out_features, "size of the last dim of the output", {.min = 1});
    o("bias", bias, "whether a bias is added");
  }
};

struct FlattenSettings {
  std::int64_t start_dim = 1;
  std::int64_t end_dim = -1;
  void describe(OptionReader& o) {
    o("start_dim", start_dim, "first dim that is joined", {.min = -8, .max = 7});
    o("end_dim", end_dim, "last dim that is joined", {.min = -8, .max = 7});
  }
};

struct DropoutSettings {
  double p = 0.5;
  void describe(OptionReader& o) {
    o("p", p, "probability of an element to be dropped", {.min = 0, .max = 1});
  }
};

const bool kRegistered[] = {
    register_layer<LinearSettings>(
        "linear", "x * weight^T + bias over the last dim",
        [](const LinearSettings& o) { return Linear(o.in_features, o.out_features, o.bias); }),
    register_layer<FlattenSettings>("flatten", "joins dims; by default all but the batch",
                                    [](const FlattenSettings& o) {
                                      return Flatten(static_cast<int>(o.start_dim),
                                                     static_cast<int>(o.end_dim));
                                    }),
    register_layer<DropoutSettings>("dropout", "drops elements in training",
                                    [](const DropoutSettings& o) { return Dropout(o.p); }),
};

}  // namespace
}  // namespace gradus::nn
