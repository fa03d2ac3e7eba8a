// Blocks of transformers. Attention itself is in attention_layers.h.
#pragma once

#include "framework/nn/attention_layers.h"

namespace gradus::nn {

struct TransformerEncoderLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";  ///< or "gelu"
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< inputs and outputs are [N, T, E], not [T, N, E]
  bool norm_first = false;   ///< norms before attention and feedforward, not after the sums
  bool is_causal = false;    ///< of forward(x): place i sees places 0 to i only
};

/// Attention of a sequence to itself and two linear layers, each with a residual sum and a norm;
/// torch.nn.TransformerEncoderLayer. Children: self_attn, linear1, dropout, linear2, norm1, norm2,
/// dropout1, dropout2. Throws ValueError for options that make no sense.
class TransformerEncoderLayerImpl : public Module {
 public:
  TransformerEncoderLayerImpl(std::int64_t d_model, std::int64_t nhead,
                              const TransformerEncoderLayerOptions& options = {});
  /// [T, N, d_model], [N, T, d_model] with batch_first, or [T, d_model] -> the same shape.
  Tensor forward(const Tensor& x) override;
  /// The same under masks (of which need_weights is left alone).
  Tensor forward(const Tensor& x, const AttentionMasks& masks, Location at = Location::current());
  [[nodiscard]] std::string type_name() const override { return "TransformerEncoderLayer"; }

 private:
  [[nodiscard]] Tensor attend(const Tensor& x, const AttentionMasks* masks) const;
  [[nodiscard]] Tensor feed_forward(const Tensor& x) const;
  [[nodiscard]] Tensor apply(const Tensor& x, const AttentionMasks* masks) const;

  MultiheadAttention self_attn_;
  Linear linear1_;
  Dropout dropout_;
  Linear linear2_;
  LayerNorm norm1_;
  LayerNorm norm2_;
  Dropout dropout1_;
  Dropout dropout2_;
  TransformerEncoderLayerOptions options_;
};
using TransformerEncoderLayer = Handle<TransformerEncoderLayerImpl>;

struct TransformerDecoderBlockOptions {
  double dropout = 0;
  bool bias = true;                  ///< whether linear layers and norms have biases
  std::string approximate = "none";  ///< of the GELU: exact, or "tanh"
  std::int64_t blocks = 1;           ///< of the model, which decides on the initial weights
};

/// A block of a decoder without an encoder, as GPT-2 has them: x + attn(ln_1(x)), then x +
/// mlp(ln_2(x)), where a place sees none that come after it; [..., T, d_model] -> the same shape.
/// Children have nanoGPT's names: ln_1, attn (c_attn, c_proj), ln_2, mlp (c_fc, c_proj); matrices
/// are [out, in], as Linear has them. Weights start normal with a standard deviation of 0.02 (those
/// of both c_proj over sqrt(2 * blocks)), biases as zeros. Throws ValueError where nhead does not
/// divide d_model.
class TransformerDecoderBlockImpl : public Module {
 public:
  TransformerDecoderBlockImpl(std::int64_t d_model, std::int64_t nhead,
                              const TransformerDecoderBlockOptions& options = {});
  Tensor forward(const Tensor& x) override;
  [[nodiscard]] std::string type_name() const override { return "TransformerDecoderBlock"; }

 private:
  LayerNorm ln_1_;
  std::shared_ptr<Module> attn_;
  LayerNorm ln_2_;
  std::shared_ptr<Module> mlp_;
};
using TransformerDecoderBlock = Handle<TransformerDecoderBlockImpl>;

}  // namespace gradus::nn
