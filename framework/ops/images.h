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

}  // namespace gradus::ops
