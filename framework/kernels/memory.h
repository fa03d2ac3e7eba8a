// The caching memory pool. Freed blocks are kept by size class and handed out again, so that a
// training step of known shapes asks the system for nothing.
//
// Blocks are 64-byte aligned. Small blocks go through a cache of the calling thread, the rest
// through one locked pool; a block may be freed on another thread than it was taken on. Under
// AddressSanitizer nothing is cached, so that the tool sees every use after free.
// Thread rules: all functions may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace gradus {

/// What the pool holds, in bytes, and how often it had to ask the system. `peak` may miss up to a
/// megabyte a thread that was soon freed again.
struct MemoryStats {
  std::int64_t in_use = 0;
  std::int64_t peak = 0;
  std::int64_t cached = 0;
  std::int64_t system_allocations = 0;
};
MemoryStats memory_stats();

/// Returns all cached blocks of the shared pool to the system.
void empty_cache();

namespace kernels {

inline constexpr std::size_t kAlignment = 64;

/// `bytes` of uninitialised memory, 64-byte aligned; nullptr for 0. Throws std::bad_alloc.
void* allocate(std::size_t bytes);
/// `bytes` as given to allocate.
void deallocate(void* memory, std::size_t bytes) noexcept;

/// Uninitialised scratch memory for the length of a scope.
template <class T = std::byte>
class Scratch {
 public:
  explicit Scratch(std::int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(allocate(bytes_))) {}
  ~Scratch() { deallocate(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() { return data_; }
  T& operator[](std::int64_t i) { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace kernels
}  // namespace gradus
