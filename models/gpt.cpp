// gpt: a decoder of the form of GPT-2. Tokens [N, T] (int64, T up to the length of the data's
// examples) become scores of the next token at every place, [N, vocabulary, T], as cross_entropy
// takes them. Parameters bear nanoGPT's names: transformer.wte.weight, transformer.h.0.attn.c_attn
// .weight, lm_head.weight; matrices are [out, in], as nn::Linear has them (GPT-2's own are not).
#include "framework/autograd/grad_mode.h"
#include "framework/nn/init.h"
#include "framework/nn/layers.h"
#include "framework/nn/transformer.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/attention.h"
#include "framework/ops/linear.h"
#include "framework/ops/shape.h"
#include "framework/train/model.h"

#include <cmath>

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

// A matrix and a bias as GPT-2 starts them.
nn::Linear linear_layer(std::int64_t in, std::int64_t out, bool bias, double std) {
  nn::Linear layer(in, out, bias);
  const NoGradGuard no_grad;
  layer->weight.normal_(0, std);
  if (bias) layer->bias.fill_(0);
  return layer;
}

constexpr double kStd = 0.02;

// What adds to the residual stream starts smaller the more layers there are.
double residual_std(const GptOptions& o) {
  return kStd / std::sqrt(2 * static_cast<double>(o.layers));
}

class CausalSelfAttention : public nn::Module {
 public:
  explicit CausalSelfAttention(const GptOptions& o)
      : c_attn_(
            register_module("c_attn", linear_layer(o.embedding, 3 * o.embedding, o.bias, kStd))),
        c_proj_(register_module("c_proj",
                                linear_layer(o.embedding, o.embedding, o.bias, residual_std(o)))),
        resid_dropout_(register_module("resid_dropout", nn::Dropout(o.dropout))),
        heads_(o.heads),
        dropout_(o.dropout) {}

  Tensor forward(const Tensor& x) override {
    const double p = is_training() ? dropout_ : 0;
    const Tensor y = self_attention(c_attn_(x), heads_, {.dropout_p = p, .is_causal = true});
    return resid_dropout_(c_proj_(y));
  }
  [[nodiscard]] std::string type_name() const override { return "CausalSelfAttention"; }

 private:
  nn::Linear c_attn_;
  nn::Linear c_proj_;
  nn::Dropout resid_dropout_;
  std::int64_t heads_;
  double dropout_;
};

class Mlp : public nn::Module {
 public:
  explicit Mlp(const GptOptions& o)
      : c_fc_(register_module("c_fc", linear_layer(o.embedding, 4 * o.embedding, o.bias, kStd))),
        gelu_(register_module("gelu", nn::GELU(o.gelu))),
        c_proj_(register_module(
            "c_proj", linear_layer(4 * o.embedding, o.embedding, o.bias, residual_std(o)))),
        dropout_(register_module("dropout", nn::Dropout(o.dropout))) {}

  Tensor forward(const Tensor& x) override { return dropout_(c_proj_(gelu_(c_fc_(x)))); }
  [[nodiscard]] std::string type_name() const override { return "MLP"; }

 private:
  nn::Linear c_fc_;
  nn::GELU gelu_;
  nn::Linear c_proj_;
  nn::Dropout dropout_;
};

class Block : public nn::Module {
 public:
  explicit Block(const GptOptions& o)
      : ln_1_(register_module("ln_1", nn::LayerNorm(o.embedding, norm(o)))),
        attn_(register_module("attn", std::make_shared<CausalSelfAttention>(o))),
        ln_2_(register_module("ln_2", nn::LayerNorm(o.embedding, norm(o)))),
        mlp_(register_module("mlp", std::make_shared<Mlp>(o))) {}

  Tensor forward(const Tensor& x) override {
    const Tensor y = x + (*attn_)(ln_1_(x));
    return y + (*mlp_)(ln_2_(y));
  }
  [[nodiscard]] std::string type_name() const override { return "Block"; }

  static nn::LayerNormOptions norm(const GptOptions& o) { return {.bias = o.bias}; }

 private:
  nn::LayerNorm ln_1_;
  std::shared_ptr<CausalSelfAttention> attn_;
  nn::LayerNorm ln_2_;
  std::shared_ptr<Mlp> mlp_;
};

// The blocks, by number.
class Blocks : public nn::Module {
 public:
  explicit Blocks(const GptOptions& o) {
    for (std::int64_t i = 0; i < o.layers; ++i) {
      register_module(std::to_string(i), std::make_shared<Block>(o));
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
        ln_f_(register_module("ln_f", nn::LayerNorm(o.embedding, Block::norm(o)))) {}

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
