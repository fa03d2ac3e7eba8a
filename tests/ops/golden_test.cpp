// Every op against PyTorch: the cases of golden/ops.json, forward and backward, in float64 and,
// where oneDNN computes, in float32.
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/layers.h"
#include "framework/nn/loss.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/conv.h"
#include "framework/ops/indexing.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/pooling.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

#include <functional>
#include <map>
#include <set>

#include "tests/support/golden.h"

namespace gradus {
namespace {

using golden::expect_close;
using golden::tensor_of;
using golden::Tolerance;
using kernels::Pair;
using Tensors = std::vector<Tensor>;

constexpr std::size_t kCases = 177;
constexpr std::size_t kFamilies = 32;
constexpr Tolerance kDoubleTolerance = {1e-13, 1e-14};
constexpr Tolerance kFloatTolerance = {1e-5, 1e-6};

// ---- How each op is called ----------------------------------------------------------------------

using Call = std::function<Tensor(const Tensors& in, const Json& attrs)>;

template <Tensor (*kOp)(const Tensor&, Location)>
Tensor unary(const Tensors& in, const Json& /*attrs*/) {
  return kOp(in[0], Location::current());
}

template <Tensor (*kOp)(const Operand&, const Operand&)>
Tensor binary(const Tensors& in, const Json& /*attrs*/) {
  return kOp(in[0], in[1]);
}

template <Tensor (*kOp)(const Tensor&, const Shape&, bool, Location)>
Tensor reduction(const Tensors& in, const Json& attrs) {
  const Shape dims = golden::shape_of(attrs.value("dim", Json::array()));
  return kOp(in[0], dims, attrs.value("keepdim", false), Location::current());
}

template <Tensor (*kOp)(const Tensor&, const Tensor&, Reduction, Location)>
Tensor loss(const Tensors& in, const Json& attrs) {
  static const std::map<std::string, Reduction> kReductions = {
      {"mean", Reduction::Mean}, {"sum", Reduction::Sum}, {"none", Reduction::None}};
  return kOp(in[0], in[1], kReductions.at(attrs["reduction"]), Location::current());
}

Tensor power(const Tensors& in, const Json& attrs) {
  return in.size() == 2 ? pow(in[0], in[1]) : pow(in[0], attrs["exponent"].get<double>());
}

Tensor largest(const Tensors& in, const Json& attrs) {
  return attrs.empty() ? max(in[0]) : max(in[0], attrs["dim"].get<int>(), attrs["keepdim"]).first;
}

Tensor place_of_largest(const Tensors& in, const Json& attrs) {
  return attrs.empty() ? argmax(in[0]) : argmax(in[0], attrs["dim"].get<int>(), attrs["keepdim"]);
}

Tensor affine(const Tensors& in, const Json& /*attrs*/) {
  return linear(in[0], in[1], in.size() == 3 ? in[2] : Tensor());
}

Tensor convolution(const Tensors& in, const Json& attrs) {
  return conv2d(in[0], in[1], in.size() == 3 ? in[2] : Tensor(),
                {.stride = attrs["stride"].get<Pair>(),
                 .padding = attrs["padding"].get<Pair>(),
                 .dilation = attrs["dilation"].get<Pair>(),
                 .groups = attrs["groups"]});
}

template <Tensor (*kOp)(const Tensor&, const PoolGeometry&, Location)>
Tensor pool(const Tensors& in, const Json& attrs) {
  return kOp(in[0],
             {.kernel = attrs["kernel_size"].get<Pair>(),
              .stride = attrs["stride"].get<Pair>(),
              .padding = attrs["padding"].get<Pair>(),
              .dilation = attrs.value("dilation", Pair{1, 1}),
              .count_include_pad = attrs.value("count_include_pad", true)},
             Location::current());
}

Tensor batch_norm_with(const Tensors& in, const Json& attrs, BatchMoments* moments) {
  const DType dtype = in[0].dtype();
  const Shape channels = {in[0].size(1)};
  const bool is_affine = in.size() == 3;
  return batch_norm(in[0], is_affine ? in[1] : ones(channels, dtype),
                    is_affine ? in[2] : zeros(channels, dtype),
                    tensor_of(attrs["running_mean"], dtype), tensor_of(attrs["running_var"], dtype),
                    {.eps = attrs["eps"], .training = attrs["training"]}, moments);
}

Tensor part(const Tensors& in, const Json& attrs) {
  return slice(in[0], attrs["dim"], attrs["start"], attrs["end"], attrs["step"]);
}

const std::map<std::string, Call>& calls() {
  static const std::map<std::string, Call> kCalls = {
      {"add", binary<add>},
      {"sub", binary<sub>},
      {"mul", binary<mul>},
      {"div", binary<div>},
      {"pow", power},
      {"exp", unary<exp>},
      {"log", unary<log>},
      {"sqrt", unary<sqrt>},
      {"neg", unary<neg>},
      {"abs", unary<abs>},
      {"relu", unary<relu>},
      {"sigmoid", unary<sigmoid>},
      {"tanh", unary<tanh>},
      {"sum", reduction<sum>},
      {"mean", reduction<mean>},
      {"max", largest},
      {"argmax", place_of_largest},
      {"matmul", [](auto& in, auto&) { return matmul(in[0], in[1]); }},
      {"linear", affine},
      {"conv2d", convolution},
      {"max_pool2d", pool<max_pool2d>},
      {"avg_pool2d", pool<avg_pool2d>},
      {"batch_norm", [](auto& in, auto& a) { return batch_norm_with(in, a, nullptr); }},
      {"log_softmax", [](auto& in, auto& a) { return log_softmax(in[0], a["dim"]); }},
      {"reshape", [](auto& in, auto& a) { return reshape(in[0], golden::shape_of(a["shape"])); }},
      {"transpose", [](auto& in, auto& a) { return transpose(in[0], a["dim0"], a["dim1"]); }},
      {"permute", [](auto& in, auto& a) { return permute(in[0], golden::shape_of(a["dims"])); }},
      {"slice", part},
      {"cat", [](auto& in, auto& a) { return cat(in, a["dim"]); }},
      {"gather", [](auto& in, auto& a) { return gather(in[0], a["dim"], in[1]); }},
      {"mse_loss", loss<mse_loss>},
      {"cross_entropy", loss<cross_entropy>},
  };
  return kCalls;
}

// ---- The cases ----------------------------------------------------------------------------------

struct OpCase {
  Json json;

  [[nodiscard]] std::string name() const { return json["name"]; }
  friend void PrintTo(const OpCase& self, std::ostream* out) { *out << self.name(); }
};

std::vector<OpCase> all_cases() {
  static const Json kFile = golden::load("ops.json");
  std::vector<OpCase> result;
  for (const Json& each : kFile.at("cases")) result.push_back({each});
  return result;
}

std::vector<OpCase> differentiable_cases() {
  std::vector<OpCase> result = all_cases();
  std::erase_if(result, [](const OpCase& each) { return each.json["grad_output"].is_null(); });
  return result;
}

Tensors inputs_of(const Json& json, DType dtype) {
  Tensors inputs;
  for (const Json& each : json["inputs"]) {
    inputs.push_back(tensor_of(each, dtype));
    if (inputs.back().is_floating_point()) inputs.back().requires_grad_();
  }
  return inputs;
}

void check(const Json& json, DType dtype, const Tolerance& tolerance) {
  const auto call = calls().find(json["op"]);
  ASSERT_NE(call, calls().end()) << "this test does not know how to call " << json["op"];
  const Tensors inputs = inputs_of(json, dtype);
  const Tensor output = call->second(inputs, json["attrs"]);
  {
    SCOPED_TRACE("forward");
    expect_close(output, tensor_of(json["output"]), tolerance);
  }
  ASSERT_EQ(output.requires_grad(), !json["grad_output"].is_null());
  if (!output.requires_grad()) return;
  EXPECT_EQ(output.dtype(), dtype);
  const Tensor weights = tensor_of(json["grad_output"], dtype);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    SCOPED_TRACE("gradient of input " + std::to_string(i));
    const Json& expected = json["grads"][i];
    ASSERT_EQ(inputs[i].requires_grad(), !expected.is_null());
    if (expected.is_null()) continue;
    const Tensor gradient = grad({output}, {inputs[i]}, {weights}, {.retain_graph = true})[0];
    EXPECT_EQ(gradient.dtype(), dtype);
    expect_close(gradient, tensor_of(expected), tolerance);
  }
}

class GoldenFloat64 : public testing::TestWithParam<OpCase> {};
TEST_P(GoldenFloat64, matches_pytorch) {
  check(GetParam().json, kFloat64, kDoubleTolerance);
}
INSTANTIATE_TEST_SUITE_P(Ops, GoldenFloat64, testing::ValuesIn(all_cases()), golden::NameOfCase());

class GoldenFloat32 : public testing::TestWithParam<OpCase> {};
TEST_P(GoldenFloat32, matches_pytorch) {
  check(GetParam().json, kFloat32, kFloatTolerance);
}
INSTANTIATE_TEST_SUITE_P(Ops, GoldenFloat32, testing::ValuesIn(differentiable_cases()),
                         golden::NameOfCase());

TEST(GoldenOps, every_family_is_called_and_has_cases) {
  std::set<std::string> called;
  for (const auto& [op, call] : calls()) called.insert(op);
  std::set<std::string> in_file;
  for (const OpCase& each : all_cases()) in_file.insert(each.json["op"]);
  EXPECT_EQ(called, in_file);
  EXPECT_EQ(in_file.size(), kFamilies);
  EXPECT_EQ(all_cases().size(), kCases);
}

// ---- The running statistics of batch norm -------------------------------------------------------

std::vector<OpCase> training_cases_of_batch_norm() {
  std::vector<OpCase> result = all_cases();
  std::erase_if(result, [](const OpCase& each) {
    return each.json["op"] != "batch_norm" || !each.json["attrs"]["training"];
  });
  return result;
}

TEST(GoldenBatchNorm, moments_update_the_running_statistics) {
  for (const OpCase& each : training_cases_of_batch_norm()) {
    SCOPED_TRACE(each.name());
    const Json& attrs = each.json["attrs"];
    BatchMoments batch;
    batch_norm_with(inputs_of(each.json, kFloat64), attrs, &batch);
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
  for (const OpCase& each : training_cases_of_batch_norm()) {
    const Tensors inputs = inputs_of(each.json, kFloat64);
    if (inputs[0].dim() != 4) continue;
    SCOPED_TRACE(each.name());
    ++seen;
    const Json& attrs = each.json["attrs"];
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
    expect_close(layer(inputs[0]), tensor_of(each.json["output"]), kDoubleTolerance);
    expect_close(layer->running_mean, tensor_of(attrs["running_mean_after"]), kDoubleTolerance);
    expect_close(layer->running_var, tensor_of(attrs["running_var_after"]), kDoubleTolerance);
    EXPECT_EQ(layer->num_batches_tracked.item<int>(), 1);
  }
  EXPECT_EQ(seen, 3U);
}

}  // namespace
}  // namespace gradus
