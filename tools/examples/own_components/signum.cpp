// An optimizer: steps of one length in the direction of the momentum (Bernstein et al.,
// arXiv:1802.04434). Its state is saved in checkpoints, and groups of parameters come for free.
#include <gradus/gradus.h>

namespace {

using namespace gradus;

struct SignumOptions {
  double lr = 1e-3;
  double momentum = 0.9;
  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("momentum", momentum, "weight of the past", {.min = 0, .below = 1});
  }
};

class Signum : public optim::OptimizerOf<SignumOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "Signum"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "Signum.step"; }
  optim::ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient,
                             optim::ParameterState& state, const SignumOptions& options) override {
    const auto lr = static_cast<float>(options.lr);
    const auto keep = static_cast<float>(options.momentum);
    const auto rule = [=](float w, float g, float& momentum) {
      momentum = keep * (momentum + g);  // its length does not matter
      return momentum > 0 ? w - lr : momentum < 0 ? w + lr : w;
    };
    return kernels::rule_loop(rule, parameter.data_ptr<float>(), gradient.data_ptr<float>(),
                              state.zeros_at("momentum", parameter).data_ptr<float>());
  }
};

const bool kRegistered = optim::add_optimizer<Signum>("signum", "the sign of a momentum");

}  // namespace
