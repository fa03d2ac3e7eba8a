#include "framework/nn/recurrent_layers.h"
#include "framework/nn/init.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/dropout.h"
#include "framework/ops/joining.h"
#include "framework/ops/linear.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/views.h"

#include <cmath>

namespace gradus::nn {

RecurrentImpl::RecurrentImpl(RecurrentCell cell, std::int64_t input_size, std::int64_t hidden_size,
                             const RecurrentOptions& options)
    : cell_(cell), input_size_(input_size), hidden_size_(hidden_size), options_(options) {
  check_at_least_one("recurrent layer", "input_size", input_size);
  check_at_least_one("recurrent layer", "hidden_size", hidden_size);
  check_at_least_one("recurrent layer", "num_layers", options.num_layers);
  check_probability("recurrent layer", options.dropout);
  for (std::int64_t layer = 0; layer < options.num_layers; ++layer) {
    const std::int64_t inputs = layer == 0 ? input_size : directions() * hidden_size;
    add_weights(inputs, "_l" + std::to_string(layer));
    if (options.bidirectional) add_weights(inputs, "_l" + std::to_string(layer) + "_reverse");
  }
}

void RecurrentImpl::add_weights(std::int64_t inputs, const std::string& suffix) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_size_));
  const std::int64_t gates = kernels::gates_of(cell_) * hidden_size_;
  const auto add = [&](const char* name, const Shape& sizes) {
    return register_parameter(name + suffix, init::uniform(sizes, -bound, bound));
  };
  Weights weights;
  weights.ih = add("weight_ih", {gates, inputs});
  weights.hh = add("weight_hh", {gates, hidden_size_});
  if (options_.bias) {
    weights.bias_ih = add("bias_ih", {gates});
    weights.bias_hh = add("bias_hh", {gates});
  }
  weights_.push_back(std::move(weights));
}

Tensor RecurrentImpl::forward(const Tensor& x) {
  return forward(x, {}).output;
}

RecurrentResult RecurrentImpl::forward(const Tensor& x, const RecurrentState& state, Location at) {
  return named(type_name(), at, [&] {
    if ((x.dim() != 2 && x.dim() != 3) || x.size(-1) != input_size_) {
      throw ShapeError("needs sequences [" + std::string(options_.batch_first ? "N, T" : "T, N") +
                       ", " + std::to_string(input_size_) + "] or [T, " +
                       std::to_string(input_size_) + "], got " + to_string(x.sizes()));
    }
    if (state.c.defined() && cell_ != RecurrentCell::LSTM) {
      throw ValueError("has no state c; an LSTM has");
    }
    const bool single = x.dim() == 2;
    const bool swapped = !single && options_.batch_first;
    const Tensor steps = single ? unsqueeze(x, 1) : swapped ? transpose(x, 0, 1) : x;
    RecurrentState first = {first_states(state.h, "h_0", steps, single), {}};
    if (cell_ == RecurrentCell::LSTM) first.c = first_states(state.c, "c_0", steps, single);
    RecurrentResult result = run(steps, first);
    if (swapped) result.output = transpose(result.output, 0, 1);
    if (!single) return result;
    for (Tensor* each : {&result.output, &result.h_n, &result.c_n}) {
      if (each->defined()) *each = squeeze(*each, 1);
    }
    return result;
  });
}

Tensor RecurrentImpl::first_states(const Tensor& given, const char* name, const Tensor& x,
                                   bool single) const {
  const std::int64_t count = options_.num_layers * directions();
  const Shape sizes = {count, x.size(1), hidden_size_};
  if (!given.defined()) return zeros(sizes, x.dtype());
  const Shape wanted = single ? Shape{count, hidden_size_} : sizes;
  if (!(given.sizes() == wanted)) {
    throw ShapeError(std::string(name) + " of shape " + to_string(given.sizes()) + ", expected " +
                     to_string(wanted));
  }
  return single ? unsqueeze(given, 1) : given;
}

RecurrentResult RecurrentImpl::run(const Tensor& x, const RecurrentState& state) const {
  Tensor output = x;
  std::vector<Tensor> h_n;
  std::vector<Tensor> c_n;
  for (std::int64_t layer = 0; layer < options_.num_layers; ++layer) {
    if (layer > 0 && options_.dropout > 0)
      output = dropout(output, options_.dropout, is_training());
    std::vector<Tensor> outputs;
    for (std::int64_t direction = 0; direction < directions(); ++direction) {
      const std::int64_t index = layer * directions() + direction;
      const Tensor input = direction == 0 ? output : flip(output, {0});
      const Tensor states =
          run_direction(input, static_cast<std::size_t>(index), select(state.h, 0, index),
                        state.c.defined() ? select(state.c, 0, index) : Tensor());
      const Tensor h = select(states, 1, 0);
      outputs.push_back(direction == 0 ? h : flip(h, {0}));
      h_n.push_back(select(h, 0, -1));
      if (state.c.defined()) c_n.push_back(select(select(states, 1, 1), 0, -1));
    }
    output = outputs.size() == 1 ? outputs[0] : cat(outputs, -1);
  }
  return {output, stack(h_n), c_n.empty() ? Tensor() : stack(c_n)};
}

Tensor RecurrentImpl::run_direction(const Tensor& x, std::size_t index, const Tensor& h,
                                    const Tensor& c) const {
  const Weights& w = weights_[index];
  const Tensor weight = options_.bias ? cat({w.hh, unsqueeze(w.bias_hh, 1)}, 1) : w.hh;
  const Tensor state = c.defined() ? stack({h, c}) : unsqueeze(h, 0);
  return recurrent(cell_, linear(x, w.ih, w.bias_ih), weight, state);
}

namespace {

RecurrentCell cell_of(const std::string& nonlinearity) {
  if (nonlinearity == "tanh") return RecurrentCell::Tanh;
  if (nonlinearity == "relu") return RecurrentCell::ReLU;
  throw ValueError("RNN: nonlinearity must be \"tanh\" or \"relu\", got \"" + nonlinearity + "\"");
}

}  // namespace

RNNImpl::RNNImpl(std::int64_t input_size, std::int64_t hidden_size, const RecurrentOptions& options,
                 const std::string& nonlinearity)
    : RecurrentImpl(cell_of(nonlinearity), input_size, hidden_size, options) {}

// ---- By name ------------------------------------------------------------------------------------

namespace {

struct RecurrentSettings {
  std::int64_t input_size = 0;
  std::int64_t hidden_size = 0;
  RecurrentOptions options;
  void describe(OptionReader& o) {
    o.required()("input_size", input_size, "features of the input", {.min = 1});
    o.required()("hidden_size", hidden_size, "features of a state", {.min = 1});
    o("num_layers", options.num_layers, "layers on top of each other", {.min = 1});
    o("bias", options.bias, "whether biases are added");
    o("batch_first", options.batch_first,
      "whether sequences are [N, T, features], not [T, N, ...]");
    o("dropout", options.dropout, "probability, between layers", {.min = 0, .max = 1});
    o("bidirectional", options.bidirectional, "whether each layer also runs from the end");
  }
};

struct RNNSettings : RecurrentSettings {
  std::string nonlinearity = "tanh";
  void describe(OptionReader& o) {
    RecurrentSettings::describe(o);
    o("nonlinearity", nonlinearity, "of the states", {"tanh", "relu"});
  }
};

const bool kRegistered[] = {
    register_layer<RNNSettings>("rnn", "h = tanh(inputs and h before, weighted), step by step",
                                [](const RNNSettings& o) {
                                  return RNN(o.input_size, o.hidden_size, o.options,
                                             o.nonlinearity);
                                }),
    register_layer<RecurrentSettings>(
        "lstm", "long short-term memory",
        [](const RecurrentSettings& o) { return LSTM(o.input_size, o.hidden_size, o.options); }),
    register_layer<RecurrentSettings>(
        "gru", "gated recurrent units",
        [](const RecurrentSettings& o) { return GRU(o.input_size, o.hidden_size, o.options); }),
};

}  // namespace
}  // namespace gradus::nn
