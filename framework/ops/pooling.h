// Pooling of images [N, C, H, W] or [C, H, W], and of sequences [N, C, L] or [C, L]. Integers are
// taken as float32.
//
//   max_pool2d(images, 2);
//   avg_pool2d(images, {3, 2}, {.stride = 1, .padding = {1, 0}});
#pragma once

#include "framework/ops/geometry.h"
#include "framework/tensor/tensor.h"

#include <utility>

namespace gradus {

struct MaxPool1dOptions {
  std::int64_t stride = 0;  ///< 0: the kernel size
  std::int64_t padding = 0;
  std::int64_t dilation = 1;
  bool ceil_mode = false;  ///< whether a last window may hang over the end
};

struct MaxPool2dOptions {
  Pair stride = 0;  ///< 0: the kernel size
  Pair padding = 0;
  Pair dilation = 1;
  bool ceil_mode = false;
};

struct AvgPool1dOptions {
  std::int64_t stride = 0;  ///< 0: the kernel size
  std::int64_t padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;  ///< whether padding counts in the divisor
};

struct AvgPool2dOptions {
  Pair stride = 0;  ///< 0: the kernel size
  Pair padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<std::int64_t> divisor_override{};  ///< instead of the window's size; not 0
};

/// The largest value of each window; padding never wins. On ties the first place (row by row) wins
/// and alone receives the gradient; NaN wins over all. Padding is at most half the kernel size.
Tensor max_pool1d(const Tensor& x, std::int64_t kernel_size, const MaxPool1dOptions& options = {},
                  Location at = Location::current());
Tensor max_pool2d(const Tensor& x, const Pair& kernel_size, const MaxPool2dOptions& options = {},
                  Location at = Location::current());
/// max_pool2d(relu(x), ...) in fewer passes, to the same bits.
Tensor relu_max_pool2d(const Tensor& x, const Pair& kernel_size,
                       const MaxPool2dOptions& options = {}, Location at = Location::current());
/// max_pool2d, and where in its image (h * W + w, int64) each value stood.
std::pair<Tensor, Tensor> max_pool2d_with_indices(const Tensor& x, const Pair& kernel_size,
                                                  const MaxPool2dOptions& options = {},
                                                  Location at = Location::current());

/// The mean of each window; padding counts as zeros unless count_include_pad is false. What hangs
/// over the padding (ceil_mode) never counts.
Tensor avg_pool1d(const Tensor& x, std::int64_t kernel_size, const AvgPool1dOptions& options = {},
                  Location at = Location::current());
Tensor avg_pool2d(const Tensor& x, const Pair& kernel_size, const AvgPool2dOptions& options = {},
                  Location at = Location::current());

/// Windows chosen so that the result has the given size: output i of O over L elements covers those
/// from floor(i * L / O) to ceil((i + 1) * L / O). With output_size 1 the whole image is a window.
Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t output_size,
                           Location at = Location::current());
Tensor adaptive_avg_pool2d(const Tensor& x, const Pair& output_size,
                           Location at = Location::current());
Tensor adaptive_max_pool1d(const Tensor& x, std::int64_t output_size,
                           Location at = Location::current());
Tensor adaptive_max_pool2d(const Tensor& x, const Pair& output_size,
                           Location at = Location::current());

}  // namespace gradus
