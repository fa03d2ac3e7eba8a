// What every optimizer saves: "<parameter>/<slot>", of the parameter's shape or a number, under the
// names that PyTorch's optimizers have (golden/state_dicts.py), for any number of threads and any
// layout that the computation likes.
#include "framework/train/optimizer.h"

#include <set>

#include "tests/support/golden.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

// A parameter of each kind: a bias, a matrix, a convolution's weight.
nn::StateDict parameters() {
  nn::StateDict result;
  for (const auto& [name, sizes] :
       {std::pair("fc.bias", Shape{3}), std::pair("fc.weight", Shape{3, 5}),
        std::pair("conv.weight", Shape{16, 8, 3, 3})}) {
    result.push_back({name, full(sizes, 0.5, kFloat32).requires_grad_()});
  }
  return result;
}

// Options with which an optimizer remembers all that it can.
Json options_of(const std::string& name) {
  const Json known = golden::load("state_dicts.json").at("optimizers");
  Json options = known.contains(name) ? known[name]["options"] : Json::object();
  options["type"] = name;
  return options;
}

nn::StateDict state_after_two_steps(const std::string& name, const nn::StateDict& of) {
  const auto optimizer = optim::optimizers().make(options_of(name), of);
  for (int i = 0; i < 2; ++i) {
    optimizer->step([&] {
      for (const auto& [parameter, tensor] : of)
        tensor.set_grad(full(tensor.sizes(), 0.25, kFloat32));
      return full({}, 1.0, kFloat32);
    });
  }
  return optimizer->state_dict();
}

TEST(OptimizerState, has_the_shape_of_its_parameter) {
  for (const std::string& name : optim::optimizers().names()) {
    const nn::StateDict of = parameters();
    std::map<std::string, Shape> shapes;
    for (const auto& [parameter, tensor] : of) shapes[parameter] = tensor.sizes();
    std::set<std::string> seen;
    for (const auto& [key, tensor] : state_after_two_steps(name, of)) {
      const std::string parameter = key.substr(0, key.rfind('/'));
      ASSERT_TRUE(shapes.contains(parameter)) << name << ": " << key;
      seen.insert(parameter);
      if (tensor.dim() == 0) continue;
      EXPECT_EQ(tensor.sizes(), shapes[parameter]) << name << ": " << key;
      EXPECT_TRUE(tensor.is_contiguous()) << name << ": " << key;
      EXPECT_EQ(tensor.dtype(), kFloat32) << name << ": " << key;
    }
    EXPECT_EQ(seen.size(), of.size()) << name;
  }
}

TEST(OptimizerState, has_pytorchs_names) {
  const Json known = golden::load("state_dicts.json").at("optimizers");
  for (const auto& [name, expected] : known.items()) {
    std::map<std::string, bool> here;                      // whether it is a number
    std::map<std::string, bool> there = {{"step", true}};  // PyTorch's sgd has none
    const std::string prefix = "fc.weight/";
    for (const auto& [key, tensor] : state_after_two_steps(name, parameters())) {
      if (key.starts_with(prefix)) here[key.substr(prefix.size())] = tensor.dim() == 0;
    }
    for (const auto& [slot, shape] : expected["slots"].items()) there[slot] = shape.empty();
    EXPECT_EQ(here, there) << name;
  }
}

}  // namespace
}  // namespace gradus
