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

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gradus::kernels {

/// Runs body(), with oneDNN's errors turned into ours.
template <class Body>
void named_errors(Body body) {
  try {
    body();
  } catch (const dnnl::error& error) {
    throw Error("oneDNN: " + std::string(error.message) + " (status " +
                std::to_string(error.status) + ")");
  }
}

/// A primitive with the layouts it wants for its arguments (by DNNL_ARG_*).
class Primitive {
 public:
  template <class P>
  explicit Primitive(const typename P::primitive_desc& pd, P /*kind*/) : Primitive(P(pd), pd) {}
  ~Primitive();
  Primitive(const Primitive&) = delete;
  Primitive& operator=(const Primitive&) = delete;

  [[nodiscard]] dnnl::memory::desc layout(int arg) const {
    return desc_.query_md(dnnl::query::exec_arg_md, arg);
  }
  /// The name of the implementation that oneDNN chose, such as "brg:avx512_core".
  [[nodiscard]] const std::string& implementation() const { return implementation_; }

 private:
  friend void execute(const Primitive&, std::initializer_list<struct PrimitiveArg>);
  struct Arguments;

  Primitive(dnnl::primitive primitive, dnnl::primitive_desc_base desc);
  [[nodiscard]] std::unique_ptr<Arguments> take_arguments() const;
  void give_back(std::unique_ptr<Arguments> arguments) const;

  dnnl::primitive primitive_;
  dnnl::primitive_desc_base desc_;
  std::string implementation_;
  std::int64_t scratch_bytes_;
  // Argument lists at rest, as many as ever ran at once: making one costs more than a small kernel.
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Arguments>> at_rest_;
};

/// What a primitive depends on: the kind of op and all its sizes, strides, dtypes and options.
class PrimitiveKey {
 public:
  explicit PrimitiveKey(std::int64_t kind) { add(kind); }
  PrimitiveKey& add(const Shape& shape) {
    add(shape.size());
    for (const std::int64_t size : shape) add(size);
    return *this;
  }
  /// Throws Error when the key is full, at kMost values.
  PrimitiveKey& add(std::int64_t value);
  [[nodiscard]] std::size_t hash() const;
  friend bool operator==(const PrimitiveKey& a, const PrimitiveKey& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  static constexpr std::size_t kMost = 64;
  [[nodiscard]] const std::int64_t* begin() const { return values_.data(); }
  [[nodiscard]] const std::int64_t* end() const { return values_.data() + count_; }

  std::array<std::int64_t, kMost> values_;
  std::size_t count_ = 0;
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

}  // namespace gradus::kernels
