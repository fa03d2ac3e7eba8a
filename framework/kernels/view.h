// View: what a kernel sees of a tensor. Raw memory, dtype, sizes and strides; owns nothing.
#pragma once

#include "framework/kernels/dtype.h"
#include "framework/kernels/shape.h"

namespace gradus::kernels {

/// Strides count elements; `data` points at the first element, not at the allocation.
struct View {
  void* data = nullptr;
  DType dtype = kFloat32;
  Shape sizes;
  Strides strides;

  template <class T>
  [[nodiscard]] T* as() const {
    return static_cast<T*>(data);
  }
  [[nodiscard]] bool is_contiguous() const { return gradus::is_contiguous(sizes, strides); }
  /// The same memory under other sizes and strides.
  [[nodiscard]] View with(const Shape& new_sizes, const Strides& new_strides) const {
    return {data, dtype, new_sizes, new_strides};
  }
  /// The view stretched to `to` by broadcasting.
  [[nodiscard]] View broadcast(const Shape& to) const {
    return sizes == to ? *this : with(to, broadcast_strides(sizes, strides, to));
  }
  /// The view that starts `elements` further on.
  [[nodiscard]] View shifted(std::int64_t elements) const {
    View view = *this;
    view.data = static_cast<char*>(data) + elements * static_cast<std::int64_t>(size_of(dtype));
    return view;
  }
};

}  // namespace gradus::kernels
