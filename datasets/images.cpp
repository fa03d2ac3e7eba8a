#include "datasets/images.h"

namespace gradus::data {
namespace {

// One image; returns where the next one goes.
float* scale_image(const std::uint8_t* from, std::int64_t pixels, const PixelScale& scale,
                   float* to) {
  for (std::size_t c = 0; c < scale.mean.size(); ++c) {
    const float mean = scale.mean[c];
    const float std = scale.std[c];
    for (std::int64_t p = 0; p < pixels; ++p) {
      to[p] = (static_cast<float>(from[p]) / 255.0F - mean) / std;
    }
    to += pixels;
    from += pixels;
  }
  return to;
}

}  // namespace

Tensor scale_pixels(const Tensor& images, const PixelScale& scale) {
  const Tensor dense = images.contiguous();
  const Tensor result(dense.sizes(), kFloat32);
  const std::int64_t pixels = dense.size(-2) * dense.size(-1);
  const std::int64_t all = dense.numel();
  const auto* from = dense.data_ptr<std::uint8_t>();
  float* to = result.data_ptr<float>();
  for (std::int64_t at = 0; at < all; at += dense.size(-3) * pixels) {
    to = scale_image(from + at, pixels, scale, to);
  }
  return result;
}

ImageDataset::ImageDataset(Tensor images, Tensor labels, PixelScale scale)
    : images_(std::move(images)), labels_(std::move(labels)), scale_(std::move(scale)) {
  const auto channels = static_cast<std::size_t>(images_.size(1));
  if (images_.dim() != 4 || labels_.dim() != 1 || images_.size(0) != labels_.size(0) ||
      scale_.mean.size() != channels || scale_.std.size() != channels) {
    throw ShapeError("ImageDataset: images " + to_string(images_.sizes()) + ", labels " +
                     to_string(labels_.sizes()) + ", " + std::to_string(scale_.mean.size()) +
                     " means and " + std::to_string(scale_.std.size()) + " deviations");
  }
  labels_ = labels_.to(kInt64).contiguous();
}

Example ImageDataset::get(std::int64_t i) const {
  const Example batch = get_batch({&i, 1});
  Shape sizes = images_.sizes();
  sizes.erase(0);
  return {batch.input.reshape(sizes), batch.target.reshape({})};
}

Example ImageDataset::get_batch(std::span<const std::int64_t> indices) const {
  Shape sizes = images_.sizes();
  sizes[0] = static_cast<std::int64_t>(indices.size());
  const std::int64_t pixels = sizes[2] * sizes[3];
  const Tensor inputs(sizes, kFloat32);
  const Tensor targets({sizes[0]}, kInt64);
  float* to = inputs.data_ptr<float>();
  auto* labels = targets.data_ptr<std::int64_t>();
  for (const std::int64_t i : indices) {
    if (i < 0 || i >= size()) {
      throw ValueError("example " + std::to_string(i) + " of a data set of " +
                       std::to_string(size()));
    }
    to = scale_image(images_.data_ptr<std::uint8_t>() + i * images_.stride(0), pixels, scale_, to);
    *labels++ = labels_.data_ptr<std::int64_t>()[i];
  }
  return {inputs, targets};
}

void check_labels(const Tensor& labels, std::int64_t classes, const std::filesystem::path& from) {
  const auto* label = labels.data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    if (label[i] < classes) continue;
    throw FileError(from.string() + ": label " + std::to_string(label[i]) + " at " +
                    std::to_string(i) + " is outside [0, " + std::to_string(classes) + ")");
  }
}

}  // namespace gradus::data
