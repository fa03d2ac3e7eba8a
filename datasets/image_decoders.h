// What image_file.cpp is made of: a decoder for each format. For image_*.cpp only.
//
// libpng and libjpeg report errors by a jump out of their functions. No C++ object lives in the
// frames that it leaves: each phase (header, pixels) is a function of its own with plain data only,
// and memory is taken between them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

/// Rows of pixels, 1 or 3 bytes each, from the top.
struct Pixels {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::vector<std::uint8_t> values{};
};

/// Throw FileError with the bare reason.
Pixels decode_png(std::string_view bytes);
Pixels decode_jpeg(std::string_view bytes);

/// Throws FileError unless an image of this size may be made.
void check_image_size(std::int64_t height, std::int64_t width);

}  // namespace gradus::data
