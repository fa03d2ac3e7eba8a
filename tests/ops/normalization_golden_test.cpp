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

Tensor batch_norm_with(const Tensors& in, const Json& attrs, BatchMoments* moments) {
  const DType dtype = in[0].dtype();
  const Shape channels = {in[0].size(1)};
  const bool is_affine = in.size() == 3;
  return batch_norm(in[0], is_affine ? in[1] : ones(channels, dtype),
                    is_affine ? in[2] : zeros(channels, dtype),
                    tensor_of(attrs["running_mean"], dtype), tensor_of(attrs["running_var"], dtype),
                    {.eps = attrs["eps"], .training = attrs["training"]}, moments);
}

const Calls kCalls = {
    {"batch_norm", [](auto& in, auto& a) { return batch_norm_with(in, a, nullptr); }},
    {"log_softmax", [](auto& in, auto& a) { return log_softmax(in[0], a["dim"]); }},
};

const bool kRegistered = golden::register_cases("normalization", kCalls);

// ---- The running statistics of batch norm -------------------------------------------------------

std::vector<Json> training_cases() {
  std::vector<Json> result;
  for (const Json& each : golden::cases_of("normalization")) {
    if (each["op"] == "batch_norm" && each["attrs"]["training"]) result.push_back(each);
  }
  return result;
}

TEST(GoldenBatchNorm, moments_update_the_running_statistics) {
  for (const Json& each : training_cases()) {
    SCOPED_TRACE(each["name"]);
    const Json& attrs = each["attrs"];
    BatchMoments batch;
    batch_norm_with(golden::inputs_of(each, kFloat64), attrs, &batch);
    const double newest = attrs["momentum"];
    const auto count = static_cast<double>(batch.count);
    const Tensor unbiased = batch.variance * (count / (count - 1));
    expect_close(tensor_of(attrs["running_mean"]) * (1 - newest) + batch.mean * newest,
                 tensor_of(attrs["running_mean_after"]), kDoubleTolerance);
    expect_close(tensor_of(attrs["running_var"]) * (1 - newest) + unbiased * newest,
                 tensor_of(attrs["running_var_after"]), kDoubleTolerance);
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
