// New images for a model that was trained on images.
#pragma once

#include "datasets/images.h"

namespace gradus::data {

/// Reads images for a data source whose examples are [C, H, W]: a PNG or JPEG file, or all that are
/// in a folder, in the order of their names (image_file.h); a ".npy" of uint8, [H, W], [N, H, W],
/// [C, H, W] or [N, C, H, W]; anything else is an IDX file, gzipped or not. With `resizes` image
/// files are resized to [H, W]. Another size, other channels and no images at all are a FileError.
std::shared_ptr<const InputReader> image_reader(const Shape& example, PixelScale scale,
                                                bool resizes = false);

}  // namespace gradus::data
