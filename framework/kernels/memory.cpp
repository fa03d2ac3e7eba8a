#include "framework/kernels/memory.h"

#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

namespace gradus {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kCaching = false;
#else
constexpr bool kCaching = true;
#endif

// Four classes per power of two: at most 25 % of a block is unused.
constexpr std::size_t kClasses = 4 * 40;
constexpr std::size_t kSmallestBits = 6;
constexpr std::size_t kSmallClasses = 4 * 8;  // up to 16 KiB go through the thread's own cache
constexpr std::size_t kThreadBlocks = 64;

std::size_t class_of(std::size_t bytes) {
  if (bytes <= kernels::kAlignment) return 0;
  const auto bits = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
  const std::size_t quarter = (bytes - 1) >> (bits - 2);  // 4..7
  return (bits - kSmallestBits) * 4 + (quarter - 4) + 1;
}

std::size_t bytes_of(std::size_t size_class) {
  if (size_class == 0) return kernels::kAlignment;
  const std::size_t bits = (size_class - 1) / 4 + kSmallestBits;
  const std::size_t bytes = (4 + (size_class - 1) % 4 + 1) << (bits - 2);
  return (bytes + kernels::kAlignment - 1) / kernels::kAlignment * kernels::kAlignment;
}

struct Pool {
  std::mutex mutex;
  std::array<std::vector<void*>, kClasses> blocks;
  std::atomic<std::int64_t> in_use{0};
  std::atomic<std::int64_t> peak{0};
  std::atomic<std::int64_t> cached{0};
  std::atomic<std::int64_t> system_allocations{0};
};

Pool& pool() {
  static Pool& instance = *new Pool;  // static tensors may free into it at exit
  return instance;
}

void give_back(std::size_t size_class, void* block) noexcept {
  try {
    const std::scoped_lock lock(pool().mutex);
    pool().blocks[size_class].push_back(block);
  } catch (...) {
    pool().cached -= static_cast<std::int64_t>(bytes_of(size_class));
    ::operator delete (block, std::align_val_t{kernels::kAlignment});
  }
}

struct ThreadCache {
  struct Bin {
    std::array<void*, kThreadBlocks> blocks;
    std::size_t count = 0;
  };
  std::array<Bin, kSmallClasses> bins;
  bool closed = false;

  ~ThreadCache() {
    closed = true;
    for (std::size_t c = 0; c < kSmallClasses; ++c) {
      while (bins[c].count > 0) give_back(c, bins[c].blocks[--bins[c].count]);
    }
  }
};

thread_local ThreadCache t_cache;

void* take_cached(std::size_t size_class) {
  if (size_class < kSmallClasses) {
    ThreadCache::Bin& bin = t_cache.bins[size_class];
    if (bin.count > 0) return bin.blocks[--bin.count];
  }
  const std::scoped_lock lock(pool().mutex);
  std::vector<void*>& blocks = pool().blocks[size_class];
  if (blocks.empty()) return nullptr;
  void* block = blocks.back();
  blocks.pop_back();
  return block;
}

void count_use(std::int64_t bytes) {
  const std::int64_t now = pool().in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t peak = pool().peak.load(std::memory_order_relaxed);
  while (now > peak && !pool().peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

}  // namespace

MemoryStats memory_stats() {
  return {pool().in_use, pool().peak, pool().cached, pool().system_allocations};
}

void empty_cache() {
  const std::scoped_lock lock(pool().mutex);
  for (std::size_t c = 0; c < kClasses; ++c) {
    for (void* block : pool().blocks[c]) {
      ::operator delete (block, std::align_val_t{kernels::kAlignment});
      pool().cached -= static_cast<std::int64_t>(bytes_of(c));
    }
    pool().blocks[c].clear();
  }
}

namespace kernels {

void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const std::size_t size_class = class_of(bytes);
  if (size_class >= kClasses) throw std::bad_alloc();
  const auto size = static_cast<std::int64_t>(bytes_of(size_class));
  void* block = kCaching ? take_cached(size_class) : nullptr;
  if (block != nullptr) {
    pool().cached.fetch_sub(size, std::memory_order_relaxed);
  } else {
    const std::size_t exact = kCaching ? bytes_of(size_class) : bytes;
    block = ::operator new (exact, std::align_val_t{kAlignment});
    pool().system_allocations.fetch_add(1, std::memory_order_relaxed);
  }
  count_use(size);
  return block;
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  const std::size_t size_class = class_of(bytes);
  const auto size = static_cast<std::int64_t>(bytes_of(size_class));
  pool().in_use.fetch_sub(size, std::memory_order_relaxed);
  if (!kCaching) {
    ::operator delete (memory, std::align_val_t{kAlignment});
    return;
  }
  pool().cached.fetch_add(size, std::memory_order_relaxed);
  if (size_class < kSmallClasses && !t_cache.closed) {
    ThreadCache::Bin& bin = t_cache.bins[size_class];
    if (bin.count < kThreadBlocks) {
      bin.blocks[bin.count++] = memory;
      return;
    }
  }
  give_back(size_class, memory);
}

}  // namespace kernels
}  // namespace gradus
