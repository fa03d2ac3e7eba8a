// Images that stay uint8 in memory; a batch is normalised as it is made.
#pragma once

#include "framework/train/dataset.h"

#include <filesystem>

namespace gradus::data {

/// What makes numbers of pixels: (pixel / 255 - mean) / std, with a mean and a std of each channel.
struct PixelScale {
  std::vector<float> mean;
  std::vector<float> std;
};

/// The numbers of images [N, C, H, W] or [C, H, W], uint8: float32 of the same shape.
Tensor scale_pixels(const Tensor& images, const PixelScale& scale);

/// Images [N, C, H, W], uint8 and contiguous, with labels [N] of integers. Inputs are float32
/// [C, H, W], targets int64.
class ImageDataset : public Dataset {
 public:
  /// Throws ShapeError for sizes that do not fit together.
  ImageDataset(Tensor images, Tensor labels, PixelScale scale);
  [[nodiscard]] std::int64_t size() const override { return images_.size(0); }
  [[nodiscard]] Example get(std::int64_t i) const override;
  [[nodiscard]] Example get_batch(std::span<const std::int64_t> indices) const override;

 private:
  Tensor images_;
  Tensor labels_;  // int64
  PixelScale scale_;
};

/// Throws FileError, which names the file they come from, for a label outside [0, classes).
void check_labels(const Tensor& labels, std::int64_t classes, const std::filesystem::path& from);

}  // namespace gradus::data
