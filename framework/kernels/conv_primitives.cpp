#include "framework/kernels/conv_primitives.h"

namespace gradus::kernels {
namespace {

using ConvForward = dnnl::convolution_forward;
using ConvInputGrad = dnnl::convolution_backward_data;
using ConvWeightGrad = dnnl::convolution_backward_weights;

constexpr auto kDirect = dnnl::algorithm::convolution_direct;
constexpr std::int64_t kLanes = 8;            // of an AVX2 register
constexpr std::int64_t kMirrorPixels = 1024;  // what pays for mirroring the weights

// A convolution as oneDNN describes it.
struct Problem {
  dnnl::memory::desc x, w, y, bias;
  dnnl::memory::dims stride, dilation, padding;

  [[nodiscard]] ConvForward::primitive_desc forward(bool biased) const {
    constexpr auto kKind = dnnl::prop_kind::forward_training;
    return biased
               ? make_pd<ConvForward>(kKind, kDirect, x, w, bias, y, stride, dilation, padding,
                                      padding)
               : make_pd<ConvForward>(kKind, kDirect, x, w, y, stride, dilation, padding, padding);
  }
  [[nodiscard]] ConvInputGrad::primitive_desc input_grad() const {
    return make_backward_pd<ConvInputGrad>(forward(false), kDirect, x, w, y, stride, dilation,
                                           padding, padding);
  }
  // Summed in f32, whatever the images are.
  [[nodiscard]] ConvWeightGrad::primitive_desc weight_grad() const {
    const dnnl::memory::desc sums(dnnl_dims_of(w), dnnl::memory::data_type::f32,
                                  dnnl::memory::format_tag::any);
    return make_backward_pd<ConvWeightGrad>(forward(false), kDirect, x, sums, y, stride, dilation,
                                            padding, padding);
  }
};

Shape grouped(Shape weights, std::int64_t groups) {
  if (groups > 1) {
    weights[0] /= groups;
    weights.insert(0, groups);
  }
  return weights;
}

// Whether a forward convolution in f32 runs on oneDNN's kernel for AVX2 here.
bool has_avx2_forward() {
  static const bool kFound = [] {
    const Shape sizes = {1, 16, 8, 8};
    const dnnl::memory::desc x = dnnl_desc(sizes, channels_last_strides(sizes), kFloat32);
    const Problem probe{x, dnnl_any({16, 16, 3, 3}, kFloat32), x, {}, {1, 1}, {0, 0}, {1, 1}};
    const SingleThread single;
    try {
      return std::string(probe.forward(false).impl_info_str()) == "jit:avx2";
    } catch (const dnnl::error&) {
      return false;
    }
  }();
  return kFound;
}

}  // namespace

Convolution::Convolution(const View& x_view, const View& w_view, const View& y_view,
                         const View& bias, const ConvGeometry& g)
    : x(x_view.sizes),
      w(w_view.sizes),
      y(y_view.sizes),
      dtype(x_view.dtype),
      weight_dtype(w_view.dtype),
      bias_dtype(bias.data == nullptr ? kFloat32 : bias.dtype),
      geometry(g),
      images(x_view.sizes[0]) {}

Convolution Convolution::of(std::int64_t count) const {
  Convolution result = *this;
  result.images = count;
  return result;
}

PrimitiveKey Convolution::key(std::int64_t kind, ConvPass pass) const {
  PrimitiveKey key(kind);
  key.add(static_cast<std::int64_t>(pass)).add(images).add(x).add(w).add(y);
  for (const Pair& pair : {geometry.stride, geometry.padding, geometry.dilation}) {
    key.add(pair[0]).add(pair[1]);
  }
  for (const DType each : {dtype, weight_dtype, bias_dtype}) {
    key.add(static_cast<std::int64_t>(each));
  }
  return key.add(geometry.groups);
}

dnnl::memory::desc Convolution::image(const Shape& sizes) const {
  Shape chunk = sizes;
  chunk[0] = images;
  return dnnl_desc(chunk, channels_last_strides(chunk), dtype);
}

dnnl::memory::desc Convolution::plain_weights() const {
  const Shape sizes = grouped(w, geometry.groups);
  return dnnl_desc(sizes, contiguous_strides(sizes), weight_dtype);
}

PrimitivePtr Convolution::primitive(ConvPass pass) const {
  return cached_primitive(key('c', pass), [&]() -> PrimitivePtr {
    const ConvGeometry& g = geometry;
    const Problem problem{image(x),
                          dnnl_any(grouped(w, g.groups), dtype),
                          image(y),
                          dnnl_desc({y[1]}, {1}, bias_dtype),
                          {g.stride[0], g.stride[1]},
                          {g.dilation[0] - 1, g.dilation[1] - 1},
                          {g.padding[0], g.padding[1]}};
    switch (pass) {
      case ConvPass::Forward:
      case ConvPass::ForwardBias:
        return std::make_shared<const Primitive>(problem.forward(pass == ConvPass::ForwardBias),
                                                 ConvForward());
      case ConvPass::InputGrad:
        return std::make_shared<const Primitive>(problem.input_grad(), ConvInputGrad());
      default:
        return std::make_shared<const Primitive>(problem.weight_grad(), ConvWeightGrad());
    }
  });
}

bool Convolution::is_fast(ConvPass pass) const {
  return !of(1).primitive(pass)->implementation().starts_with("ref");
}

bool Convolution::is_better_mirrored() const {
  constexpr Pair kOne = {1, 1};
  const ConvGeometry& g = geometry;
  return dtype == kFloat32 && g.stride == kOne && g.dilation == kOne && g.groups == 1 &&
         2 * g.padding[0] == w[2] - 1 && 2 * g.padding[1] == w[3] - 1 && w[2] * w[3] > 1 &&
         x[1] % kLanes == 0 && y[1] % kLanes == 0 && images * y[2] * y[3] >= kMirrorPixels &&
         has_avx2_forward();
}

PrimitivePtr reorder_for(const dnnl::memory::desc& from, const dnnl::memory::desc& to,
                         const PrimitiveKey& key) {
  return cached_primitive(key, [&] {
    const dnnl::reorder::primitive_desc pd(dnnl_engine(), from, dnnl_engine(), to,
                                           user_scratchpad());
    return std::make_shared<const Primitive>(pd, dnnl::reorder());
  });
}

PackedWeights::PackedWeights(const Convolution& convolution, ConvPass pass, void* plain,
                             const Primitive& primitive)
    : data_(plain) {
  const dnnl::memory::desc from = convolution.plain_weights();
  const dnnl::memory::desc wanted = primitive.layout(DNNL_ARG_WEIGHTS);
  if (wanted == from) return;
  storage_ = std::make_unique<Scratch<>>(static_cast<std::int64_t>(wanted.get_size()));
  execute(*reorder_for(from, wanted, convolution.key('p', pass)),
          {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, storage_->data()}});
  data_ = storage_->data();
}

void mirror_weights(float* out, const View& w) {
  const std::int64_t outputs = w.sizes[0];
  const std::int64_t inputs = w.sizes[1];
  const std::int64_t places = w.sizes[2] * w.sizes[3];
  const float* from = w.as<float>();
  for (std::int64_t c = 0; c < inputs; ++c) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      const float* kernel = from + (o * inputs + c) * places;
      for (std::int64_t k = places; k > 0; --k) *out++ = kernel[k - 1];
    }
  }
}

}  // namespace gradus::kernels
