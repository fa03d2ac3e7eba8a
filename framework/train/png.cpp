#include "framework/train/png.h"
#include "framework/ops/indexing.h"
#include "framework/ops/views.h"
#include "framework/tensor/creation.h"
#include "framework/train/file.h"

#include <png.h>
#include <algorithm>
#include <cmath>

namespace gradus {
namespace {

std::uint8_t to_byte(double value) {
  if (std::isnan(value)) throw ValueError("write_png: a pixel is NaN");
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255));
}

// Row by row, the channels of a pixel next to each other.
std::vector<std::uint8_t> bytes_of(const Tensor& planes) {
  const Tensor pixels = planes.detach().permute({1, 2, 0});
  if (pixels.dtype() == kUInt8) return pixels.to_vector<std::uint8_t>();
  if (!pixels.is_floating_point()) {
    throw DTypeError("write_png: takes floating pixels or uint8, got " +
                     std::string(name_of(pixels.dtype())));
  }
  const auto values = pixels.to_vector<double>();
  std::vector<std::uint8_t> bytes(values.size());
  std::transform(values.begin(), values.end(), bytes.begin(), to_byte);
  return bytes;
}

std::string encode(const std::vector<std::uint8_t>& bytes, const Tensor& planes,
                   const std::filesystem::path& path) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(planes.size(1));
  image.width = static_cast<png_uint_32>(planes.size(2));
  image.format = planes.size(0) == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::string file(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = file.size();
  if (png_image_write_to_memory(&image, file.data(), &size, 0, bytes.data(), 0, nullptr) == 0) {
    throw FileError("cannot make " + path.string() + ": " + image.message);
  }
  file.resize(size);
  return file;
}

}  // namespace

void write_png(const std::filesystem::path& path, const Tensor& image) {
  const Tensor planes = image.dim() == 2 ? image.unsqueeze(0) : image;
  const bool fits =
      planes.dim() == 3 && (planes.size(0) == 1 || planes.size(0) == 3) && planes.numel() > 0;
  if (!fits) {
    throw ShapeError("write_png: takes an image [H, W], [1, H, W] or [3, H, W], got " +
                     to_string(image.sizes()));
  }
  const std::string file = encode(bytes_of(planes), planes, path);
  const std::string_view pieces[] = {file};
  write_file_atomically(path, pieces);
}

Tensor image_grid(const Tensor& images, std::int64_t nrow, std::int64_t padding, double pad_value) {
  if (images.dim() != 4 || images.numel() == 0) {
    throw ShapeError("image_grid: takes images [N, C, H, W], got " + to_string(images.sizes()));
  }
  if (nrow < 1 || padding < 0) {
    throw ValueError("image_grid: nrow is at least 1 and padding at least 0, got " +
                     std::to_string(nrow) + " and " + std::to_string(padding));
  }
  const std::int64_t count = images.size(0);
  const std::int64_t columns = std::min(nrow, count);
  const std::int64_t rows = (count + columns - 1) / columns;
  const std::int64_t height = images.size(2) + padding;
  const std::int64_t width = images.size(3) + padding;
  const Tensor grid = full({images.size(1), rows * height + padding, columns * width + padding},
                           pad_value, images.dtype());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = i / columns * height + padding;
    const std::int64_t left = i % columns * width + padding;
    grid.slice(1, top, top + images.size(2))
        .slice(2, left, left + images.size(3))
        .copy_(select(images.detach(), 0, i));
  }
  return grid;
}

}  // namespace gradus
