#include "framework/ops/recurrent.h"
#include "framework/autograd/engine.h"
#include "framework/kernels/matmul.h"
#include "framework/ops/activation.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/joining.h"
#include "framework/ops/linear.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"
#include "framework/ops/trigonometry.h"

namespace gradus {
namespace ops {
namespace {

using kernels::View;

// The sizes of one call.
struct Extent {
  std::int64_t steps, states, rows, width, gates;

  Extent(RecurrentCell cell, Inputs in)
      : steps(in[0].dim() == 3 ? in[0].size(0) : 0),
        states(kernels::states_of(cell)),
        rows(in[0].dim() == 3 ? in[0].size(1) : 0),
        width(in[2].dim() == 3 ? in[2].size(2) : 0),
        gates(kernels::gates_of(cell) * width) {
    const bool fits = in[0].dim() == 3 && in[1].dim() == 2 && in[0].size(2) == gates &&
                      in[1].size(0) == gates &&
                      (in[1].size(1) == width || in[1].size(1) == width + 1) &&
                      in[2].sizes() == Shape{states, rows, width};
    if (!fits || width == 0) {
      const std::string g = std::to_string(kernels::gates_of(cell));
      throw ShapeError("needs x [T, N, " + g + " * H], weight [" + g +
                       " * H, H or H + 1], state [" + std::to_string(states) + ", N, H], got " +
                       to_string(in[0].sizes()) + ", " + to_string(in[1].sizes()) + " and " +
                       to_string(in[2].sizes()));
    }
    if (steps == 0) throw ShapeError("needs at least one step, got x " + to_string(in[0].sizes()));
  }
};

// Element `index` of the first dim of a dense tensor.
View at(const Tensor& t, std::int64_t index) {
  const View raw = t.raw();
  const Shape sizes(std::span(raw.sizes.begin() + 1, raw.sizes.end()));
  return raw.shifted(index * sizes.numel()).with(sizes, contiguous_strides(sizes));
}

View flipped(const View& m) {
  return m.with({m.sizes[1], m.sizes[0]}, {m.strides[1], m.strides[0]});
}

// The two parts of the weight: what multiplies h, and the bias.
struct Weight {
  Tensor matrix;
  Tensor bias;

  Weight(const Tensor& weight, std::int64_t width)
      : matrix(weight.size(1) == width ? weight : slice(weight, 1, 0, width)) {
    if (weight.size(1) > width) bias = select(weight, 1, width);
  }
};

// The same from public ops, for gradients of gradients.
Tensor composed(RecurrentCell cell, const Tensor& x, const Tensor& weight, const Tensor& state) {
  const std::int64_t width = state.size(2);
  const Weight w(weight, width);
  Tensor h = select(state, 0, 0);
  Tensor c = cell == RecurrentCell::LSTM ? select(state, 0, 1) : Tensor();
  std::vector<Tensor> states;
  for (std::int64_t t = 0; t < x.size(0); ++t) {
    const Tensor in = select(x, 0, t);
    const Tensor own = linear(h, w.matrix, w.bias);
    const auto gate = [&](const Tensor& from, std::int64_t i) {
      return slice(from, 1, i * width, (i + 1) * width);
    };
    const auto both = [&](std::int64_t i) { return gate(in, i) + gate(own, i); };
    if (cell == RecurrentCell::LSTM) {
      c = sigmoid(both(1)) * c + sigmoid(both(0)) * tanh(both(2));
      h = sigmoid(both(3)) * tanh(c);
      states.push_back(stack({h, c}));
      continue;
    }
    if (cell == RecurrentCell::GRU) {
      const Tensor z = sigmoid(both(1));
      const Tensor n = tanh(gate(in, 2) + sigmoid(both(0)) * gate(own, 2));
      h = (1 - z) * n + z * h;
    } else {
      h = cell == RecurrentCell::ReLU ? relu(in + own) : tanh(in + own);
    }
    states.push_back(unsqueeze(h, 0));
  }
  return stack(states);
}

struct Recurrent {
  static constexpr OpInfo kInfo{
      .name = "recurrent",
      .doc =
          "The states of an RNN, LSTM or GRU layer after each step, from its inputs' share in the "
          "gates, the recurrent weight and the first state.",
      .inputs = 3,
      .floating = true,
      .keeps = true,
      .saves = kSaveInputs | kSaveOutput};
  RecurrentCell cell;
  bool recorded;  // whether there will be a gradient, for which the gates are kept
  autograd::SavedTensor kept{};

  void describe(Attributes& a) const { a("cell", cell); }
  Tensor forward(Inputs in) {
    const Extent e(cell, in);
    const Tensor x = in[0].contiguous();
    const Tensor first = in[2].contiguous();
    const Weight weight(in[1], e.width);
    const Tensor matrix = weight.matrix.contiguous();
    const View bias = weight.bias.defined() ? weight.bias.raw() : View{};
    Tensor out({e.steps, e.states, e.rows, e.width}, x.dtype());
    const Tensor own({e.rows, e.gates}, x.dtype());
    const Tensor gates({recorded ? e.steps : 1, e.rows, kernels::kept_of(cell) * e.width},
                       x.dtype());
    View before = first.raw();
    for (std::int64_t t = 0; t < e.steps; ++t) {
      kernels::matmul(own.raw(), hidden(before), flipped(matrix.raw()), bias);
      const kernels::RecurrentStep step = {before, at(out, t), at(gates, recorded ? t : 0)};
      kernels::recurrent_step(cell, step, at(x, t), own.raw());
      before = step.next;
    }
    if (recorded) kept = autograd::SavedTensor(gates);
    return out;
  }

  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    const std::array<Tensor, 3> in = {s.input(0), s.input(1), s.input(2)};
    if (GradMode::is_enabled()) return composite(in, g, needs);
    const Extent e(cell, in);
    const Weight weight(in[1], e.width);
    const Tensor matrix = weight.matrix.contiguous();
    const Tensor first = in[2].contiguous();
    const Tensor out = s.output();
    const Tensor gates = kept.unpack({}, kInfo.name);
    const Tensor slopes = g.contiguous();
    const Tensor gx({e.steps, e.rows, e.gates}, g.dtype());
    const Tensor gh = cell == RecurrentCell::GRU ? empty_like(gx) : gx;
    Tensor gstate = zeros(first.sizes(), g.dtype());
    const Tensor through({e.rows, e.width}, g.dtype());  // the gradient of h by way of the product
    for (std::int64_t t = e.steps - 1; t >= 0; --t) {
      autograd::add_to_gradient(gstate, select(slopes, 0, t));
      const kernels::RecurrentStep step = {t == 0 ? first.raw() : at(out, t - 1), at(out, t),
                                           at(gates, t)};
      kernels::recurrent_step_grad(cell, step, at(gx, t), at(gh, t), gstate.raw(),
                                   t + 1 < e.steps ? through.raw() : View{});
      kernels::matmul(through.raw(), at(gh, t), matrix.raw());
    }
    autograd::add_to_gradient(select(gstate, 0, 0), through);
    return {gx, needs[1] ? gradient_of_weight(e, in[1], gh, out, first) : Tensor(), gstate};
  }
  static Samples samples();

 private:
  // h of a state.
  static View hidden(const View& state) {
    const Shape sizes = {state.sizes[1], state.sizes[2]};
    return state.with(sizes, contiguous_strides(sizes));
  }

  static Tensor gradient_of_weight(const Extent& e, const Tensor& weight, const Tensor& gh,
                                   const Tensor& out, const Tensor& first) {
    const Tensor slopes = reshape(gh, {e.steps * e.rows, e.gates});
    Tensor before = unsqueeze(select(first, 0, 0), 0);
    if (e.steps > 1) before = cat({before, slice(select(out, 1, 0), 0, 0, e.steps - 1)});
    const Tensor h = reshape(before, {e.steps * e.rows, e.width});
    const Tensor gmatrix = matmul(transpose(slopes, 0, 1), h);
    if (weight.size(1) == e.width) return gmatrix;
    return cat({gmatrix, unsqueeze(sum(slopes, {0}), 1)}, 1);
  }

  Gradients composite(const std::array<Tensor, 3>& in, const Tensor& g, const Needs& needs) const {
    std::vector<Tensor> wanted;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (needs[i]) wanted.push_back(in[i]);
    }
    const Tensor y = composed(cell, in[0], in[1], in[2]);
    const Tensor outputs[] = {y};
    const Tensor weights[] = {g};
    const std::vector<Tensor> found = grad(outputs, wanted, weights, {.create_graph = true});
    Gradients result;
    auto next = found.begin();
    for (std::size_t i = 0; i < in.size(); ++i) result.push_back(needs[i] ? *next++ : Tensor());
    return result;
  }
};

Samples Recurrent::samples() {
  Samples result;
  for (const RecurrentCell cell :
       {RecurrentCell::Tanh, RecurrentCell::ReLU, RecurrentCell::LSTM, RecurrentCell::GRU}) {
    const auto call = [cell](Inputs in) { return recurrent(cell, in[0], in[1], in[2]); };
    const std::int64_t gates = kernels::gates_of(cell) * 3;
    const std::int64_t states = kernels::states_of(cell);
    result.good.push_back(
        {{sample({3, 2, gates}), sample({gates, 4}), sample({states, 2, 3})}, call});
    result.good.push_back(
        {{sample({1, 2, gates}), sample({gates, 3}), sample({states, 2, 3})}, call});
    result.bad.push_back({{sample({3, 2, gates + 1}), sample({gates, 4}), sample({states, 2, 3})},
                          call,
                          "needs x [T, N, "});
    result.bad.push_back({{sample({0, 2, gates}), sample({gates, 4}), sample({states, 2, 3})},
                          call,
                          "needs at least one step"});
  }
  return result;
}

const RegisterOps<Recurrent> kRegistered;

}  // namespace
}  // namespace ops

Tensor recurrent(RecurrentCell cell, const Tensor& x, const Tensor& weight, const Tensor& state,
                 Location at) {
  ops::TensorList inputs = {x, weight, state};
  const bool recorded = ops::records(ops::Recurrent::kInfo, inputs);
  return ops::apply(ops::Recurrent{cell, recorded}, std::move(inputs), at);
}

}  // namespace gradus
