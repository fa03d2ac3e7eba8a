// What is exported in tests: small models of layers.json, and calls of ops as models.
#pragma once

#include "framework/autograd/grad_mode.h"
#include "framework/nn/module.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/ops/registry.h"
#include "framework/ops/shape.h"
#include "framework/ops/trace.h"
#include "framework/tensor/creation.h"
#include "framework/tensor/sampling.h"
#include "framework/train/model.h"

#include <map>
#include <set>
#include <sstream>

#include "tests/support/json.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace gradus::test {

inline Json read_cases(const char* file) {
  return parse_json(read_text(source_path("tests/onnx") / file));
}

/// Has all parameters and running statistics differ from what they start as: weights of 1 and
/// biases of 0 would hide what is left out.
inline void stir(nn::Module& model) {
  const NoGradGuard no_grad;
  for (const auto& [name, tensor] : model.named_parameters()) {
    tensor.mul_(1 + randn_like(tensor) * 0.2);
    tensor.add_(randn_like(tensor) * (tensor.dim() < 2 ? 0.1 : 0.01));
  }
  for (const auto& [name, tensor] : model.named_buffers()) {
    if (name.ends_with("running_mean")) tensor.add_(randn_like(tensor) * 0.1);
    if (name.ends_with("running_var")) tensor.mul_(rand_like(tensor) + 0.5);
  }
}

/// A case of layers.json.
struct LayerCase {
  std::shared_ptr<nn::Module> model;
  Tensor inputs;
};

inline LayerCase make_layer_case(const Json& json, std::int64_t examples) {
  Json config = json.contains("graph") ? json["graph"] : Json{{"layers", json["layers"]}};
  config["type"] = json.contains("graph") ? "graph" : "sequential";
  const auto list = json["input"].get<std::vector<std::int64_t>>();
  Shape sizes{std::span(list)};
  LayerCase made;
  made.model = models().make(config, {sizes, 1});
  stir(*made.model);
  sizes.insert(0, examples);
  made.inputs = json.contains("tokens") ? randint(json["tokens"].get<std::int64_t>(), sizes, kInt64)
                                        : randn(sizes) * json.value("scale", 1.0);
  made.model->eval();
  return made;
}

/// A call of an op as a model: the first row of its input has the elements of all inputs of the
/// call, one after the other, as float32.
class CallModel : public nn::Module {
 public:
  explicit CallModel(const ops::Sample& sample) : sample_(sample) {}

  Tensor forward(const Tensor& x) override {
    const Tensor row = select(x, 0, 0);
    std::vector<Tensor> inputs;
    std::int64_t at = 0;
    for (const Tensor& each : sample_.inputs) {
      const std::int64_t count = each.numel();
      inputs.push_back(reshape(slice(row, 0, at, at + count), each.sizes()));
      at += count;
    }
    return sample_.call(inputs);
  }
  [[nodiscard]] std::string type_name() const override { return "Call"; }

  /// The elements of the call's inputs as a row, and more rows that differ a little.
  [[nodiscard]] Tensor examples() const {
    std::vector<double> row;
    for (const Tensor& each : sample_.inputs) {
      for (const double value : each.to_vector<double>()) row.push_back(value);
    }
    const Tensor factors = 1 - unsqueeze(arange(10), 1) * 0.003;
    return tensor(row).to(kFloat32) * factors;
  }
  /// Whether it can be a model: inputs are floating and have elements.
  static bool fits(const ops::Sample& sample) {
    for (const Tensor& each : sample.inputs) {
      if (!each.defined() || !each.is_floating_point() || each.numel() == 0) return false;
    }
    return !sample.inputs.empty();
  }

 private:
  const ops::Sample& sample_;
};

/// The text with all that is no letter or digit as "_", for file names.
inline std::string file_name(std::string text) {
  for (char& each : text) {
    if (std::isalnum(static_cast<unsigned char>(each)) == 0) each = '_';
  }
  return text;
}

}  // namespace gradus::test
