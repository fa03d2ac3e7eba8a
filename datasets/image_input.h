// New images for a model that was trained on images: files of pixels, by their ending.
#pragma once

#include "datasets/images.h"

namespace gradus::data {

/// The images in a file, uint8: [H, W], [N, H, W] or [N, C, H, W]; of one in colours [C, H, W]. The
/// ending tells how: ".npy" a NumPy array; anything else an IDX file, gzipped or not. A format of
/// its own is one more line of the table in image_input.cpp. Throws FileError.
Tensor read_images(const std::filesystem::path& path);

/// Reads such files for a data source whose examples are [C, H, W]. Another size, other channels
/// and a file without images are a FileError.
std::shared_ptr<const InputReader> image_reader(const Shape& example, PixelScale scale);

}  // namespace gradus::data
