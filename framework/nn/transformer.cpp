#include "framework/nn/transformer.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/fusion.h"
#include "framework/nn/layer_checks.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/attention.h"
#include "framework/ops/linear.h"

#include <cmath>

namespace gradus::nn {

// ---- Encoder ------------------------------------------------------------------------------------

TransformerEncoderLayerImpl::TransformerEncoderLayerImpl(
    std::int64_t d_model, std::int64_t nhead, const TransformerEncoderLayerOptions& options)
    : self_attn_(register_module(
          "self_attn",
          MultiheadAttention(d_model, nhead,
                             MultiheadAttentionOptions{.dropout = options.dropout,
                                                       .batch_first = options.batch_first,
                                                       .is_causal = options.is_causal}))),
      linear1_(register_module("linear1", Linear(d_model, options.dim_feedforward))),
      dropout_(register_module("dropout", Dropout(options.dropout))),
      linear2_(register_module("linear2", Linear(options.dim_feedforward, d_model))),
      norm1_(register_module("norm1",
                             LayerNorm(d_model, LayerNormOptions{.eps = options.layer_norm_eps}))),
      norm2_(register_module("norm2",
                             LayerNorm(d_model, LayerNormOptions{.eps = options.layer_norm_eps}))),
      dropout1_(register_module("dropout1", Dropout(options.dropout))),
      dropout2_(register_module("dropout2", Dropout(options.dropout))),
      options_(options) {
  if (options.activation == "relu" || options.activation == "gelu") return;
  throw ValueError("TransformerEncoderLayer: activation is \"relu\" or \"gelu\", got \"" +
                   options.activation + "\"");
}

Tensor TransformerEncoderLayerImpl::attend(const Tensor& x, const AttentionMasks* masks) const {
  if (masks == nullptr) return dropout1_->call(self_attn_->call(x));
  AttentionMasks own = *masks;
  own.need_weights = false;
  return dropout1_->call(self_attn_->forward(x, x, x, own).output);
}

Tensor TransformerEncoderLayerImpl::feed_forward(const Tensor& x) const {
  Tensor y;
  if (options_.activation == "gelu") {
    y = gelu(linear1_->call(x));
  } else if (may_fuse() && !linear1_->has_hooks()) {
    y = linear(x, linear1_->weight, linear1_->bias, Activation::ReLU);
  } else {
    y = relu(linear1_->call(x));
  }
  return dropout2_->call(linear2_->call(dropout_->call(y)));
}

Tensor TransformerEncoderLayerImpl::apply(const Tensor& x, const AttentionMasks* masks) const {
  if (options_.norm_first) {
    const Tensor y = x + attend(norm1_->call(x), masks);
    return y + feed_forward(norm2_->call(y));
  }
  const Tensor y = norm1_->call(x + attend(x, masks));
  return norm2_->call(y + feed_forward(y));
}

Tensor TransformerEncoderLayerImpl::forward(const Tensor& x) {
  return apply(x, nullptr);
}

Tensor TransformerEncoderLayerImpl::forward(const Tensor& x, const AttentionMasks& masks,
                                            Location at) {
  const CallSite site(at);
  try {
    return apply(x, &masks);
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

// ---- Decoder ------------------------------------------------------------------------------------

namespace {

constexpr double kStd = 0.02;

// What adds to the residual stream starts smaller the more blocks there are.
double residual_std(const TransformerDecoderBlockOptions& o) {
  return kStd / std::sqrt(2 * static_cast<double>(o.blocks));
}

// A matrix and a bias as GPT-2 starts them.
Linear linear_layer(std::int64_t in, std::int64_t out, bool bias, double std) {
  Linear layer(in, out, bias);
  const NoGradGuard no_grad;
  layer->weight.normal_(0, std);
  if (bias) layer->bias.fill_(0);
  return layer;
}

class CausalSelfAttention : public Module {
 public:
  CausalSelfAttention(std::int64_t width, std::int64_t heads,
                      const TransformerDecoderBlockOptions& o)
      : c_attn_(register_module("c_attn", linear_layer(width, 3 * width, o.bias, kStd))),
        c_proj_(register_module("c_proj", linear_layer(width, width, o.bias, residual_std(o)))),
        resid_dropout_(register_module("resid_dropout", Dropout(o.dropout))),
        heads_(heads),
        dropout_(o.dropout) {}

  Tensor forward(const Tensor& x) override {
    const double p = is_training() ? dropout_ : 0;
    const Tensor y = self_attention(c_attn_->call(x), heads_, {.dropout_p = p, .is_causal = true});
    return resid_dropout_->call(c_proj_->call(y));
  }
  [[nodiscard]] std::string type_name() const override { return "CausalSelfAttention"; }

 private:
  Linear c_attn_;
  Linear c_proj_;
  Dropout resid_dropout_;
  std::int64_t heads_;
  double dropout_;
};

class Mlp : public Module {
 public:
  Mlp(std::int64_t width, const TransformerDecoderBlockOptions& o)
      : c_fc_(register_module("c_fc", linear_layer(width, 4 * width, o.bias, kStd))),
        gelu_(register_module("gelu", GELU(o.approximate))),
        c_proj_(register_module("c_proj", linear_layer(4 * width, width, o.bias, residual_std(o)))),
        dropout_(register_module("dropout", Dropout(o.dropout))) {}

  Tensor forward(const Tensor& x) override {
    return dropout_->call(c_proj_->call(gelu_->call(c_fc_->call(x))));
  }
  [[nodiscard]] std::string type_name() const override { return "MLP"; }

 private:
  Linear c_fc_;
  GELU gelu_;
  Linear c_proj_;
  Dropout dropout_;
};

void check_heads(std::int64_t d_model, std::int64_t nhead) {
  check_at_least_one("TransformerDecoderBlock", "d_model", d_model);
  check_at_least_one("TransformerDecoderBlock", "nhead", nhead);
  if (d_model % nhead == 0) return;
  throw ValueError("TransformerDecoderBlock: nhead " + std::to_string(nhead) +
                   " does not divide d_model " + std::to_string(d_model));
}

}  // namespace

TransformerDecoderBlockImpl::TransformerDecoderBlockImpl(
    std::int64_t d_model, std::int64_t nhead, const TransformerDecoderBlockOptions& options)
    : ln_1_(nullptr), ln_2_(nullptr) {
  check_heads(d_model, nhead);
  check_at_least_one("TransformerDecoderBlock", "blocks", options.blocks);
  const LayerNormOptions norm = {.bias = options.bias};
  ln_1_ = register_module("ln_1", LayerNorm(d_model, norm));
  attn_ = register_module("attn", std::make_shared<CausalSelfAttention>(d_model, nhead, options));
  ln_2_ = register_module("ln_2", LayerNorm(d_model, norm));
  mlp_ = register_module("mlp", std::make_shared<Mlp>(d_model, options));
}

Tensor TransformerDecoderBlockImpl::forward(const Tensor& x) {
  const Tensor y = x + attn_->call(ln_1_->call(x));
  return y + mlp_->call(ln_2_->call(y));
}

// ---- By name ------------------------------------------------------------------------------------

namespace {

// What both have; refuses heads that do not divide.
struct BlockSettings {
  std::int64_t d_model = 0;
  std::int64_t nhead = 0;
  void describe(OptionReader& o) {
    o.required()("d_model", d_model, "size of the last dim of input and output", {.min = 1});
    o.required()("nhead", nhead, "heads of the attention; they divide d_model", {.min = 1});
    if (nhead == 0 || d_model % nhead == 0) return;
    throw ConfigError(o.path() + "/nhead", std::to_string(nhead) + " does not divide d_model " +
                                               std::to_string(d_model));
  }
};

struct EncoderSettings : BlockSettings {
  TransformerEncoderLayerOptions options;
  void describe(OptionReader& o) {
    BlockSettings::describe(o);
    o("dim_feedforward", options.dim_feedforward, "features between the linear layers", {.min = 1});
    o("dropout", options.dropout, "probability, in the attention and after each part",
      {.min = 0, .max = 1});
    o("activation", options.activation, "between the linear layers", {"relu", "gelu"});
    o("layer_norm_eps", options.layer_norm_eps, "added to the variance", {.above = 0});
    o("batch_first", options.batch_first, "whether inputs are [N, T, E], not [T, N, E]");
    o("norm_first", options.norm_first, "whether norms come first, not after the sums");
    o("is_causal", options.is_causal, "whether a place sees none that come after it");
  }
};

struct DecoderSettings : BlockSettings {
  TransformerDecoderBlockOptions options;
  void describe(OptionReader& o) {
    BlockSettings::describe(o);
    o("dropout", options.dropout, "probability, in the attention and after each part",
      {.min = 0, .max = 1});
    o("bias", options.bias, "whether linear layers and norms have biases");
    o("approximate", options.approximate, "of the GELU; none: exact", {"none", "tanh"});
    o("blocks", options.blocks, "of the model: initial weights of more of them are smaller",
      {.min = 1});
  }
};

const bool kRegistered[] = {
    register_layer<EncoderSettings>("transformer_encoder_layer",
                                    "attention to itself and two linear layers, with norms",
                                    [](const EncoderSettings& o) {
                                      return TransformerEncoderLayer(o.d_model, o.nhead, o.options);
                                    }),
    register_layer<DecoderSettings>("transformer_decoder_block",
                                    "a block of GPT-2, on [..., T, d_model]",
                                    [](const DecoderSettings& o) {
                                      return TransformerDecoderBlock(o.d_model, o.nhead, o.options);
                                    }),
};

}  // namespace
}  // namespace gradus::nn
