// Image files: PNG (libpng) and JPEG (libjpeg-turbo), told apart by their first bytes.
//
// The readers believe nothing: sizes are bounded before any memory is taken for them, and a file
// that is truncated or broken anywhere is refused as a whole. What is left out, as Pillow's
// convert("L") and convert("RGB") leave it out: alpha, colour profiles, gamma. The orientation that
// EXIF data may tell is not followed: pixels come as they lie in the file.
//
// Thread rules: free functions without state; any thread.
#pragma once

#include "framework/tensor/tensor.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace gradus::data {

/// The most pixels that an image may have: 2^26, such as 8192 x 8192.
inline constexpr std::int64_t kMostPixels = std::int64_t{1} << 26U;

/// The image in a file as uint8 [channels, H, W], channels 1 (gray) or 3 (red, green, blue).
///   PNG: gray of 1, 2, 4, 8, 16 bits, colours of 8 and 16, palettes, with alpha or not, interlaced
///   or not; 16 bits are rounded to 8.
///   JPEG: gray and colours, baseline and progressive. CMYK is refused.
/// Colours become gray as (299 red + 587 green + 114 blue) / 1000; gray becomes three equal
/// channels. Throws FileError with the file's name and what is wrong; ValueError for other
/// channels.
Tensor read_image(const std::filesystem::path& path, std::int64_t channels);

/// The same of the bytes of a file; `name` stands for it in messages.
Tensor decode_image(std::string_view bytes, const std::string& name, std::int64_t channels);

/// Whether a file's name ends as those of such images do: .png, .jpg or .jpeg, in any case.
bool has_image_ending(const std::filesystem::path& file);

/// All those images, [N, channels, H, W], read on all threads; resized (image_resize.h) where a
/// `size` of [H, W] is given. Throws as read_image(), and FileError where an image has not the
/// shape of the first.
Tensor read_image_files(const std::vector<std::filesystem::path>& files, std::int64_t channels,
                        const Shape& size = {});

/// What is in a folder, but for hidden files, in the order of the names (by bytes). Throws
/// FileError.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

}  // namespace gradus::data
