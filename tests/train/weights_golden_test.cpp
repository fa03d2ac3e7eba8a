// Weights in a safetensors file that PyTorch's state_dict filled: they load by name and compute
// what PyTorch computed.
#include "framework/nn/layers.h"
#include "framework/train/safetensors.h"

#include <algorithm>

#include "tests/support/golden.h"

namespace gradus {
namespace {

constexpr golden::Tolerance kTolerance = {1e-6, 1e-7};

nn::Sequential small_mlp() {
  return nn::Sequential(nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2));
}

TEST(GoldenWeights, load_by_name_and_give_the_same_output) {
  const SafetensorsFile file = read_safetensors(golden::path_of("mlp_small.safetensors"));
  EXPECT_EQ(file.metadata.at("format"), "pt");
  const nn::Sequential net = small_mlp();
  net->load_state_dict(file.tensors, true);

  const Json expected = golden::load("mlp_small.json");
  const Tensor output = net(golden::tensor_of(expected.at("input"), kFloat32));
  EXPECT_EQ(output.dtype(), kFloat32);
  golden::expect_close(output, golden::tensor_of(expected.at("output")), kTolerance);
}

TEST(GoldenWeights, survive_a_round_trip_bit_for_bit) {
  const SafetensorsFile file = read_safetensors(golden::path_of("mlp_small.safetensors"));
  const nn::Sequential net = small_mlp();
  net->load_state_dict(file.tensors, true);
  const auto copy = std::filesystem::path(testing::TempDir()) / "gradus_mlp_small.safetensors";
  write_safetensors(copy, {net->state_dict(), file.metadata});

  const SafetensorsFile again = read_safetensors(copy);
  std::filesystem::remove(copy);
  EXPECT_EQ(again.metadata, file.metadata);
  ASSERT_EQ(again.tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : again.tensors) {  // in the writer's order
    const auto same = std::find_if(file.tensors.begin(), file.tensors.end(),
                                   [&](const nn::NamedTensor& each) { return each.name == name; });
    ASSERT_NE(same, file.tensors.end()) << name;
    EXPECT_EQ(tensor.sizes(), same->tensor.sizes()) << name;
    EXPECT_EQ(tensor.to_vector<float>(), same->tensor.to_vector<float>()) << name;
  }
}

}  // namespace
}  // namespace gradus
