// A bounded cache of oneDNN primitives, and their execution.
//
// Building a primitive generates machine code (a millisecond); executing one costs a fraction of a
// microsecond beside its work. The cache keeps the most recently used ones, keyed by everything
// that the code depends on, so varying batch sizes cannot make it grow without end.
// Thread rules: all functions may be called from any thread.
#pragma once

#include "framework/kernels/dnnl_compat.h"
#include "framework/kernels/error.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"

#include <memory>
#include <vector>

namespace gradus::kernels {

/// A primitive with the layouts it wants for its arguments (by DNNL_ARG_*).
struct Primitive {
  dnnl::primitive primitive;
  dnnl::primitive_desc_base desc;

  template <class P>
  explicit Primitive(const typename P::primitive_desc& pd, P /*kind*/)
      : primitive(P(pd)), desc(pd) {}

  [[nodiscard]] dnnl::memory::desc layout(int arg) const {
    return desc.query_md(dnnl::query::exec_arg_md, arg);
  }
};

/// What a primitive depends on: the kind of op and all its sizes, strides, dtypes and options.
class PrimitiveKey {
 public:
  explicit PrimitiveKey(std::int64_t kind) { values_.push_back(kind); }
  PrimitiveKey& add(const Shape& shape) {
    values_.push_back(shape.size());
    values_.insert(values_.end(), shape.begin(), shape.end());
    return *this;
  }
  PrimitiveKey& add(std::int64_t value) {
    values_.push_back(value);
    return *this;
  }
  [[nodiscard]] std::size_t hash() const;
  friend bool operator==(const PrimitiveKey&, const PrimitiveKey&) = default;

 private:
  std::vector<std::int64_t> values_;
};

inline constexpr std::size_t kPrimitiveCacheCapacity = 1024;

/// The cached primitive for `key`, or the one that make() builds now.
std::shared_ptr<const Primitive> cached_primitive(
    const PrimitiveKey& key, FunctionRef<std::shared_ptr<const Primitive>()> make);

/// How many primitives are cached now.
std::size_t primitive_cache_size();

struct PrimitiveArg {
  int arg;  // DNNL_ARG_*
  void* data;
};

/// Runs a primitive on this thread, on memory in the layouts that it asked for.
void execute(const Primitive& primitive, std::initializer_list<PrimitiveArg> args);

/// A copy between two layouts of the same logical tensor. Made once, run on any thread.
class Reorder {
 public:
  Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);
  void run(void* source, void* target) const;

 private:
  dnnl::memory::desc from_;
  dnnl::memory::desc to_;
  dnnl::memory::desc scratch_;
  dnnl::reorder reorder_;
};

/// The name of the implementation that oneDNN chose, such as "brg:avx512_core".
std::string implementation(const Primitive& primitive);

}  // namespace gradus::kernels
