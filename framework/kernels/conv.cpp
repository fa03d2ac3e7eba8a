#include "framework/kernels/conv.h"
#include "framework/kernels/conv_primitives.h"
#include "framework/kernels/cpu.h"
#include "framework/kernels/elementwise.h"

#include <optional>

namespace gradus::kernels {
namespace {

constexpr std::int64_t kChunkWork = 8000000;  // multiply-adds worth a task of their own
constexpr std::int64_t kMostChunks = 16;
constexpr std::int64_t kMostWeightSums = 8;  // each chunk costs a pass over the weights

// The images of a batch in chunks that depend on the sizes alone.
Split batch_split(const Shape& y, const Shape& w, std::int64_t most) {
  const std::int64_t per_image = y.numel() / y[0] * w[1] * w[2] * w[3];
  return {y[0], kChunkWork / (per_image + 1) + 1, most};
}

// The primitives of a split batch: most chunks are alike, the last one may be smaller.
struct Chunks {
  Convolution convolution;
  Split split;
  PrimitivePtr full;
  PrimitivePtr last;

  Chunks(const Convolution& whole, ConvPass pass)
      : convolution(whole),
        split(batch_split(whole.y, whole.w,
                          pass == ConvPass::WeightGrad ? kMostWeightSums : kMostChunks)) {
    full = whole.of(split.end(0)).primitive(pass);
    last = tail() == split.end(0) ? full : whole.of(tail()).primitive(pass);
  }
  [[nodiscard]] std::int64_t tail() const { return split.total - split.begin(split.chunks - 1); }
  [[nodiscard]] const Primitive& of(std::int64_t chunk) const {
    return chunk + 1 == split.chunks ? *last : *full;
  }
  [[nodiscard]] Convolution of_full() const { return convolution.of(split.end(0)); }
};

void* image(const View& batch, std::int64_t index) {
  return batch.shifted(index * (batch.sizes.numel() / batch.sizes[0])).data;
}

// Calls run(primitive, its first image, the one behind its last, weights) for all chunks, with the
// weights packed once for each kind of chunk.
template <class Run>
void with_weights(const Convolution& convolution, ConvPass pass, const View& w, Run run) {
  const Chunks chunks(convolution, pass);
  const Split& split = chunks.split;
  const PackedWeights full(chunks.of_full(), pass, w.data, *chunks.full);
  std::optional<PackedWeights> other;
  if (chunks.last != chunks.full) {
    other.emplace(convolution.of(chunks.tail()), pass, w.data, *chunks.last);
  }
  const PackedWeights& last = other ? *other : full;
  parallel_for(split.chunks, [&](std::int64_t chunk) {
    const bool is_last = chunk + 1 == split.chunks;
    run(chunks.of(chunk), split.begin(chunk), split.end(chunk), (is_last ? last : full).data());
  });
}

// sums[c] = the sum of channel c over pixels [0, pixels): in float over a run of pixels, then in
// double.
template <class T>
void channel_sums(double* sums, const T* data, std::int64_t pixels, std::int64_t channels) {
  constexpr std::int64_t kRun = 32;
  constexpr std::int64_t kWidth = 16;
  std::fill(sums, sums + channels, 0.0);
  for (std::int64_t begin = 0; begin < pixels; begin += kRun) {
    const std::int64_t end = std::min(pixels, begin + kRun);
    std::int64_t c = 0;
    for (; c + kWidth <= channels; c += kWidth) {
      float run[kWidth] = {};
      for (std::int64_t p = begin; p < end; ++p) {
        for (std::int64_t l = 0; l < kWidth; ++l) run[l] += data[p * channels + c + l];
      }
      for (std::int64_t l = 0; l < kWidth; ++l) sums[c + l] += static_cast<double>(run[l]);
    }
    for (; c < channels; ++c) {
      float run = 0;
      for (std::int64_t p = begin; p < end; ++p) run += data[p * channels + c];
      sums[c] += static_cast<double>(run);
    }
  }
}

// out[i] = parts[0][i] + parts[1][i] + ..., in that order; `stride` elements lie between parts.
template <class T, class Part>
void sum_parts(T* out, Part* parts, std::int64_t numel, std::int64_t count, std::int64_t stride) {
  parallel_for(Split(numel, kGrain / (count + 1) + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = 1; chunk < count; ++chunk) {
      const Part* part = parts + chunk * stride;
      for (std::int64_t i = begin; i < end; ++i) parts[i] += part[i];
    }
    if (static_cast<void*>(out) == static_cast<void*>(parts)) return;
    for (std::int64_t i = begin; i < end; ++i) out[i] = static_cast<T>(parts[i]);
  });
}

// The gradients of the weights, chunk by chunk in the layout of the primitives.
class WeightSums {
 public:
  WeightSums(const View& gw, const Convolution& convolution)
      : gw_(gw),
        chunks_(convolution, ConvPass::WeightGrad),
        layout_(chunks_.full->layout(DNNL_ARG_DIFF_WEIGHTS)),
        size_(static_cast<std::int64_t>(layout_.get_size() / sizeof(float))),
        partial_(chunks_.split.chunks * size_) {
    const auto key = [&](std::int64_t kind) {
      return chunks_.of_full().key(kind, ConvPass::WeightGrad);
    };
    const dnnl::memory::desc plain = convolution.plain_weights();
    const dnnl::memory::desc other = chunks_.last->layout(DNNL_ARG_DIFF_WEIGHTS);
    if (layout_ != plain) to_plain_ = reorder_for(layout_, plain, key('s'));
    if (other != layout_) to_layout_ = reorder_for(other, layout_, key('t').add(chunks_.tail()));
  }
  [[nodiscard]] const Split& split() const { return chunks_.split; }

  void run(std::int64_t chunk, void* x, void* gy) {
    const Primitive& primitive = chunks_.of(chunk);
    float* out = partial_.data() + chunk * size_;
    if (!to_layout_ || chunk + 1 < chunks_.split.chunks) {
      execute(primitive,
              {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, gy}, {DNNL_ARG_DIFF_WEIGHTS, out}});
      return;
    }
    Scratch<> packed(static_cast<std::int64_t>(primitive.layout(DNNL_ARG_DIFF_WEIGHTS).get_size()));
    execute(primitive,
            {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, gy}, {DNNL_ARG_DIFF_WEIGHTS, packed.data()}});
    execute(*to_layout_, {{DNNL_ARG_FROM, packed.data()}, {DNNL_ARG_TO, out}});
  }

  void finish() {
    float* sums = to_plain_ ? partial_.data() : gw_.as<float>();
    sum_parts(sums, partial_.data(), size_, chunks_.split.chunks, size_);
    if (to_plain_) {
      execute(*to_plain_, {{DNNL_ARG_FROM, partial_.data()}, {DNNL_ARG_TO, gw_.data}});
    }
  }

 private:
  View gw_;
  Chunks chunks_;
  dnnl::memory::desc layout_;
  std::int64_t size_;  // of one chunk's, in elements
  Scratch<float> partial_;
  PrimitivePtr to_plain_;   // null: it is plain already
  PrimitivePtr to_layout_;  // where the last chunk's primitive has a layout of its own
};

void add_bias(float* __restrict pixels, const float* __restrict bias, std::int64_t count,
              std::int64_t channels) {
  for (std::int64_t p = 0; p < count; ++p, pixels += channels) {
    for (std::int64_t c = 0; c < channels; ++c) pixels[c] += bias[c];
  }
}

// y as the input gradient of the mirrored convolution, and the bias while a chunk is in the cache.
void conv2d_mirrored(const View& y, const View& x, const View& w, const View& bias,
                     const ConvGeometry& g) {
  Scratch<float> weights(w.sizes.numel());
  mirror_weights(weights.data(), w);
  const Shape sizes = {w.sizes[1], w.sizes[0], w.sizes[2], w.sizes[3]};
  const View back{weights.data(), kFloat32, sizes, contiguous_strides(sizes)};
  const std::int64_t pixels = y.sizes[2] * y.sizes[3];
  with_weights({y, back, x, {}, g}, ConvPass::InputGrad, back,
               [&](const Primitive& primitive, std::int64_t first, std::int64_t end, void* packed) {
                 auto* out = static_cast<float*>(image(y, first));
                 execute(primitive, {{DNNL_ARG_DIFF_DST, image(x, first)},
                                     {DNNL_ARG_WEIGHTS, packed},
                                     {DNNL_ARG_DIFF_SRC, out}});
                 if (bias.data == nullptr) return;
                 add_bias(out, bias.as<float>(), (end - first) * pixels, y.sizes[1]);
               });
}

// A copy in float32 for the length of a scope; what is float32 already is itself.
class InFloat {
 public:
  enum class Values : std::uint8_t { Unset, Given, Rounded };  // Rounded: to bfloat16 before

  InFloat(const View& view, Values values) : view_(view) {
    if (view.data == nullptr || (view.dtype == kFloat32 && values != Values::Rounded)) return;
    storage_.emplace(view.sizes.numel());
    view_.data = storage_->data();
    view_.dtype = kFloat32;
    if (values == Values::Unset) return;
    if (view.dtype == kFloat32) {
      map<float, float>([](float value) { return static_cast<float>(BFloat16(value)); }, view_,
                        view);
    } else {
      copy(view_, view);
    }
  }
  [[nodiscard]] const View& get() const { return view_; }
  void store(const View& to) const {
    if (storage_) copy(to, view_);
  }

 private:
  View view_;
  std::optional<Scratch<float>> storage_;
};

using Values = InFloat::Values;

// Which code computes with images of a dtype.
enum class Way : std::uint8_t { Dnnl, InFloat, Naive };

Way way_for(const Convolution& c, ConvPass pass) {
  const bool empty = c.x.numel() == 0 || c.y.numel() == 0 || c.w.numel() == 0;
  if (c.dtype == kBFloat16) {
    return !empty && has_native_bfloat16() && c.is_fast(pass) ? Way::Dnnl : Way::InFloat;
  }
  return c.dtype == kFloat32 && !empty ? Way::Dnnl : Way::Naive;
}

}  // namespace

void conv2d(const View& y, const View& x, const View& w, const View& bias, const ConvGeometry& g) {
  if (y.sizes.numel() == 0) return;
  const bool biased = bias.data != nullptr;
  const ConvPass pass = biased ? ConvPass::ForwardBias : ConvPass::Forward;
  const Convolution convolution(x, w, y, bias, g);
  const Way way = way_for(convolution, pass);
  if (way == Way::Naive) return conv2d_naive(y, x, w, bias, g);
  if (way == Way::InFloat) {
    const InFloat out(y, Values::Unset);
    conv2d(out.get(), InFloat(x, Values::Given).get(), InFloat(w, Values::Rounded).get(),
           InFloat(bias, Values::Given).get(), g);
    return out.store(y);
  }
  if (convolution.is_better_mirrored()) return conv2d_mirrored(y, x, w, bias, g);
  const auto run = [&](const Primitive& primitive, std::int64_t first, std::int64_t, void* packed) {
    if (biased) {
      execute(primitive, {{DNNL_ARG_SRC, image(x, first)},
                          {DNNL_ARG_WEIGHTS, packed},
                          {DNNL_ARG_BIAS, bias.data},
                          {DNNL_ARG_DST, image(y, first)}});
    } else {
      execute(primitive, {{DNNL_ARG_SRC, image(x, first)},
                          {DNNL_ARG_WEIGHTS, packed},
                          {DNNL_ARG_DST, image(y, first)}});
    }
  };
  with_weights(convolution, pass, w, run);
}

void conv2d_input_grad(const View& gx, const View& gy, const View& w, const ConvGeometry& g) {
  if (gx.sizes.numel() == 0) return;
  const Convolution convolution(gx, w, gy, {}, g);
  const Way way = way_for(convolution, ConvPass::InputGrad);
  if (way == Way::Naive) return conv2d_input_grad_naive(gx, gy, w, g);
  if (way == Way::InFloat) {
    const InFloat out(gx, Values::Unset);
    conv2d_input_grad(out.get(), InFloat(gy, Values::Given).get(),
                      InFloat(w, Values::Rounded).get(), g);
    return out.store(gx);
  }
  with_weights(convolution, ConvPass::InputGrad, w,
               [&](const Primitive& primitive, std::int64_t first, std::int64_t, void* packed) {
                 execute(primitive, {{DNNL_ARG_DIFF_DST, image(gy, first)},
                                     {DNNL_ARG_WEIGHTS, packed},
                                     {DNNL_ARG_DIFF_SRC, image(gx, first)}});
               });
}

void conv2d_weight_grad(const View& gw, const View& x, const View& gy, const ConvGeometry& g) {
  conv2d_weight_grad(gw, View{}, x, gy, g);
}

void conv2d_weight_grad(const View& gw, const View& gbias, const View& x, const View& gy,
                        const ConvGeometry& g) {
  const Convolution convolution(x, gw, gy, {}, g);
  const Way way = way_for(convolution, ConvPass::WeightGrad);
  if (way == Way::Naive) return conv2d_weight_grad_naive(gw, gbias, x, gy, g);
  if (way == Way::InFloat) {
    const InFloat weights(gw, Values::Unset);
    const InFloat bias(gbias, Values::Unset);
    conv2d_weight_grad(weights.get(), bias.get(), InFloat(x, Values::Given).get(),
                       InFloat(gy, Values::Given).get(), g);
    weights.store(gw);
    return bias.store(gbias);
  }
  WeightSums weights(gw, convolution);
  const Split& split = weights.split();
  const std::int64_t channels = gy.sizes[1];
  const std::int64_t pixels = gy.sizes[2] * gy.sizes[3];
  Scratch<double> sums(gbias.data == nullptr ? 0 : split.chunks * channels);
  parallel_for(split.chunks, [&](std::int64_t chunk) {
    const std::int64_t first = split.begin(chunk);
    weights.run(chunk, image(x, first), image(gy, first));
    if (gbias.data == nullptr) return;
    dispatch_floating(gy.dtype, [&]<class T>(T) {
      channel_sums(&sums[chunk * channels], static_cast<const T*>(image(gy, first)),
                   (split.end(chunk) - first) * pixels, channels);
    });
  });
  weights.finish();
  if (gbias.data == nullptr) return;
  dispatch_floating(gbias.dtype, [&]<class T>(T) {
    sum_parts(gbias.as<T>(), sums.data(), channels, split.chunks, channels);
  });
}

}  // namespace gradus::kernels
