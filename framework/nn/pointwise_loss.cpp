#include "framework/nn/pointwise_loss.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/views.h"

namespace gradus::ops {
namespace {

using autograd::SavedTensor;

kernels::View view_of(const Tensor& t) {
  return t.defined() ? t.raw() : kernels::View();
}

// The operands in one dense order; they own the memory.
struct Dense {
  Tensor x, y, weight, pos_weight;
  double parameter;

  Dense(const Tensor& input, const Tensor& target, Tensor w, Tensor p, double of_loss)
      : x(input.contiguous()),
        y(target.contiguous()),
        weight(std::move(w)),
        pos_weight(std::move(p)),
        parameter(of_loss) {}
  [[nodiscard]] kernels::LossOperands views() const {
    return {x.raw(), y.raw(), view_of(weight), view_of(pos_weight), parameter};
  }
};

void prepare_weight(Tensor& values, SavedTensor& saved, const Tensor& x) {
  if (!values.defined()) return;
  values = expand(values.to(x.dtype()), x.sizes()).contiguous();
  saved = SavedTensor(values);
}

}  // namespace

Tensor PointwiseLoss::forward(Inputs in) {
  if (!(in[0].sizes() == in[1].sizes())) {
    throw ShapeError("input and target differ in shape: " + to_string(in[0].sizes()) + " and " +
                     to_string(in[1].sizes()));
  }
  const DType dtype = in[0].dtype();
  prepare_weight(weight, saved_weight, in[0]);
  prepare_weight(pos_weight, saved_pos_weight, in[0]);
  const Dense operands(in[0], in[1], weight, pos_weight, parameter);
  weight = pos_weight = {};
  if (reduction == Reduction::None) {
    Tensor losses(in[0].sizes(), dtype);
    kernels::pointwise_loss(loss, losses.raw(), operands.views());
    return losses;
  }
  const double sum = kernels::pointwise_loss(loss, {}, operands.views());
  if (reduction == Reduction::Mean) factor = 1 / static_cast<double>(in[0].numel());
  return kernels::dispatch_floating(dtype, [&]<class T>(T) {
    return number(static_cast<T>(reduction == Reduction::Mean && in[0].numel() == 0
                                     ? std::numeric_limits<double>::quiet_NaN()
                                     : sum * factor));
  });
}

Gradients PointwiseLoss::fused(const Saved& s, const Tensor& g, const Needs& needs,
                               std::string_view op) {
  const Dense operands(s.input(0), s.input(1), unpack_weight(saved_weight, op),
                       unpack_weight(saved_pos_weight, op), parameter);
  const auto wanted = [&](std::size_t i) {
    return needs[i] ? Tensor(operands.x.sizes(), operands.x.dtype()) : Tensor();
  };
  Gradients gradients = {wanted(0), wanted(1)};
  kernels::pointwise_loss_grad(loss, view_of(gradients[0]), view_of(gradients[1]),
                               g.contiguous().raw(), factor, operands.views());
  return gradients;
}

}  // namespace gradus::ops
