// A model: scores are a linear function of bumps, exp(-width * |x - centre|^2), that are learned.
#include <gradus/gradus.h>

namespace {

using namespace gradus;

struct RadialBasisOptions {
  std::int64_t bumps = 24;
  double width = 1;
  void describe(OptionReader& o) {
    o("bumps", bumps, "how many there are", {.min = 1});
    o("width", width, "how fast a bump falls off", {.above = 0});
  }
};

class RadialBasis : public nn::Module {
 public:
  RadialBasis(const RadialBasisOptions& o, std::int64_t features, std::int64_t outputs)
      : centres_(register_parameter("centres", 2 * randn({o.bumps, features}))),
        head_(register_module("head", nn::Linear(o.bumps, outputs))),
        width_(o.width) {}

  Tensor forward(const Tensor& x) override {
    const Tensor difference = x.unsqueeze(1) - centres_;  // [N, bumps, features]
    return head_(exp(-width_ * sum(square(difference), {2})));
  }
  [[nodiscard]] std::string type_name() const override { return "RadialBasis"; }

 private:
  Tensor centres_;
  nn::Linear head_;
  double width_;
};

std::shared_ptr<nn::Module> make(const RadialBasisOptions& options, const ModelInput& input) {
  if (input.input_shape.size() != 1) {
    throw ShapeError("radial_basis: needs features [N], the data has shape " +
                     to_string(input.input_shape));
  }
  return std::make_shared<RadialBasis>(options, input.input_shape[0], input.outputs);
}

const bool kRegistered =
    models().add<RadialBasisOptions>("radial_basis", "a linear function of bumps", make);

}  // namespace
