// Shape: up to 8 signed sizes (or strides), held in place.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace gradus {

inline constexpr int kMaxDims = 8;

/// The sizes of a tensor, outermost first. Also used for strides (in elements) and lists of dims.
class Shape {
 public:
  Shape() {}  // values_ stay as they are
  Shape(const Shape& other) : count_(other.count_) {
    std::copy_n(other.values_.data(), count_, values_.data());
  }
  Shape& operator=(const Shape& other) {
    count_ = other.count_;
    std::copy_n(other.values_.data(), count_, values_.data());
    return *this;
  }
  Shape(std::initializer_list<std::int64_t> sizes)
      : Shape(std::span(sizes.begin(), sizes.size())) {}
  /// Throws ShapeError for more than 8 entries.
  explicit Shape(std::span<const std::int64_t> sizes);
  /// `dims` entries, all equal to `value`.
  static Shape filled(int dims, std::int64_t value);

  [[nodiscard]] int size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  std::int64_t& operator[](int i) { return values_[static_cast<std::size_t>(i)]; }
  std::int64_t operator[](int i) const { return values_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int64_t back() const { return (*this)[count_ - 1]; }
  std::int64_t* begin() { return values_.data(); }
  std::int64_t* end() { return values_.data() + count_; }
  [[nodiscard]] const std::int64_t* begin() const { return values_.data(); }
  [[nodiscard]] const std::int64_t* end() const { return values_.data() + count_; }

  void push_back(std::int64_t value);
  void insert(int at, std::int64_t value);
  void erase(int at);

  /// The product of the entries; 1 for no dims.
  [[nodiscard]] std::int64_t numel() const {
    std::int64_t product = 1;
    for (const std::int64_t size : *this) product *= size;
    return product;
  }

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.count_ == b.count_ && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  std::array<std::int64_t, kMaxDims> values_;
  std::int32_t count_ = 0;
};

using Strides = Shape;

/// "[64, 784]", the form that error messages use.
std::string to_string(const Shape& shape);

/// The strides of a dense row-major tensor.
Strides contiguous_strides(const Shape& sizes);

/// The strides of a dense NCHW tensor whose channels lie next to each other in memory.
Strides channels_last_strides(const Shape& sizes);

/// Whether a tensor covers a block of memory without gaps or overlap, in whatever order of dims.
bool is_dense(const Shape& sizes, const Strides& strides);

/// Whether it covers that block in row-major order. Dims of size 1 may have any stride.
bool is_contiguous(const Shape& sizes, const Strides& strides);

/// The common shape of two under broadcasting. Throws ShapeError where they do not fit.
Shape broadcast_shapes(const Shape& a, const Shape& b);

/// The strides that make a tensor of `sizes` look like one of `to`: 0 where a size is stretched.
Strides broadcast_strides(const Shape& sizes, const Strides& strides, const Shape& to);

}  // namespace gradus
