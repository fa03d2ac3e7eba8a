// Recurrent layers: RNN, LSTM and GRU, as PyTorch's.
//
//   nn::LSTM lstm(28, 64, nn::RecurrentOptions{.num_layers = 2, .batch_first = true});
//   Tensor y = lstm(x);                                  // [N, T, 28] -> [N, T, 64]
//   auto [output, h_n, c_n] = lstm->forward(x, {h_0, c_0});
//
// Parameters of layer k: weight_ih_lk [G * H, inputs], weight_hh_lk [G * H, H], bias_ih_lk and
// bias_hh_lk [G * H], with the suffix _reverse for the second direction; G is 4 for an LSTM (its
// gates i, f, g, o), 3 for a GRU (r, z, n) and 1 for an RNN. All start uniform in +-1/sqrt(H). The
// formulas are those of RecurrentCell (kernels/recurrent.h).
#pragma once

#include "framework/nn/module.h"
#include "framework/ops/recurrent.h"

namespace gradus::nn {

struct RecurrentOptions {
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;    ///< inputs and outputs are [N, T, features], not [T, N, features]
  double dropout = 0;          ///< in training, on the outputs of all layers but the last
  bool bidirectional = false;  ///< whether each layer has a second direction, from the end
};

/// States [layers * directions, N, H]; undefined ones are zeros.
struct RecurrentState {
  Tensor h{};
  Tensor c{};  ///< of an LSTM only
};

struct RecurrentResult {
  Tensor output;  ///< h of the last layer at each step, both directions side by side
  Tensor h_n;     ///< the states after the last step; in the shape of RecurrentState
  Tensor c_n;
};

/// The base of the three.
class RecurrentImpl : public Module {
 public:
  /// Sequences [T, N, input_size], or [N, T, input_size] with batch_first; or one alone, [T,
  /// input_size], whose states then have no N. -> output [..., directions * hidden_size].
  Tensor forward(const Tensor& x) override;
  /// The same from given first states. Throws ShapeError, and ValueError for a c that is none.
  RecurrentResult forward(const Tensor& x, const RecurrentState& state,
                          Location at = Location::current());

 protected:
  RecurrentImpl(RecurrentCell cell, std::int64_t input_size, std::int64_t hidden_size,
                const RecurrentOptions& options);

 private:
  // Of one layer in one direction.
  struct Weights {
    Tensor ih, hh;
    Tensor bias_ih, bias_hh;  // undefined without bias
  };

  [[nodiscard]] std::int64_t directions() const { return options_.bidirectional ? 2 : 1; }
  void add_weights(std::int64_t inputs, const std::string& suffix);
  [[nodiscard]] Tensor first_states(const Tensor& given, const char* name, const Tensor& x,
                                    bool single) const;
  [[nodiscard]] RecurrentResult run(const Tensor& x, const RecurrentState& state) const;
  /// The states after each step, in the order of the steps.
  [[nodiscard]] Tensor run_direction(const Tensor& x, std::size_t index, const Tensor& h,
                                     const Tensor& c) const;

  RecurrentCell cell_;
  std::int64_t input_size_;
  std::int64_t hidden_size_;
  RecurrentOptions options_;
  std::vector<Weights> weights_;  // layer by layer, the directions of each
};

class RNNImpl : public RecurrentImpl {
 public:
  /// nonlinearity: "tanh" or "relu"; ValueError for another.
  RNNImpl(std::int64_t input_size, std::int64_t hidden_size, const RecurrentOptions& options = {},
          const std::string& nonlinearity = "tanh");
  [[nodiscard]] std::string type_name() const override { return "RNN"; }
};
using RNN = Handle<RNNImpl>;

class LSTMImpl : public RecurrentImpl {
 public:
  LSTMImpl(std::int64_t input_size, std::int64_t hidden_size, const RecurrentOptions& options = {})
      : RecurrentImpl(RecurrentCell::LSTM, input_size, hidden_size, options) {}
  [[nodiscard]] std::string type_name() const override { return "LSTM"; }
};
using LSTM = Handle<LSTMImpl>;

class GRUImpl : public RecurrentImpl {
 public:
  GRUImpl(std::int64_t input_size, std::int64_t hidden_size, const RecurrentOptions& options = {})
      : RecurrentImpl(RecurrentCell::GRU, input_size, hidden_size, options) {}
  [[nodiscard]] std::string type_name() const override { return "GRU"; }
};
using GRU = Handle<GRUImpl>;

}  // namespace gradus::nn
