// char_lstm: tokens [N, T] (int64) become scores of the next token at every place, [N, vocabulary,
// T], as cross_entropy takes them, by an LSTM that begins each sequence with zeros.
#include "framework/nn/layers.h"
#include "framework/ops/shape.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

struct CharLstmOptions {
  std::int64_t embedding = 64;
  std::int64_t hidden = 128;
  std::int64_t layers = 1;
  double dropout = 0;

  void describe(OptionReader& o) {
    o("embedding", embedding, "size of a token's vector", {.min = 1});
    o("hidden", hidden, "size of the LSTM's states", {.min = 1});
    o("layers", layers, "layers of the LSTM", {.min = 1});
    o("dropout", dropout, "probability, between layers and before the head",
      {.min = 0, .below = 1});
  }
};

class CharLstm : public nn::Module {
 public:
  CharLstm(const CharLstmOptions& o, std::int64_t vocabulary)
      : embedding_(register_module("embedding", nn::Embedding(vocabulary, o.embedding))),
        lstm_(register_module("lstm", nn::LSTM(o.embedding, o.hidden, options_of(o)))),
        dropout_(register_module("dropout", nn::Dropout(o.dropout))),
        head_(register_module("head", nn::Linear(o.hidden, vocabulary))) {}

  Tensor forward(const Tensor& tokens) override {
    if (tokens.dim() != 2) {
      throw ShapeError("char_lstm: needs tokens [N, T], got " + to_string(tokens.sizes()));
    }
    return transpose(head_(dropout_(lstm_(embedding_(tokens)))), 1, 2);
  }
  [[nodiscard]] std::string type_name() const override { return "CharLSTM"; }

 private:
  static nn::RecurrentOptions options_of(const CharLstmOptions& o) {
    return {.num_layers = o.layers, .batch_first = true, .dropout = o.dropout};
  }

  nn::Embedding embedding_;
  nn::LSTM lstm_;
  nn::Dropout dropout_;
  nn::Linear head_;
};

std::shared_ptr<nn::Module> make(const CharLstmOptions& options, const ModelInput& input) {
  if (input.input_shape.size() != 1) {
    throw ShapeError("char_lstm: needs sequences of tokens [T], the data has shape " +
                     to_string(input.input_shape));
  }
  return std::make_shared<CharLstm>(options, input.outputs);
}

const bool kRegistered =
    models().add<CharLstmOptions>("char_lstm", "an LSTM that predicts the next token", make);

}  // namespace
}  // namespace gradus
