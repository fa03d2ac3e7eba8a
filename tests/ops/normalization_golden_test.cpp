// Softmax and normalisation against PyTorch.
#include "framework/autograd/grad_mode.h"
#include "framework/nn/layers.h"
#include "framework/ops/normalization.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::expect_close;
using golden::kDoubleTolerance;
using golden::tensor_of;
using golden::Tensors;

Tensor input(const Tensors& in, std::size_t i) {
  return in.size() > i ? in[i] : Tensor();
}

struct Statistics {
  Tensor mean;
  Tensor variance;

  Statistics(const Json& attrs, DType dtype) {
    if (!attrs.contains("running_mean")) return;
    mean = tensor_of(attrs["running_mean"], dtype);
    variance = tensor_of(attrs["running_var"], dtype);
  }
};

Tensor batch_norm_with(const Tensors& in, const Json& attrs, const Statistics& running) {
  return batch_norm(
      in[0], running.mean, running.variance, input(in, 1), input(in, 2),
      {.training = attrs["training"], .momentum = attrs["momentum"], .eps = attrs["eps"]});
}

Tensor instance_norm_with(const Tensors& in, const Json& attrs, const Statistics& running) {
  return instance_norm(in[0], running.mean, running.variance, input(in, 1), input(in, 2),
                       {.use_input_stats = attrs.value("use_input_stats", true),
                        .momentum = attrs.value("momentum", 0.1),
                        .eps = attrs.value("eps", 1e-5)});
}

Tensor layers(const Tensors& in, const Json& attrs) {
  return layer_norm(in[0], golden::shape_of(attrs["shape"]), input(in, 1), input(in, 2),
                    attrs.value("eps", 1e-5));
}

Tensor groups(const Tensors& in, const Json& attrs) {
  return group_norm(in[0], attrs["num_groups"], input(in, 1), input(in, 2),
                    attrs.value("eps", 1e-5));
}

Tensor root_mean_square(const Tensors& in, const Json& attrs) {
  return rms_norm(in[0], golden::shape_of(attrs["shape"]), input(in, 1),
                  attrs["eps"].get<double>());
}

Tensor unit(const Tensors& in, const Json& attrs) {
  const Json p = attrs.value("p", Json(2.0));
  return normalize(in[0], p.is_string() ? INFINITY : p.get<double>(), attrs.value("dim", 1),
                   attrs.value("eps", 1e-12));
}

template <Tensor (*kOp)(const Tensor&, int, Location)>
Tensor along(const Tensors& in, const Json& attrs) {
  return kOp(in[0], attrs["dim"], Location::current());
}

template <Tensor (*kNorm)(const Tensors&, const Json&, const Statistics&)>
Tensor with_statistics(const Tensors& in, const Json& attrs) {
  return kNorm(in, attrs, Statistics(attrs, in[0].dtype()));
}

const Calls kCalls = {
    {"batch_norm", with_statistics<batch_norm_with>},
    {"group_norm", groups},
    {"instance_norm", with_statistics<instance_norm_with>},
    {"layer_norm", layers},
    {"log_softmax", along<log_softmax>},
    {"normalize", unit},
    {"rms_norm", root_mean_square},
    {"softmax", along<softmax>},
    {"softmin", along<softmin>},
};

const bool kRegistered = golden::register_cases("normalization", kCalls);

// ---- Running statistics -------------------------------------------------------------------------

std::vector<Json> cases_with_statistics(const std::string& op) {
  std::vector<Json> result;
  for (const Json& each : golden::cases_of("normalization")) {
    if (each["op"] == op && each["attrs"].contains("running_mean_after")) result.push_back(each);
  }
  return result;
}

std::vector<Json> training_cases() {
  return cases_with_statistics("batch_norm");
}

void expect_moved(const Statistics& running, const Json& attrs) {
  expect_close(running.mean, tensor_of(attrs["running_mean_after"]), kDoubleTolerance);
  expect_close(running.variance, tensor_of(attrs["running_var_after"]), kDoubleTolerance);
}

TEST(GoldenBatchNorm, training_moves_the_running_statistics) {
  EXPECT_EQ(training_cases().size(), 7U);
  for (const Json& each : training_cases()) {
    SCOPED_TRACE(each["name"]);
    const Statistics running(each["attrs"], kFloat64);
    batch_norm_with(golden::inputs_of(each, kFloat64), each["attrs"], running);
    expect_moved(running, each["attrs"]);
  }
}

TEST(GoldenInstanceNorm, input_statistics_move_the_running_ones) {
  const std::vector<Json> cases = cases_with_statistics("instance_norm");
  EXPECT_EQ(cases.size(), 1U);
  for (const Json& each : cases) {
    const Statistics running(each["attrs"], kFloat64);
    instance_norm_with(golden::inputs_of(each, kFloat64), each["attrs"], running);
    expect_moved(running, each["attrs"]);
  }
}

TEST(GoldenBatchNorm, layer_keeps_the_running_statistics) {
  std::size_t seen = 0;
  for (const Json& each : training_cases()) {
    const Tensors inputs = golden::inputs_of(each, kFloat64);
    if (inputs[0].dim() != 4) continue;
    SCOPED_TRACE(each["name"]);
    ++seen;
    const Json& attrs = each["attrs"];
    const nn::BatchNormSettings settings = {.eps = attrs["eps"], .momentum = attrs["momentum"]};
    nn::BatchNorm2d layer(inputs[0].size(1), settings);
    layer->to(kFloat64);
    const NoGradGuard no_grad;
    layer->running_mean.copy_(tensor_of(attrs["running_mean"]));
    layer->running_var.copy_(tensor_of(attrs["running_var"]));
    if (inputs.size() == 3) {
      layer->weight.copy_(inputs[1]);
      layer->bias.copy_(inputs[2]);
    }
    expect_close(layer(inputs[0]), tensor_of(each["output"]), kDoubleTolerance);
    expect_close(layer->running_mean, tensor_of(attrs["running_mean_after"]), kDoubleTolerance);
    expect_close(layer->running_var, tensor_of(attrs["running_var_after"]), kDoubleTolerance);
    EXPECT_EQ(layer->num_batches_tracked.item<int>(), 1);
  }
  EXPECT_EQ(seen, 3U);
}

}  // namespace
}  // namespace gradus
