// What oneDNN is asked of a convolution: its primitives for a chunk of images, and weights in the
// layouts that they want. For conv.cpp and its tests.
//
// Images are channels-last. Those of bf16 are computed natively, with weights and bias of bf16 or
// f32 and weight gradients summed in f32.
#pragma once

#include "framework/kernels/conv.h"
#include "framework/kernels/primitive_cache.h"

namespace gradus::kernels {

using PrimitivePtr = std::shared_ptr<const Primitive>;

enum class ConvPass : std::int64_t {
  Forward = 'f',
  ForwardBias = 'b',
  InputGrad = 'i',
  WeightGrad = 'w'
};

/// A convolution y = x * w of `images` images, without its data.
struct Convolution {
  Shape x, w, y;
  DType dtype;         // of x and y
  DType weight_dtype;  // of the weights, or their gradient, in plain layout
  DType bias_dtype;
  ConvGeometry geometry;
  std::int64_t images;

  Convolution(const View& x_view, const View& w_view, const View& y_view, const View& bias,
              const ConvGeometry& g);

  [[nodiscard]] Convolution of(std::int64_t count) const;
  /// Which primitive it is for, or another thing of that `kind`.
  [[nodiscard]] PrimitiveKey key(std::int64_t kind, ConvPass pass) const;
  /// The weights, or their gradient, as the rest of Gradus has them.
  [[nodiscard]] dnnl::memory::desc plain_weights() const;
  /// The cached primitive of a pass.
  [[nodiscard]] PrimitivePtr primitive(ConvPass pass) const;
  /// Whether oneDNN has more than readable reference code for it.
  [[nodiscard]] bool is_fast(ConvPass pass) const;

  /// Whether y is computed faster as the input gradient of the mirrored convolution. With a stride
  /// of 1 and images that keep their size they are the same; of oneDNN's AVX2 kernels the one for
  /// input gradients was measured 11 to 57 % faster than the forward one, on layers of 16 to 64
  /// channels.
  [[nodiscard]] bool is_better_mirrored() const;

 private:
  [[nodiscard]] dnnl::memory::desc image(const Shape& sizes) const;
};

/// A copy of weights between two layouts or dtypes.
PrimitivePtr reorder_for(const dnnl::memory::desc& from, const dnnl::memory::desc& to,
                         const PrimitiveKey& key);

/// The weights in the layout and dtype that a primitive asked for; plain memory itself where they
/// agree.
class PackedWeights {
 public:
  PackedWeights(const Convolution& convolution, ConvPass pass, void* plain,
                const Primitive& primitive);
  [[nodiscard]] void* data() const { return data_; }

 private:
  void* data_;
  std::unique_ptr<Scratch<>> storage_;
};

/// The mirrored convolution's weights [C, O, KH, KW], contiguous, from w [O, C, KH, KW] of f32.
void mirror_weights(float* out, const View& w);

}  // namespace gradus::kernels
