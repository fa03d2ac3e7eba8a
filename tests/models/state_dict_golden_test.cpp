// Models against those that were written in PyTorch (golden/state_dicts.py): their state dicts have
// the same names, shapes and dtypes, and with the same weights they compute the same. So weights of
// either load in the other.
#include "framework/tensor/creation.h"
#include "framework/train/model.h"
#include "framework/train/safetensors.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <cmath>
#include <map>

#include "tests/support/golden.h"

namespace gradus {
namespace {

// Relative to 1 and to the value: float32 through up to 20 layers.
constexpr golden::Tolerance kTolerance = {1e-4, 1e-4};

struct Case {
  Json json;

  [[nodiscard]] std::string name() const { return json["name"]; }
  [[nodiscard]] std::shared_ptr<nn::Module> make() const {
    return models().make(json["model"], {golden::shape_of(json["input_shape"]), json["outputs"]});
  }
  friend void PrintTo(const Case& self, std::ostream* out) { *out << self.name(); }
};

std::vector<Case> cases() {
  std::vector<Case> result;
  const Json file = golden::load("state_dicts.json");
  for (const Json& each : file.at("models")) result.push_back({each});
  return result;
}

// fill() of the script, for one tensor.
Tensor drawn(const std::string& name, const Shape& sizes, DType dtype) {
  if (!is_floating(dtype)) return full(sizes, 7, dtype);
  std::uint64_t state =
      ::crc32(0, reinterpret_cast<const Bytef*>(name.data()), static_cast<uInt>(name.size()));
  const auto fan_in = static_cast<double>(sizes.size() > 1 ? sizes.numel() / sizes[0] : 4);
  const bool scales =
      name.ends_with("running_var") || (sizes.size() == 1 && name.ends_with("weight"));
  std::vector<float> values(static_cast<std::size_t>(sizes.numel()));
  for (float& each : values) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const double unit = 2 * static_cast<double>(state >> 40U) / (1U << 24U) - 1;
    each = static_cast<float>(unit * (1 / std::sqrt(fan_in)));
    if (scales) each = 1 + each;
  }
  return tensor(values).reshape(sizes);
}

// PyTorch's state dict, in its order.
nn::StateDict state_of(const Json& json) {
  const std::map<std::string, DType> dtypes = {{"float32", kFloat32}, {"int64", kInt64}};
  nn::StateDict state;
  for (const auto& [name, form] : json["state"].items()) {
    state.push_back({name, drawn(name, golden::shape_of(form[1]), dtypes.at(form[0]))});
  }
  return state;
}

class GoldenStateDict : public testing::TestWithParam<Case> {};

TEST_P(GoldenStateDict, has_pytorchs_names_shapes_and_dtypes) {
  std::map<std::string, Json> here;
  for (const auto& [name, tensor] : GetParam().make()->state_dict()) {
    here[name] = {name_of(tensor.dtype()),
                  std::vector<std::int64_t>(tensor.sizes().begin(), tensor.sizes().end())};
  }
  std::map<std::string, Json> there;
  for (const auto& [name, form] : GetParam().json["state"].items()) there[name] = form;
  EXPECT_EQ(here, there);
}

TEST_P(GoldenStateDict, loads_and_computes_what_pytorch_does) {
  const auto model = GetParam().make();
  model->load_state_dict(state_of(GetParam().json));
  model->eval();
  const Tensor output = (*model)(golden::tensor_of(GetParam().json["input"], kFloat32));
  golden::expect_close(output, golden::tensor_of(GetParam().json["output"]), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenStateDict, testing::ValuesIn(cases()), golden::NameOfCase());

}  // namespace
}  // namespace gradus
