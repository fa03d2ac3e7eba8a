// Sizes along the height and width of images, as options take them.
#pragma once

#include "framework/kernels/conv.h"
#include "framework/kernels/error.h"

#include <string_view>

namespace gradus {

/// Height and width: {2, 1}, or one number for both: 2.
struct Pair : kernels::Pair {
  constexpr Pair(std::int64_t both) : kernels::Pair{both, both} {}  // implicit: .stride = 2
  constexpr Pair(std::int64_t height, std::int64_t width) : kernels::Pair{height, width} {}
  constexpr Pair(const kernels::Pair& pair) : kernels::Pair(pair) {}  // implicit: of layers
};

/// Zeros on each side of a convolution's input: sizes, or "valid" (none) or "same" (as many as keep
/// the input's sizes; an odd one goes behind; the stride must be 1).
class Padding {
 public:
  constexpr Padding(std::int64_t both) : sizes_(both) {}  // implicit, as all here: .padding = 1
  constexpr Padding(std::int64_t height, std::int64_t width) : sizes_(height, width) {}
  constexpr Padding(const Pair& sizes) : sizes_(sizes) {}
  constexpr Padding(const kernels::Pair& sizes) : sizes_(sizes) {}
  /// Throws ValueError for any other word.
  Padding(std::string_view mode) : sizes_(0), same_(mode == "same") {
    if (!same_ && mode != "valid") {
      throw ValueError("padding is sizes, \"same\" or \"valid\", got \"" + std::string(mode) +
                       "\"");
    }
  }
  template <std::size_t N>
  Padding(const char (&mode)[N]) : Padding(std::string_view(mode)) {}

  [[nodiscard]] const Pair& sizes() const { return sizes_; }
  [[nodiscard]] bool is_same() const { return same_; }

 private:
  Pair sizes_;
  bool same_ = false;
};

}  // namespace gradus
