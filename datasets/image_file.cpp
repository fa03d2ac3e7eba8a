#include "datasets/image_file.h"
#include "datasets/image_decoders.h"
#include "framework/train/file.h"

namespace gradus::data {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegSignature = "\xFF\xD8\xFF";

Pixels decode(std::string_view bytes) {
  if (bytes.starts_with(kPngSignature)) return decode_png(bytes);
  if (bytes.starts_with(kJpegSignature)) return decode_jpeg(bytes);
  throw FileError("is neither a PNG nor a JPEG file");
}

// ITU-R 601-2 in 16 bits, rounded: the same bits as Pillow's.
std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >>
                                   16U);
}

Tensor as_planes(const Pixels& pixels, std::int64_t channels) {
  const Tensor image({channels, pixels.height, pixels.width}, kUInt8);
  const std::int64_t count = pixels.height * pixels.width;
  auto* to = image.data_ptr<std::uint8_t>();
  const std::uint8_t* from = pixels.values.data();
  if (channels == 1 && pixels.channels == 3) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = luma(from + 3 * i);
    return image;
  }
  for (std::int64_t c = 0; c < channels; ++c, to += count) {
    const std::uint8_t* value = from + (pixels.channels == 1 ? 0 : c);
    for (std::int64_t i = 0; i < count; ++i) to[i] = value[i * pixels.channels];
  }
  return image;
}

}  // namespace

void check_image_size(std::int64_t height, std::int64_t width) {
  if (height >= 1 && width >= 1 && height <= kMostPixels / width) return;
  throw FileError("it says that it has " + std::to_string(height) + " x " + std::to_string(width) +
                  " pixels; images have at least 1 and at most " + std::to_string(kMostPixels));
}

Tensor decode_image(std::string_view bytes, const std::string& name, std::int64_t channels) {
  if (channels != 1 && channels != 3) {
    throw ValueError("images have 1 or 3 channels, not " + std::to_string(channels));
  }
  try {
    return as_planes(decode(bytes), channels);
  } catch (Error& error) {
    error.prepend(name);
    throw;
  }
}

Tensor read_image(const std::filesystem::path& path, std::int64_t channels) {
  return decode_image(read_file(path), path.string(), channels);
}

}  // namespace gradus::data
