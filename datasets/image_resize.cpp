#include "datasets/image_resize.h"

#include <algorithm>
#include <cmath>

namespace gradus::data {
namespace {

// Weights are integers of this many fractional bits, as Pillow has them: sums are exact.
constexpr int kBits = 32 - 8 - 2;

// What one new pixel is made of.
struct Window {
  std::int64_t begin = 0;
  std::vector<std::int32_t> weights{};
};

std::vector<Window> windows_of(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(scale, 1.0);
  std::vector<Window> windows(static_cast<std::size_t>(to));
  std::vector<double> weights;
  for (std::int64_t i = 0; i < to; ++i) {
    Window& window = windows[static_cast<std::size_t>(i)];
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    window.begin = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - support + 0.5));
    const auto end = std::min(from, static_cast<std::int64_t>(centre + support + 0.5));
    weights.clear();
    double sum = 0;
    for (std::int64_t j = window.begin; j < end; ++j) {
      const double distance = (static_cast<double>(j) - centre + 0.5) * (1 / support);
      weights.push_back(std::max(0.0, 1 - std::abs(distance)));
      sum += weights.back();
    }
    for (const double weight : weights) {
      const double share = weight * (1 / sum);
      window.weights.push_back(static_cast<std::int32_t>(0.5 + share * (1 << kBits)));
    }
  }
  return windows;
}

// A line of pixels `step` apart.
struct Line {
  const std::uint8_t* from;
  std::uint8_t* to;
  std::int64_t step;
};

void resize_line(const Line& line, const std::vector<Window>& windows) {
  std::uint8_t* to = line.to;
  for (const Window& window : windows) {
    const std::uint8_t* from = line.from + window.begin * line.step;
    std::int32_t sum = 1 << (kBits - 1);
    for (const std::int32_t weight : window.weights) {
      sum += *from * weight;
      from += line.step;
    }
    *to = static_cast<std::uint8_t>(std::clamp(sum >> kBits, 0, 255));
    to += line.step;
  }
}

Tensor resize_columns(const Tensor& image, std::int64_t width) {
  const std::int64_t old = image.size(2);
  if (old == width) return image;
  const Tensor result({image.size(0), image.size(1), width}, kUInt8);
  const std::vector<Window> windows = windows_of(old, width);
  const std::uint8_t* from = image.data_ptr<std::uint8_t>();
  auto* to = result.data_ptr<std::uint8_t>();
  for (std::int64_t row = 0; row < image.size(0) * image.size(1); ++row) {
    resize_line({from + row * old, to + row * width, 1}, windows);
  }
  return result;
}

Tensor resize_rows(const Tensor& image, std::int64_t height) {
  const std::int64_t old = image.size(1);
  const std::int64_t width = image.size(2);
  if (old == height) return image;
  const Tensor result({image.size(0), height, width}, kUInt8);
  const std::vector<Window> windows = windows_of(old, height);
  const std::uint8_t* from = image.data_ptr<std::uint8_t>();
  auto* to = result.data_ptr<std::uint8_t>();
  for (std::int64_t c = 0; c < image.size(0); ++c, from += old * width, to += height * width) {
    for (std::int64_t x = 0; x < width; ++x) resize_line({from + x, to + x, width}, windows);
  }
  return result;
}

}  // namespace

Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width) {
  if (image.dim() != 3 || image.dtype() != kUInt8 || image.numel() == 0) {
    throw ShapeError("resize_image: takes an image [C, H, W] of uint8, got " +
                     to_string(image.sizes()) + " " + std::string(name_of(image.dtype())));
  }
  if (height < 1 || width < 1) {
    throw ValueError("resize_image: sizes are at least 1, got " + std::to_string(height) + " x " +
                     std::to_string(width));
  }
  return resize_rows(resize_columns(image.contiguous(), width), height);
}

}  // namespace gradus::data
