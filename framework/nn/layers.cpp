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

BilinearImpl::BilinearImpl(std::int64_t in1_features, std::int64_t in2_features,
                           std::int64_t out_features, bool with_bias) {
  check_at_least_one("Bilinear", "in1_features", in1_features);
  check_at_least_one("Bilinear", "in2_features", in2_features);
  check_at_least_one("Bilinear", "out_features", out_features);
  const double bound = 1 / std::sqrt(static_cast<double>(in1_features));
  weight = register_parameter(
      "weight", init::uniform({out_features, in1_features, in2_features}, -bound, bound));
  if (with_bias) bias = register_parameter("bias", init::uniform({out_features}, -bound, bound));
}

Tensor BilinearImpl::forward(const Tensor& x1, const Tensor& x2, Location at) {
  return bilinear(x1, x2, weight, bias, at);
}

Tensor BilinearImpl::forward(const Tensor& /*x*/) {
  throw StateError("Bilinear: takes two tensors; call forward(x1, x2)");
}

DropoutImpl::DropoutImpl(double p) : p_(p) {
  check_probability("Dropout", p);
}

Tensor DropoutImpl::forward(const Tensor& x) {
  return dropout(x, p_, is_training());
}

Dropout2dImpl::Dropout2dImpl(double p) : p_(p) {
  check_probability("Dropout2d", p);
}

Tensor Dropout2dImpl::forward(const Tensor& x) {
  return dropout2d(x, p_, is_training());
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

struct UnflattenSettings {
  std::int64_t dim = 1;
  std::vector<std::int64_t> sizes;
  void describe(OptionReader& o) {
    o("dim", dim, "which is divided", {.min = -8, .max = 7});
    o.required()("sizes", sizes, "into which; one may be -1", {.min = -1});
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
    register_layer<UnflattenSettings>("unflatten", "divides a dim into several",
                                      [](const UnflattenSettings& o) {
                                        return Unflatten(static_cast<int>(o.dim),
                                                         Shape(std::span(o.sizes)));
                                      }),
    register_layer<DropoutSettings>("dropout", "drops elements in training",
                                    [](const DropoutSettings& o) { return Dropout(o.p); }),
    register_layer<DropoutSettings>("dropout2d", "drops channels of images in training",
                                    [](const DropoutSettings& o) { return Dropout2d(o.p); }),
};

}  // namespace
}  // namespace gradus::nn
