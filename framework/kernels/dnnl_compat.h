// The differences between oneDNN 2.6 (Debian 12) and 3.x (Debian 13), all of them, and the rules
// under which Gradus runs oneDNN: one thread per kernel, the caller's own scratchpad.
//
// oneDNN fixes its thread count when a primitive is made and assumes the same when it runs. Both
// happen inside SingleThread, so no OpenMP team ever exists beside TBB's threads.
#pragma once

#include <omp.h>
#include "framework/kernels/view.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace gradus::kernels {

/// Sets this thread's OpenMP to one thread for a scope, and puts the user's setting back.
class SingleThread {
 public:
  SingleThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~SingleThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_;
};

inline dnnl::engine& dnnl_engine() {
  static dnnl::engine& engine = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

inline dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

/// The descriptor of a forward primitive P from the arguments that both versions share.
template <class P, class... Args>
typename P::primitive_desc make_pd(const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return typename P::primitive_desc(dnnl_engine(), args..., user_scratchpad());
#else
  return typename P::primitive_desc(typename P::desc(args...), user_scratchpad(), dnnl_engine());
#endif
}

/// The same for a backward primitive, with the forward descriptor as its hint.
template <class P, class Hint, class... Args>
typename P::primitive_desc make_backward_pd(const Hint& hint, const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return typename P::primitive_desc(dnnl_engine(), args..., hint, user_scratchpad());
#else
  return
      typename P::primitive_desc(typename P::desc(args...), user_scratchpad(), dnnl_engine(), hint);
#endif
}

inline dnnl::memory::data_type dnnl_type(DType dtype) {
  return dtype == kBFloat16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

inline dnnl::memory::dims dnnl_dims(const Shape& shape) {
  return {shape.begin(), shape.end()};
}

/// The memory descriptor of a plain strided view.
inline dnnl::memory::desc dnnl_desc(const Shape& sizes, const Strides& strides, DType dtype) {
  return {dnnl_dims(sizes), dnnl_type(dtype), dnnl_dims(strides)};
}

inline dnnl::memory::dims dnnl_dims_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

/// A descriptor that leaves the layout to oneDNN.
inline dnnl::memory::desc dnnl_any(const Shape& sizes, DType dtype) {
  return {dnnl_dims(sizes), dnnl_type(dtype), dnnl::memory::format_tag::any};
}

}  // namespace gradus::kernels
