// Pictures of tensors as PNG files.
//
//   write_png("grid.png", image_grid(images));
#pragma once

#include "framework/tensor/tensor.h"

#include <filesystem>

namespace gradus {

/// Writes an image, [H, W] or [1, H, W] (gray) or [3, H, W] (red, green, blue), as a PNG file of 8
/// bits a channel. Floating values are shares of white: clamped to [0, 1], times 255, rounded;
/// uint8 stays as it is. The file is whole or not there. Throws ShapeError, DTypeError for other
/// dtypes, ValueError for a NaN, FileError.
void write_png(const std::filesystem::path& path, const Tensor& image);

/// Images [N, C, H, W] side by side, `nrow` in a row, with borders of `padding` pixels of
/// `pad_value` about them: [C, rows * (H + padding) + padding, columns * (W + padding) + padding],
/// as torchvision.utils.make_grid has it. Without gradients. Throws ShapeError for another shape or
/// no image, ValueError for nrow below 1 or padding below 0.
Tensor image_grid(const Tensor& images, std::int64_t nrow = 8, std::int64_t padding = 2,
                  double pad_value = 0);

}  // namespace gradus
