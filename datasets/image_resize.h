// Resizing images of 8 bits.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus::data {

/// uint8 [C, H, W] as [C, height, width], bilinear: a new pixel is the mean of the old ones,
/// weighed by a triangle about its centre that is as wide as a step of the coarser of the two
/// grids, so that shrinking does not alias. Columns first, then rows, each rounded to 8 bits: the
/// same bits as Pillow's resize((width, height), BILINEAR). Throws ShapeError for another input and
/// ValueError for sizes below 1.
/// Thread rules: any thread.
Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width);

}  // namespace gradus::data
