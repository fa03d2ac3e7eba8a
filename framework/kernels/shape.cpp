#include "framework/kernels/shape.h"
#include "framework/kernels/error.h"

namespace gradus {

Shape::Shape(std::span<const std::int64_t> sizes) {
  for (const std::int64_t size : sizes) push_back(size);
}

Shape Shape::filled(int dims, std::int64_t value) {
  Shape shape;
  for (int i = 0; i < dims; ++i) shape.push_back(value);
  return shape;
}

void Shape::push_back(std::int64_t value) {
  insert(count_, value);
}

void Shape::insert(int at, std::int64_t value) {
  if (count_ == kMaxDims) throw ShapeError("a tensor has at most 8 dims");
  std::copy_backward(begin() + at, end(), end() + 1);
  values_[static_cast<std::size_t>(at)] = value;
  ++count_;
}

void Shape::erase(int at) {
  std::copy(begin() + at + 1, end(), begin() + at);
  --count_;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

Strides contiguous_strides(const Shape& sizes) {
  Strides strides = sizes;
  std::int64_t step = 1;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= std::max<std::int64_t>(sizes[i], 1);
  }
  return strides;
}

Strides channels_last_strides(const Shape& sizes) {
  const std::int64_t channels = sizes[1];
  const std::int64_t height = sizes[2];
  const std::int64_t width = sizes[3];
  return {height * width * channels, 1, width * channels, channels};
}

bool is_contiguous(const Shape& sizes, const Strides& strides) {
  std::int64_t step = 1;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    if (sizes[i] == 0) return true;
    if (sizes[i] != 1 && strides[i] != step) return false;
    step *= sizes[i];
  }
  return true;
}

bool is_dense(const Shape& sizes, const Strides& strides) {
  if (sizes.numel() == 0) return true;
  // From the smallest stride on, each dim must begin where the ones before it end.
  std::int64_t covered = 1;
  while (covered < sizes.numel()) {
    int next = -1;
    for (int d = 0; d < sizes.size() && next < 0; ++d) {
      if (sizes[d] > 1 && strides[d] == covered) next = d;
    }
    if (next < 0) return false;
    covered *= sizes[next];
  }
  return true;
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape out = a.size() >= b.size() ? a : b;
  const Shape& small = a.size() >= b.size() ? b : a;
  const int shift = out.size() - small.size();
  for (int i = 0; i < small.size(); ++i) {
    std::int64_t& size = out[i + shift];
    if (size == 1) {
      size = small[i];
    } else if (small[i] != 1 && small[i] != size) {
      throw ShapeError("shapes do not broadcast: " + to_string(a) + " and " + to_string(b) +
                       " (sizes must be equal or 1, counted from the last dim)");
    }
  }
  return out;
}

Strides broadcast_strides(const Shape& sizes, const Strides& strides, const Shape& to) {
  Strides out = Shape::filled(to.size(), 0);
  const int shift = to.size() - sizes.size();
  for (int i = 0; i < sizes.size(); ++i) {
    const bool stretched = sizes[i] == 1 && to[i + shift] != 1;
    out[i + shift] = stretched ? 0 : strides[i];
  }
  return out;
}

}  // namespace gradus
