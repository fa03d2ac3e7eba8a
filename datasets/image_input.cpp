#include "datasets/image_input.h"
#include "datasets/idx.h"
#include "datasets/image_file.h"
#include "datasets/npy.h"

namespace gradus::data {
namespace {

Tensor read_pixels_of_npy(const std::filesystem::path& path) {
  Tensor pixels = read_npy(path);
  if (pixels.dtype() == kUInt8) return pixels;
  throw FileError(path.string() + ": pixels are uint8, from 0 to 255; got " +
                  std::string(name_of(pixels.dtype())));
}

Tensor read_image_folder(const std::filesystem::path& folder, std::int64_t channels,
                         const Shape& size) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& each : entries_of(folder)) {
    if (has_image_ending(each)) files.push_back(each);
  }
  if (!files.empty()) return read_image_files(files, channels, size);
  throw FileError(folder.string() + ": there are no .png, .jpg or .jpeg files in this folder");
}

// Of whatever format; those of image files are resized where there is a `size`.
Tensor read_images(const std::filesystem::path& path, std::int64_t channels, const Shape& size) {
  if (std::filesystem::is_directory(path)) return read_image_folder(path, channels, size);
  if (has_image_ending(path)) return read_image_files({path}, channels, size);
  return path.extension() == ".npy" ? read_pixels_of_npy(path) : read_idx(path);
}

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
  ImageReader(const Shape& example, PixelScale scale, bool resizes)
      : example_(example), scale_(std::move(scale)), resizes_(resizes) {}
  [[nodiscard]] Tensor read(const std::filesystem::path& path) const override {
    const Shape size = {example_[1], example_[2]};
    const Tensor images = read_images(path, example_[0], resizes_ ? size : Shape{});
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
  bool resizes_;
};

}  // namespace

std::shared_ptr<const InputReader> image_reader(const Shape& example, PixelScale scale,
                                                bool resizes) {
  return std::make_shared<ImageReader>(example, std::move(scale), resizes);
}

}  // namespace gradus::data
