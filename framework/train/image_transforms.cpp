// normalize, random_crop, random_horizontal_flip, random_vertical_flip, random_rotation and cutout.
#include "framework/train/transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gradus::data {
namespace {

// A transform of images alone.
class ImageTransform : public Transform {
 public:
  void check(const Shape& example) const override {
    if (example.size() == 3) return;
    throw ShapeError("transforms of images take examples [C, H, W], got " + to_string(example));
  }
};

struct NormalizeOptions {
  std::vector<double> mean = {0.5};
  std::vector<double> std = {0.5};
  void describe(OptionReader& o) {
    o("mean", mean, "a number for each channel, or one for all, that is subtracted");
    o("std", std, "what is divided by afterwards, likewise", {.above = 0});
    check(mean, o.path() + "/mean");
    check(std, o.path() + "/std");
  }

 private:
  static void check(const std::vector<double>& list, const std::string& path) {
    if (list.empty()) throw ConfigError(path, "expected a list of at least one number");
  }
};

class Normalize : public Transform {
 public:
  explicit Normalize(const NormalizeOptions& options)
      : mean_(options.mean.begin(), options.mean.end()),
        std_(options.std.begin(), options.std.end()) {}
  void check(const Shape& example) const override {
    const std::int64_t channels = example.empty() ? 1 : example[0];
    for (const std::size_t count : {mean_.size(), std_.size()}) {
      if (count == 1 || static_cast<std::int64_t>(count) == channels) continue;
      throw ShapeError("normalize has " + std::to_string(count) + " numbers for examples " +
                       to_string(example));
    }
  }
  void operator()(const ImageView& image, ExampleRandom& /*random*/) const override {
    for (std::int64_t c = 0; c < image.channels; ++c) {
      const float mean = of_channel(mean_, c);
      const float std = of_channel(std_, c);
      float* pixel = image.channel(c);
      for (std::int64_t i = 0; i < image.pixels(); ++i) pixel[i] = (pixel[i] - mean) / std;
    }
  }
  [[nodiscard]] bool is_for_testing() const override { return true; }

 private:
  static float of_channel(const std::vector<float>& values, std::int64_t c) {
    return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(c)];
  }
  std::vector<float> mean_;
  std::vector<float> std_;
};

// Every pixel of the new image is that of the old one at source(row, column), or `fill` outside.
template <class Source>
void move_pixels(const ImageView& image, float fill, Source source) {
  const std::vector<float> old(image.data, image.data + image.channels * image.pixels());
  for (std::int64_t row = 0; row < image.height; ++row) {
    for (std::int64_t column = 0; column < image.width; ++column) {
      const auto [r, c] = source(row, column);
      const bool inside = r >= 0 && r < image.height && c >= 0 && c < image.width;
      for (std::int64_t channel = 0; channel < image.channels; ++channel) {
        image.channel(channel)[row * image.width + column] =
            inside ? old[static_cast<std::size_t>(channel * image.pixels() + r * image.width + c)]
                   : fill;
      }
    }
  }
}

using Place = std::pair<std::int64_t, std::int64_t>;  // row and column

struct CropOptions {
  std::int64_t padding = 4;
  double fill = 0;
  void describe(OptionReader& o) {
    o("padding", padding, "how far the image may move, up, down, left and right", {.min = 0});
    o("fill", fill, "what the pixels are that come in at the border");
  }
};

class RandomCrop : public ImageTransform {
 public:
  explicit RandomCrop(const CropOptions& options) : options_(options) {}
  void operator()(const ImageView& image, ExampleRandom& random) const override {
    const std::int64_t down = random.integer(-options_.padding, options_.padding);
    const std::int64_t right = random.integer(-options_.padding, options_.padding);
    move_pixels(
        image, static_cast<float>(options_.fill),
        [=](std::int64_t row, std::int64_t column) { return Place(row + down, column + right); });
  }

 private:
  CropOptions options_;
};

struct FlipOptions {
  double p = 0.5;
  void describe(OptionReader& o) { o("p", p, "probability of a flip", {.min = 0, .max = 1}); }
};

class RandomFlip : public ImageTransform {
 public:
  RandomFlip(const FlipOptions& options, bool horizontal)
      : p_(options.p), horizontal_(horizontal) {}
  void operator()(const ImageView& image, ExampleRandom& random) const override {
    if (random.uniform() >= p_) return;
    for (std::int64_t c = 0; c < image.channels; ++c) {
      float* rows = image.channel(c);
      if (horizontal_) {
        for (std::int64_t r = 0; r < image.height; ++r) {
          std::reverse(rows + r * image.width, rows + (r + 1) * image.width);
        }
      } else {
        for (std::int64_t r = 0; r < image.height / 2; ++r) {
          std::swap_ranges(rows + r * image.width, rows + (r + 1) * image.width,
                           rows + (image.height - 1 - r) * image.width);
        }
      }
    }
  }

 private:
  double p_;
  bool horizontal_;
};

struct RotationOptions {
  double degrees = 10;
  double fill = 0;
  void describe(OptionReader& o) {
    o("degrees", degrees, "the largest angle, either way round", {.min = 0, .max = 180});
    o("fill", fill, "what the pixels are that come in at the border");
  }
};

// About the centre, counter-clockwise; a pixel takes the nearest one.
class RandomRotation : public ImageTransform {
 public:
  explicit RandomRotation(const RotationOptions& options) : options_(options) {}
  void operator()(const ImageView& image, ExampleRandom& random) const override {
    const double angle = (2 * random.uniform() - 1) * options_.degrees * std::numbers::pi / 180;
    const double cosine = std::cos(angle);
    const double sine = std::sin(angle);
    const double middle_row = static_cast<double>(image.height - 1) / 2;
    const double middle_column = static_cast<double>(image.width - 1) / 2;
    move_pixels(image, static_cast<float>(options_.fill),
                [=](std::int64_t row, std::int64_t column) {
                  const double y = static_cast<double>(row) - middle_row;
                  const double x = static_cast<double>(column) - middle_column;
                  return Place(std::llround(y * cosine + x * sine + middle_row),
                               std::llround(x * cosine - y * sine + middle_column));
                });
  }

 private:
  RotationOptions options_;
};

struct CutoutOptions {
  std::int64_t size = 8;
  double fill = 0;
  void describe(OptionReader& o) {
    o("size", size, "side of the square; its centre is any pixel, so it may reach over the border",
      {.min = 1});
    o("fill", fill, "what the pixels within become");
  }
};

// DeVries and Taylor, https://arxiv.org/abs/1708.04552
class Cutout : public ImageTransform {
 public:
  explicit Cutout(const CutoutOptions& options) : options_(options) {}
  void operator()(const ImageView& image, ExampleRandom& random) const override {
    const std::int64_t top = random.integer(0, image.height - 1) - options_.size / 2;
    const std::int64_t left = random.integer(0, image.width - 1) - options_.size / 2;
    const std::int64_t end_row = std::min(image.height, top + options_.size);
    const std::int64_t begin = std::max<std::int64_t>(0, left);
    const std::int64_t end = std::min(image.width, left + options_.size);
    for (std::int64_t c = 0; c < image.channels; ++c) {
      for (std::int64_t row = std::max<std::int64_t>(0, top); row < end_row; ++row) {
        float* pixels = image.channel(c) + row * image.width;
        std::fill(pixels + begin, pixels + end, static_cast<float>(options_.fill));
      }
    }
  }

 private:
  CutoutOptions options_;
};

template <class T, class Options>
std::shared_ptr<Transform> make(const Options& options) {
  return std::make_shared<T>(options);
}

const bool kRegistered[] = {
    transforms().add<NormalizeOptions>("normalize", "(input - mean) / std; of the test part, too",
                                       make<Normalize, NormalizeOptions>),
    transforms().add<CropOptions>("random_crop", "moves the image; its size stays",
                                  make<RandomCrop, CropOptions>),
    transforms().add<FlipOptions>(
        "random_horizontal_flip", "exchanges left and right",
        [](const FlipOptions& options) { return std::make_shared<RandomFlip>(options, true); }),
    transforms().add<FlipOptions>(
        "random_vertical_flip", "exchanges top and bottom",
        [](const FlipOptions& options) { return std::make_shared<RandomFlip>(options, false); }),
    transforms().add<RotationOptions>("random_rotation", "turns the image about its centre",
                                      make<RandomRotation, RotationOptions>),
    transforms().add<CutoutOptions>("cutout", "blanks a square of the image",
                                    make<Cutout, CutoutOptions>),
};

}  // namespace
}  // namespace gradus::data
