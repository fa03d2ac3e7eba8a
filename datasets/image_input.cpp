#include "datasets/image_input.h"
#include "datasets/idx.h"
#include "datasets/npy.h"

namespace gradus::data {
namespace {

Tensor read_pixels_of_npy(const std::filesystem::path& path) {
  Tensor pixels = read_npy(path);
  if (pixels.dtype() == kUInt8) return pixels;
  throw FileError(path.string() + ": pixels are uint8, from 0 to 255; got " +
                  std::string(name_of(pixels.dtype())));
}

struct Format {
  std::string_view ending;
  Tensor (*read)(const std::filesystem::path& path);
};

constexpr Format kFormats[] = {
    {".npy", read_pixels_of_npy},
};

// As [N, C, H, W]; nothing if they are no images of that shape.
std::optional<Tensor> as_batch(const Tensor& images, const Shape& example) {
  const Shape& sizes = images.sizes();
  const bool grey = example[0] == 1;
  const bool is_one = sizes == example || (grey && sizes == Shape{example[1], example[2]});
  Shape batch = example;
  batch.insert(0, is_one || sizes.empty() ? 1 : sizes[0]);
  Shape without_channels = batch;
  without_channels.erase(1);
  if (!is_one && !(sizes == batch) && !(grey && sizes == without_channels)) return {};
  return images.reshape(batch);
}

class ImageReader : public InputReader {
 public:
  ImageReader(const Shape& example, PixelScale scale)
      : example_(example), scale_(std::move(scale)) {}
  [[nodiscard]] Tensor read(const std::filesystem::path& path) const override {
    const Tensor images = read_images(path);
    const std::optional<Tensor> batch = as_batch(images, example_);
    if (!batch) {
      throw FileError(path.string() + ": has shape " + to_string(images.sizes()) +
                      ", expected images [channels, height, width] of " + to_string(example_) +
                      ", as those to train on are");
    }
    if (batch->size(0) == 0) throw FileError(path.string() + ": there are no images in it");
    return scale_pixels(*batch, scale_);
  }

 private:
  Shape example_;
  PixelScale scale_;
};

}  // namespace

Tensor read_images(const std::filesystem::path& path) {
  for (const Format& format : kFormats) {
    if (path.extension() == format.ending) return format.read(path);
  }
  return read_idx(path);
}

std::shared_ptr<const InputReader> image_reader(const Shape& example, PixelScale scale) {
  return std::make_shared<ImageReader>(example, std::move(scale));
}

}  // namespace gradus::data
