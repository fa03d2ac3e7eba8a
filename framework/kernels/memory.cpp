#include "framework/kernels/memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif
#include <array>
#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace gradus {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kCaching = false;
#elif defined(__has_feature)  // clang
constexpr bool kCaching = !__has_feature(address_sanitizer);
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

constexpr std::size_t bytes_of(std::size_t size_class) {
  if (size_class == 0) return kernels::kAlignment;
  const std::size_t bits = (size_class - 1) / 4 + kSmallestBits;
  const std::size_t bytes = (4 + (size_class - 1) % 4 + 1) << (bits - 2);
  return (bytes + kernels::kAlignment - 1) / kernels::kAlignment * kernels::kAlignment;
}

constexpr std::array<std::int64_t, kClasses> kBytes = [] {
  std::array<std::int64_t, kClasses> result{};
  for (std::size_t c = 0; c < kClasses; ++c) result[c] = static_cast<std::int64_t>(bytes_of(c));
  return result;
}();

// Large blocks stand on huge pages where the system gives them: a step that streams through tens of
// megabytes otherwise waits for page tables (a tenth of its time was measured).
constexpr std::size_t kHugePage = std::size_t{1} << 21U;
constexpr std::int64_t kHugeFrom = std::int64_t{1} << 20;  // bytes

constexpr std::align_val_t alignment_of(std::size_t size_class) {
  return std::align_val_t{kBytes[size_class] >= kHugeFrom ? kHugePage : kernels::kAlignment};
}

void* from_system(std::size_t size_class, std::size_t bytes) {
  void* block = ::operator new(bytes, alignment_of(size_class));
#if defined(__linux__)
  if (kBytes[size_class] >= kHugeFrom) madvise(block, bytes, MADV_HUGEPAGE);  // a hint
#endif
  return block;
}

// What a thread counts by itself before it tells the others.
constexpr std::int64_t kQuiet = 1 << 20;

struct Bin {
  std::array<void*, kThreadBlocks> blocks;
  std::size_t count = 0;
};

struct ThreadCache {
  std::array<Bin, kSmallClasses> bins;
  std::atomic<std::int64_t> in_use{0};  // written by its thread alone
};

struct Pool {
  std::mutex mutex;
  std::array<std::vector<void*>, kClasses> blocks;
  std::vector<ThreadCache*> threads;
  std::atomic<std::int64_t> in_use{0};  // without what the threads have not told yet
  std::atomic<std::int64_t> peak{0};
  std::atomic<std::int64_t> from_system{0};
  std::atomic<std::int64_t> system_allocations{0};
};

Pool& pool() {
  static Pool& instance = *new Pool;  // static tensors may free into it at exit
  return instance;
}

void raise_peak(std::int64_t now) {
  std::int64_t peak = pool().peak.load(std::memory_order_relaxed);
  while (now > peak && !pool().peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

void count_use_shared(std::int64_t bytes) {
  raise_peak(pool().in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

inline void count_use(ThreadCache* cache, std::int64_t bytes) {
  std::int64_t untold = bytes;
  if (cache != nullptr) {
    untold += cache->in_use.load(std::memory_order_relaxed);
    if (-kQuiet < untold && untold < kQuiet) {
      cache->in_use.store(untold, std::memory_order_relaxed);
      return;
    }
    cache->in_use.store(0, std::memory_order_relaxed);
  }
  count_use_shared(untold);
}

void release_to_system(std::size_t size_class, void* block) noexcept {
  pool().from_system.fetch_sub(kBytes[size_class], std::memory_order_relaxed);
  ::operator delete(block, alignment_of(size_class));
}

void give_back(std::size_t size_class, void* block) noexcept {
  try {
    const std::scoped_lock lock(pool().mutex);
    pool().blocks[size_class].push_back(block);
  } catch (...) {
    release_to_system(size_class, block);
  }
}

thread_local constinit ThreadCache* t_cache = nullptr;
thread_local constinit bool t_closed = false;

// Gives this thread a cache, and takes it away when the thread ends.
class CacheOwner {
 public:
  CacheOwner() {
    auto cache = std::make_unique<ThreadCache>();
    const std::scoped_lock lock(pool().mutex);
    pool().threads.push_back(cache.get());
    t_cache = cache.release();
  }
  ~CacheOwner() {
    const std::unique_ptr<ThreadCache> cache(t_cache);
    t_cache = nullptr;
    t_closed = true;
    for (std::size_t c = 0; c < kSmallClasses; ++c) {
      Bin& bin = cache->bins[c];
      while (bin.count > 0) give_back(c, bin.blocks[--bin.count]);
    }
    const std::scoped_lock lock(pool().mutex);
    std::erase(pool().threads, cache.get());
    raise_peak(pool().in_use += cache->in_use);
  }
  CacheOwner(const CacheOwner&) = delete;
  CacheOwner& operator=(const CacheOwner&) = delete;
};

[[gnu::noinline]] ThreadCache* new_thread_cache() {
  if (!t_closed) thread_local const CacheOwner owner;
  return t_cache;
}

// Null while the thread ends.
inline ThreadCache* thread_cache() {
  return t_cache != nullptr ? t_cache : new_thread_cache();
}

void* take_shared(std::size_t size_class) {
  const std::scoped_lock lock(pool().mutex);
  std::vector<void*>& blocks = pool().blocks[size_class];
  if (blocks.empty()) return nullptr;
  void* block = blocks.back();
  blocks.pop_back();
  return block;
}

void* take(std::size_t size_class, std::size_t bytes) {
  void* block = kCaching ? take_shared(size_class) : nullptr;
  if (block != nullptr) return block;
  const auto whole = static_cast<std::size_t>(kBytes[size_class]);
  block = from_system(size_class, kCaching ? whole : bytes);
  pool().from_system.fetch_add(kBytes[size_class], std::memory_order_relaxed);
  pool().system_allocations.fetch_add(1, std::memory_order_relaxed);
  return block;
}

}  // namespace

MemoryStats memory_stats() {
  const std::scoped_lock lock(pool().mutex);
  std::int64_t in_use = pool().in_use;
  for (const ThreadCache* cache : pool().threads) in_use += cache->in_use;
  raise_peak(in_use);
  return {in_use, pool().peak, pool().from_system - in_use, pool().system_allocations};
}

void empty_cache() {
  const std::scoped_lock lock(pool().mutex);
  for (std::size_t c = 0; c < kClasses; ++c) {
    for (void* block : pool().blocks[c]) release_to_system(c, block);
    pool().blocks[c].clear();
  }
}

namespace kernels {

void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const std::size_t size_class = class_of(bytes);
  if (size_class >= kClasses) throw std::bad_alloc();
  ThreadCache* cache = thread_cache();
  void* block = nullptr;
  if (kCaching && size_class < kSmallClasses && cache != nullptr) {
    Bin& bin = cache->bins[size_class];
    if (bin.count > 0) block = bin.blocks[--bin.count];
  }
  if (block == nullptr) block = take(size_class, bytes);
  count_use(cache, kBytes[size_class]);
  return block;
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  const std::size_t size_class = class_of(bytes);
  ThreadCache* cache = thread_cache();
  count_use(cache, -kBytes[size_class]);
  if (!kCaching) {
    release_to_system(size_class, memory);
    return;
  }
  if (size_class < kSmallClasses && cache != nullptr) {
    Bin& bin = cache->bins[size_class];
    if (bin.count < kThreadBlocks) {
      bin.blocks[bin.count++] = memory;
      return;
    }
  }
  give_back(size_class, memory);
}

}  // namespace kernels
}  // namespace gradus
