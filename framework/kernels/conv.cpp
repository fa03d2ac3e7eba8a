#include "framework/kernels/conv.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/primitive_cache.h"

namespace gradus::kernels {
namespace {

using ConvForward = dnnl::convolution_forward;
using ConvInputGrad = dnnl::convolution_backward_data;
using ConvWeightGrad = dnnl::convolution_backward_weights;
using PrimitivePtr = std::shared_ptr<const Primitive>;

constexpr std::int64_t kChunkWork = 8000000;  // multiply-adds worth a task of their own
constexpr std::int64_t kMostChunks = 16;

// The images of a batch in chunks that depend on the sizes alone.
Split batch_split(const View& y, const View& w) {
  const std::int64_t per_image =
      y.sizes.numel() / y.sizes[0] * w.sizes[1] * w.sizes[2] * w.sizes[3];
  return {y.sizes[0], kChunkWork / (per_image + 1) + 1, kMostChunks};
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

PrimitivePtr primitive_for(Pass pass, const View& x, const View& w, const View& y,
                           std::int64_t images, const ConvGeometry& g) {
  PrimitiveKey key(static_cast<std::int64_t>(pass));
  key.add(images).add(x.sizes).add(w.sizes).add(y.sizes);
  for (const Pair& pair : {g.stride, g.padding, g.dilation}) key.add(pair[0]).add(pair[1]);
  key.add(g.groups);
  return cached_primitive(key, [&]() -> PrimitivePtr {
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

// The primitives of a split batch: most chunks are alike, the last one may be smaller.
struct Chunks {
  Split split;
  PrimitivePtr full;
  PrimitivePtr last;

  Chunks(Pass pass, const View& x, const View& w, const View& y, const ConvGeometry& g)
      : split(batch_split(y, w)) {
    full = primitive_for(pass, x, w, y, split.end(0), g);
    const std::int64_t tail = split.total - split.begin(split.chunks - 1);
    last = tail == split.end(0) ? full : primitive_for(pass, x, w, y, tail, g);
  }
  [[nodiscard]] const Primitive& of(std::int64_t chunk) const {
    return chunk + 1 == split.chunks ? *last : *full;
  }
};

// The weights in the layout that a primitive asked for; plain memory itself where they agree.
class PackedWeights {
 public:
  PackedWeights(const View& w, const ConvGeometry& g, const Primitive& primitive) : data_(w.data) {
    const dnnl::memory::desc plain = Problem(w, w, w, 1, g).plain_w;
    const dnnl::memory::desc wanted = primitive.layout(DNNL_ARG_WEIGHTS);
    if (wanted == plain) return;
    storage_ = std::make_unique<Scratch<>>(static_cast<std::int64_t>(wanted.get_size()));
    Reorder(plain, wanted).run(w.data, storage_->data());
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
void with_weights(const Chunks& chunks, const View& w, const ConvGeometry& g, Run run) {
  const PackedWeights full(w, g, *chunks.full);
  const PackedWeights last(w, g, *chunks.last);
  parallel_for(chunks.split.chunks, [&](std::int64_t chunk) {
    const bool is_last = chunk + 1 == chunks.split.chunks;
    run(chunks.of(chunk), chunks.split.begin(chunk), (is_last ? last : full).data());
  });
}

}  // namespace

void conv2d(const View& y, const View& x, const View& w, const View& bias, const ConvGeometry& g) {
  if (y.sizes.numel() == 0) return;
  if (y.dtype != kFloat32 || x.sizes.numel() == 0) {
    conv2d_naive(y, x, w, bias, g);
    return;
  }
  const bool biased = bias.data != nullptr;
  const Chunks chunks(biased ? Pass::ForwardBias : Pass::Forward, x, w, y, g);
  with_weights(chunks, w, g, [&](const Primitive& primitive, std::int64_t first, void* weights) {
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
  });
}

void conv2d_input_grad(const View& gx, const View& gy, const View& w, const ConvGeometry& g) {
  if (gx.sizes.numel() == 0) return;
  if (gx.dtype != kFloat32 || gy.sizes.numel() == 0) {
    conv2d_input_grad_naive(gx, gy, w, g);
    return;
  }
  const Chunks chunks(Pass::InputGrad, gx, w, gy, g);
  with_weights(chunks, w, g, [&](const Primitive& primitive, std::int64_t first, void* weights) {
    execute(primitive, {{DNNL_ARG_DIFF_DST, image(gy, first)},
                        {DNNL_ARG_WEIGHTS, weights},
                        {DNNL_ARG_DIFF_SRC, image(gx, first)}});
  });
}

void conv2d_weight_grad(const View& gw, const View& x, const View& gy, const ConvGeometry& g) {
  if (gw.sizes.numel() == 0) return;
  if (gw.dtype != kFloat32 || gy.sizes.numel() == 0) {
    conv2d_weight_grad_naive(gw, x, gy, g);
    return;
  }
  const Chunks chunks(Pass::WeightGrad, x, gw, gy, g);
  const std::int64_t numel = gw.sizes.numel();
  const dnnl::memory::desc plain = Problem(x, gw, gy, 1, g).plain_w;
  Scratch<float> partial(chunks.split.chunks * numel);
  const Reorder full(chunks.full->layout(DNNL_ARG_DIFF_WEIGHTS), plain);
  const Reorder last(chunks.last->layout(DNNL_ARG_DIFF_WEIGHTS), plain);
  parallel_for(chunks.split.chunks, [&](std::int64_t chunk) {
    const Primitive& primitive = chunks.of(chunk);
    const dnnl::memory::desc layout = primitive.layout(DNNL_ARG_DIFF_WEIGHTS);
    Scratch<> packed(static_cast<std::int64_t>(layout.get_size()));
    execute(primitive, {{DNNL_ARG_SRC, image(x, chunks.split.begin(chunk))},
                        {DNNL_ARG_DIFF_DST, image(gy, chunks.split.begin(chunk))},
                        {DNNL_ARG_DIFF_WEIGHTS, packed.data()}});
    (chunk + 1 == chunks.split.chunks ? last : full).run(packed.data(), &partial[chunk * numel]);
  });
  parallel_for(Split(numel, kGrain), [&](std::int64_t begin, std::int64_t end) {
    float* out = gw.as<float>();
    std::copy(&partial[begin], &partial[begin] + (end - begin), out + begin);
    for (std::int64_t chunk = 1; chunk < chunks.split.chunks; ++chunk) {
      const float* part = &partial[chunk * numel];
      for (std::int64_t i = begin; i < end; ++i) out[i] += part[i];
    }
  });
}

}  // namespace gradus::kernels
