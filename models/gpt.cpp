// gpt: a decoder of the form of GPT-2. Tokens [N, T] (int64, T up to the length of the data's
// examples) become scores of the next token at every place, [N, vocabulary, T], as cross_entropy
// takes them. Parameters bear nanoGPT's names: transformer.wte.weight, transformer.h.0.attn.c_attn
// .weight, lm_head.weight; matrices are [out, in], as nn::Linear has them (GPT-2's own are not).
#include "framework/autograd/grad_mode.h"
#include "framework/nn/init.h"
#include "framework/nn/transformer.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/linear.h"
#include "framework/ops/shape.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

struct GptOptions {
  std::int64_t layers = 4;
  std::int64_t heads = 4;
  std::int64_t embedding = 128;
  double dropout = 0;
  bool bias = true;
  bool tie_weights = true;
  std::string gelu = "none";

  void describe(OptionReader& o) {
    o("layers", layers, "how many blocks", {.min = 1});
    o("heads", heads, "heads of the attention; they divide embedding", {.min = 1});
    o("embedding", embedding, "size of a token's vector", {.min = 1});
    o("dropout", dropout, "probability, after embeddings, attention and blocks",
      {.min = 0, .below = 1});
    o("bias", bias, "whether linear layers and norms have biases");
    o("tie_weights", tie_weights, "whether the head has the weights of the token embedding");
    o("gelu", gelu, "exact (none) or the approximation by tanh (that of GPT-2)", {"none", "tanh"});
  }
};

constexpr double kStd = 0.02;

nn::TransformerDecoderBlock block(const GptOptions& o) {
  return nn::TransformerDecoderBlock(
      o.embedding, o.heads,
      nn::TransformerDecoderBlockOptions{
          .dropout = o.dropout, .bias = o.bias, .approximate = o.gelu, .blocks = o.layers});
}

// The blocks, by number.
class Blocks : public nn::Module {
 public:
  explicit Blocks(const GptOptions& o) {
    for (std::int64_t i = 0; i < o.layers; ++i) {
      register_module(std::to_string(i), block(o));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (const auto& [name, block] : children()) y = (*block)(y);
    return y;
  }
  [[nodiscard]] std::string type_name() const override { return "ModuleList"; }
};

nn::Embedding embedding_layer(std::int64_t rows, std::int64_t size) {
  nn::Embedding layer(rows, size);
  const NoGradGuard no_grad;
  layer->weight.normal_(0, kStd);
  return layer;
}

// Tokens to the vectors that the head reads.
class Transformer : public nn::Module {
 public:
  Transformer(const GptOptions& o, const ModelInput& input)
      : wte(register_module("wte", embedding_layer(input.outputs, o.embedding))),
        wpe_(register_module("wpe", embedding_layer(input.input_shape[0], o.embedding))),
        drop_(register_module("drop", nn::Dropout(o.dropout))),
        h_(register_module("h", std::make_shared<Blocks>(o))),
        ln_f_(register_module("ln_f",
                              nn::LayerNorm(o.embedding, nn::LayerNormOptions{.bias = o.bias}))) {}

  Tensor forward(const Tensor& tokens) override {
    const Tensor places = slice(wpe_->weight, 0, 0, tokens.size(1));
    return ln_f_((*h_)(drop_(wte(tokens) + places)));
  }
  [[nodiscard]] std::string type_name() const override { return "Transformer"; }
  [[nodiscard]] std::int64_t block_size() const { return wpe_->weight.size(0); }

  nn::Embedding wte;

 private:
  nn::Embedding wpe_;
  nn::Dropout drop_;
  std::shared_ptr<Blocks> h_;
  nn::LayerNorm ln_f_;
};

// A linear layer without bias on a weight that may belong to another module too.
class Head : public nn::Module {
 public:
  explicit Head(const Tensor& weight) : weight_(register_parameter("weight", weight)) {}
  Tensor forward(const Tensor& x) override { return linear(x, weight_); }
  [[nodiscard]] std::string type_name() const override { return "Linear"; }

 private:
  Tensor weight_;
};

class Gpt : public nn::Module {
 public:
  Gpt(const GptOptions& o, const ModelInput& input)
      : transformer_(register_module("transformer", std::make_shared<Transformer>(o, input))),
        lm_head_(register_module("lm_head", std::make_shared<Head>(head_weight(o, input)))) {}

  Tensor forward(const Tensor& tokens) override {
    const bool fits =
        tokens.dim() == 2 && tokens.size(1) >= 1 && tokens.size(1) <= transformer_->block_size();
    if (!fits) {
      throw ShapeError("gpt: needs tokens [N, T] with T from 1 to " +
                       std::to_string(transformer_->block_size()) + ", got " +
                       to_string(tokens.sizes()));
    }
    return transpose((*lm_head_)((*transformer_)(tokens)), 1, 2);
  }
  [[nodiscard]] std::string type_name() const override { return "GPT"; }

 private:
  [[nodiscard]] Tensor head_weight(const GptOptions& o, const ModelInput& input) const {
    if (o.tie_weights) return transformer_->wte->weight;
    return nn::init::normal({input.outputs, o.embedding}, 0, kStd);
  }

  std::shared_ptr<Transformer> transformer_;
  std::shared_ptr<Head> lm_head_;
};

std::shared_ptr<nn::Module> make_gpt(const GptOptions& options, const ModelInput& input) {
  if (input.input_shape.size() != 1 || input.input_shape[0] < 1) {
    throw ShapeError("gpt: needs sequences of tokens [T], the data has shape " +
                     to_string(input.input_shape));
  }
  if (input.outputs < 1) {
    throw ValueError("gpt: needs a vocabulary of at least 1 token, the data has " +
                     std::to_string(input.outputs));
  }
  if (options.embedding % options.heads != 0) {
    throw ValueError("gpt: heads " + std::to_string(options.heads) + " does not divide embedding " +
                     std::to_string(options.embedding));
  }
  return std::make_shared<Gpt>(options, input);
}

const bool kRegistered =
    models().add<GptOptions>("gpt", "a transformer of the form of GPT-2, on tokens", make_gpt);

}  // namespace
}  // namespace gradus
