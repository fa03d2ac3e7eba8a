#include "framework/kernels/conv.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/primitive_cache.h"

#include <optional>

namespace gradus::kernels {
namespace {

using ConvForward = dnnl::convolution_forward;
using ConvInputGrad = dnnl::convolution_backward_data;
using ConvWeightGrad = dnnl::convolution_backward_weights;
using PrimitivePtr = std::shared_ptr<const Primitive>;

constexpr std::int64_t kChunkWork = 8000000;  // multiply-adds worth a task of their own
constexpr std::int64_t kMostChunks = 16;
constexpr std::int64_t kMostWeightSums = 8;  // each chunk costs a pass over the weights

// The images of a batch in chunks that depend on the sizes alone.
Split batch_split(const View& y, const View& w, std::int64_t most) {
  const std::int64_t per_image =
      y.sizes.numel() / y.sizes[0] * w.sizes[1] * w.sizes[2] * w.sizes[3];
  return {y.sizes[0], kChunkWork / (per_image + 1) + 1, most};
}

// One chunk's problem as oneDNN describes it.
struct Problem {
  dnnl::memory::desc x, w, y, bias;
  dnnl::memory::desc plain_w;
  dnnl::memory::dims stride, dilation, padding;

  Problem(const View& x_view, const View& w_view, const View& y_view, std::int64_t images,
          const ConvGeometry& g) {
    const auto image = [&](const View& view) {
      Shape sizes = view.sizes;
      sizes[0] = images;
      return dnnl_desc(sizes, channels_last_strides(sizes), kFloat32);
    };
    Shape weights = w_view.sizes;
    if (g.groups > 1) {
      weights[0] /= g.groups;
      weights.insert(0, g.groups);
    }
    x = image(x_view);
    y = image(y_view);
    w = dnnl_any(weights, kFloat32);
    plain_w = dnnl_desc(weights, contiguous_strides(weights), kFloat32);
    bias = dnnl_desc({y_view.sizes[1]}, {1}, kFloat32);
    stride.assign(g.stride.begin(), g.stride.end());
    padding.assign(g.padding.begin(), g.padding.end());
    dilation = {g.dilation[0] - 1, g.dilation[1] - 1};
  }

  [[nodiscard]] ConvForward::primitive_desc forward(bool biased) const {
    constexpr auto kKind = dnnl::prop_kind::forward_training;
    constexpr auto kDirect = dnnl::algorithm::convolution_direct;
    return biased
               ? make_pd<ConvForward>(kKind, kDirect, x, w, bias, y, stride, dilation, padding,
                                      padding)
               : make_pd<ConvForward>(kKind, kDirect, x, w, y, stride, dilation, padding, padding);
  }
  [[nodiscard]] ConvInputGrad::primitive_desc input_grad() const {
    return make_backward_pd<ConvInputGrad>(forward(false), dnnl::algorithm::convolution_direct, x,
                                           w, y, stride, dilation, padding, padding);
  }
  [[nodiscard]] ConvWeightGrad::primitive_desc weight_grad() const {
    return make_backward_pd<ConvWeightGrad>(forward(false), dnnl::algorithm::convolution_direct, x,
                                            w, y, stride, dilation, padding, padding);
  }
};

enum class Pass : std::int64_t {
  Forward = 'f',
  ForwardBias = 'b',
  InputGrad = 'i',
  WeightGrad = 'w'
};

// Which problem a primitive is for: everything that it, and the layout of its weights, depend on.
PrimitiveKey key_of(std::int64_t kind, Pass pass, const View& x, const View& w, const View& y,
                    std::int64_t images, const ConvGeometry& g) {
  PrimitiveKey key(kind);
  key.add(static_cast<std::int64_t>(pass)).add(images).add(x.sizes).add(w.sizes).add(y.sizes);
  for (const Pair& pair : {g.stride, g.padding, g.dilation}) key.add(pair[0]).add(pair[1]);
  key.add(g.groups);
  return key;
}

PrimitivePtr primitive_for(Pass pass, const View& x, const View& w, const View& y,
                           std::int64_t images, const ConvGeometry& g) {
  return cached_primitive(key_of('c', pass, x, w, y, images, g), [&]() -> PrimitivePtr {
    const Problem problem(x, w, y, images, g);
    switch (pass) {
      case Pass::Forward:
      case Pass::ForwardBias:
        return std::make_shared<const Primitive>(problem.forward(pass == Pass::ForwardBias),
                                                 ConvForward());
      case Pass::InputGrad:
        return std::make_shared<const Primitive>(problem.input_grad(), ConvInputGrad());
      default:
        return std::make_shared<const Primitive>(problem.weight_grad(), ConvWeightGrad());
    }
  });
}

// A copy of weights between the layout of a primitive and the plain one, in either direction.
PrimitivePtr reorder_for(const dnnl::memory::desc& from, const dnnl::memory::desc& to,
                         const PrimitiveKey& key) {
  return cached_primitive(key, [&] {
    const dnnl::reorder::primitive_desc pd(dnnl_engine(), from, dnnl_engine(), to,
                                           user_scratchpad());
    return std::make_shared<const Primitive>(pd, dnnl::reorder());
  });
}

// The primitives of a split batch: most chunks are alike, the last one may be smaller.
struct Chunks {
  Split split;
  PrimitivePtr full;
  PrimitivePtr last;

  Chunks(Pass pass, const View& x, const View& w, const View& y, const ConvGeometry& g)
      : split(batch_split(y, w, pass == Pass::WeightGrad ? kMostWeightSums : kMostChunks)) {
    full = primitive_for(pass, x, w, y, split.end(0), g);
    last = tail() == split.end(0) ? full : primitive_for(pass, x, w, y, tail(), g);
  }
  [[nodiscard]] std::int64_t tail() const { return split.total - split.begin(split.chunks - 1); }
  [[nodiscard]] const Primitive& of(std::int64_t chunk) const {
    return chunk + 1 == split.chunks ? *last : *full;
  }
};

// The weights in the layout that a primitive asked for; plain memory itself where they agree.
class PackedWeights {
 public:
  PackedWeights(Pass pass, const View& x, const View& w, const View& y, std::int64_t images,
                const ConvGeometry& g, const Primitive& primitive)
      : data_(w.data) {
    const dnnl::memory::desc plain = Problem(w, w, w, 1, g).plain_w;
    const dnnl::memory::desc wanted = primitive.layout(DNNL_ARG_WEIGHTS);
    if (wanted == plain) return;
    storage_ = std::make_unique<Scratch<>>(static_cast<std::int64_t>(wanted.get_size()));
    execute(*reorder_for(plain, wanted, key_of('p', pass, x, w, y, images, g)),
            {{DNNL_ARG_FROM, w.data}, {DNNL_ARG_TO, storage_->data()}});
    data_ = storage_->data();
  }
  [[nodiscard]] void* data() const { return data_; }

 private:
  void* data_;
  std::unique_ptr<Scratch<>> storage_;
};

void* image(const View& batch, std::int64_t index) {
  return batch.shifted(index * (batch.sizes.numel() / batch.sizes[0])).data;
}

// Runs over all chunks with the weights packed once for each kind of chunk.
template <class Run>
void with_weights(Pass pass, const View& x, const View& w, const View& y, const ConvGeometry& g,
                  Run run) {
  const Chunks chunks(pass, x, w, y, g);
  const Split& split = chunks.split;
  const PackedWeights full(pass, x, w, y, split.end(0), g, *chunks.full);
  std::optional<PackedWeights> other;
  if (chunks.last != chunks.full) other.emplace(pass, x, w, y, chunks.tail(), g, *chunks.last);
  const PackedWeights& last = other ? *other : full;
  parallel_for(split.chunks, [&](std::int64_t chunk) {
    const bool is_last = chunk + 1 == split.chunks;
    run(chunks.of(chunk), split.begin(chunk), (is_last ? last : full).data());
  });
}

// sums[c] = the sum of channel c over pixels [0, pixels): in float over a run of pixels, then in
// double.
void channel_sums(double* sums, const float* data, std::int64_t pixels, std::int64_t channels) {
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
  WeightSums(const View& gw, const View& x, const View& gy, const ConvGeometry& g)
      : gw_(gw),
        chunks_(Pass::WeightGrad, x, gw, gy, g),
        plain_(Problem(x, gw, gy, 1, g).plain_w),
        layout_(chunks_.full->layout(DNNL_ARG_DIFF_WEIGHTS)),
        size_(static_cast<std::int64_t>(layout_.get_size() / sizeof(float))),
        partial_(chunks_.split.chunks * size_) {
    const auto key = [&](std::int64_t kind) {
      return key_of(kind, Pass::WeightGrad, x, gw, gy, chunks_.split.end(0), g);
    };
    const dnnl::memory::desc other = chunks_.last->layout(DNNL_ARG_DIFF_WEIGHTS);
    if (layout_ != plain_) to_plain_ = reorder_for(layout_, plain_, key('s'));
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
  dnnl::memory::desc plain_;
  dnnl::memory::desc layout_;
  std::int64_t size_;  // of one chunk's, in elements
  Scratch<float> partial_;
  PrimitivePtr to_plain_;   // null: it is plain already
  PrimitivePtr to_layout_;  // where the last chunk's primitive has a layout of its own
};

}  // namespace

void conv2d(const View& y, const View& x, const View& w, const View& bias, const ConvGeometry& g) {
  if (y.sizes.numel() == 0) return;
  if (y.dtype != kFloat32 || x.sizes.numel() == 0) {
    conv2d_naive(y, x, w, bias, g);
    return;
  }
  const bool biased = bias.data != nullptr;
  const auto run = [&](const Primitive& primitive, std::int64_t first, void* weights) {
    if (biased) {
      execute(primitive, {{DNNL_ARG_SRC, image(x, first)},
                          {DNNL_ARG_WEIGHTS, weights},
                          {DNNL_ARG_BIAS, bias.data},
                          {DNNL_ARG_DST, image(y, first)}});
    } else {
      execute(primitive, {{DNNL_ARG_SRC, image(x, first)},
                          {DNNL_ARG_WEIGHTS, weights},
                          {DNNL_ARG_DST, image(y, first)}});
    }
  };
  with_weights(biased ? Pass::ForwardBias : Pass::Forward, x, w, y, g, run);
}

void conv2d_input_grad(const View& gx, const View& gy, const View& w, const ConvGeometry& g) {
  if (gx.sizes.numel() == 0) return;
  if (gx.dtype != kFloat32 || gy.sizes.numel() == 0) {
    conv2d_input_grad_naive(gx, gy, w, g);
    return;
  }
  const auto run = [&](const Primitive& primitive, std::int64_t first, void* weights) {
    execute(primitive, {{DNNL_ARG_DIFF_DST, image(gy, first)},
                        {DNNL_ARG_WEIGHTS, weights},
                        {DNNL_ARG_DIFF_SRC, image(gx, first)}});
  };
  with_weights(Pass::InputGrad, gx, w, gy, g, run);
}

void conv2d_weight_grad(const View& gw, const View& x, const View& gy, const ConvGeometry& g) {
  conv2d_weight_grad(gw, View{}, x, gy, g);
}

void conv2d_weight_grad(const View& gw, const View& gbias, const View& x, const View& gy,
                        const ConvGeometry& g) {
  if (gw.dtype != kFloat32 || gy.sizes.numel() == 0 || gw.sizes.numel() == 0) {
    conv2d_weight_grad_naive(gw, gbias, x, gy, g);
    return;
  }
  WeightSums weights(gw, x, gy, g);
  const Split& split = weights.split();
  const std::int64_t channels = gy.sizes[1];
  const std::int64_t pixels = gy.sizes[2] * gy.sizes[3];
  Scratch<double> sums(gbias.data == nullptr ? 0 : split.chunks * channels);
  parallel_for(split.chunks, [&](std::int64_t chunk) {
    const std::int64_t first = split.begin(chunk);
    weights.run(chunk, image(x, first), image(gy, first));
    if (gbias.data == nullptr) return;
    channel_sums(&sums[chunk * channels], static_cast<const float*>(image(gy, first)),
                 (split.end(chunk) - first) * pixels, channels);
  });
  weights.finish();
  if (gbias.data == nullptr) return;
  sum_parts(gbias.as<float>(), sums.data(), channels, split.chunks, channels);
}

}  // namespace gradus::kernels
