// Images within ops: [N, C, H, W], channels-last in memory. Included by op families only.
#pragma once

#include "framework/ops/shape.h"

namespace gradus::ops {

inline Tensor channels_last(const Tensor& x) {
  return contiguous(x, MemoryFormat::ChannelsLast);
}

inline Tensor new_image(const Shape& sizes, DType dtype) {
  return {sizes, dtype, MemoryFormat::ChannelsLast};
}

/// Samples for pooling: values far apart, so that a finite difference changes no winner.
inline Tensor distinct(const Shape& sizes) {
  Tensor x(sizes, kFloat64);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    x.data_ptr<double>()[i] = static_cast<double>(i * 7919 % 101) / 50.0 - 1.0;
  }
  return x;
}

/// Runs body on [N, C, H, W], whether x is that, one image [C, H, W], or - with `spatial` 1 -
/// sequences [N, C, L] or one [C, L], seen as images of height 1; the result has the form of x.
template <class Body>
Tensor on_images(const Tensor& x, int spatial, Body body) {
  if (x.dim() != spatial + 1 && x.dim() != spatial + 2) {
    throw ShapeError(spatial == 1
                         ? "needs x [N, C, L] or [C, L], got " + to_string(x.sizes())
                         : "needs x [N, C, H, W] or [C, H, W], got " + to_string(x.sizes()));
  }
  const bool single = x.dim() == spatial + 1;
  Tensor images = single ? unsqueeze(x, 0) : x;
  if (spatial == 1) images = unsqueeze(images, 2);
  Tensor out = body(images);
  if (spatial == 1) out = squeeze(out, 2);
  return single ? squeeze(out, 0) : out;
}

}  // namespace gradus::ops
