// The program `gradus`: the command line with all built-in components. It counts its calls of
// operator new, so that `gradus bench` can tell how many a step makes; the library does not.
#include "framework/kernels/profile.h"
#include "framework/train/program.h"

#include <atomic>
#include <cstdlib>
#include <new>

// Sanitizers bring an operator new of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {

std::atomic<std::int64_t> g_allocations{0};

void* counted(void* memory) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

[[maybe_unused]] const bool kCounting = [] {
  gradus::kernels::profile::set_allocation_counter([] { return g_allocations.load(); });
  return true;
}();

}  // namespace

// The other forms (arrays, nothrow) call these two.
void* operator new(std::size_t size) {
  return counted(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size, std::align_val_t align) {
  const auto to = static_cast<std::size_t>(align);
  return counted(std::aligned_alloc(to, (size + to - 1) / to * to));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t /*align*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*align*/) noexcept {
  std::free(memory);
}
#endif

int main(int argc, char** argv) {
  return gradus::program(argc, argv);
}
