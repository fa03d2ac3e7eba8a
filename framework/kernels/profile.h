// Profile: what the ops of a stretch of work cost, and which kernels ran for them.
//
//   profile::start();
//   ... a training step ...
//   for (const profile::Entry& each : profile::stop()) ...
//
// A Scope stands around each op, each node's backward, the optimizer's step and the loader's
// next(). Only the outermost scope counts: what a gradient computes with ops is the gradient's. The
// chunks of a parallel loop belong to the scope that started it. While nothing is recorded a scope
// costs one relaxed load.
// Thread rules: all functions may be called from any thread; start() and stop() between the work.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dnnl {
struct primitive_desc_base;
}

namespace gradus::kernels::profile {

enum class Phase { Forward, Backward, Other };

/// What all calls of one op cost in one phase.
struct Entry {
  std::string name;
  Phase phase = Phase::Other;
  std::int64_t calls = 0;
  double seconds = 0;
  std::int64_t multiply_adds = 0;  ///< of products and convolutions
  std::int64_t bytes = 0;          ///< of the tensors that went in and came out
  /// Calls of operator new meanwhile, on any thread; 0 where nobody counts them.
  std::int64_t allocations = 0;
  /// How often each kernel ran: oneDNN's name of the implementation, "sgemm", or "gradus".
  std::map<std::string, std::int64_t> kernels;
};

namespace detail {
inline std::atomic<bool> g_on{false};
inline thread_local constinit Entry* t_current = nullptr;
}  // namespace detail

/// Whether anything is recorded now.
inline bool is_on() {
  return detail::g_on.load(std::memory_order_relaxed);
}

/// Forgets all and begins to record.
void start();
/// Ends it: what was recorded, in the order in which it first came.
std::vector<Entry> stop();

/// Says how often operator new was called so far; a program that replaces it can tell.
using AllocationCounter = std::int64_t (*)();
void set_allocation_counter(AllocationCounter counter);
/// Null where nobody counts.
AllocationCounter allocation_counter();

/// A stretch of work under a name.
class Scope {
 public:
  Scope(std::string_view name, Phase phase) {
    if (is_on()) [[unlikely]]
      open(name, phase);
  }
  ~Scope() {
    if (entry_ != nullptr) [[unlikely]]
      close();
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Counts the bytes of tensors that go in or come out.
  template <class Tensors>
  void add(const Tensors& tensors) {
    if (entry_ == nullptr) return;
    for (const auto& each : tensors) {
      if (each.defined()) bytes_ += static_cast<std::int64_t>(each.nbytes());
    }
  }

 private:
  void open(std::string_view name, Phase phase);
  void close();

  Entry* entry_ = nullptr;
  std::int64_t bytes_ = 0;
  std::int64_t start_ = 0;  // nanoseconds
  std::int64_t allocations_ = 0;
};

/// Makes the work of another thread's scope go on here: for the chunks of a loop.
class Resume {
 public:
  explicit Resume(Entry* scope) : before_(detail::t_current) { detail::t_current = scope; }
  ~Resume() { detail::t_current = before_; }
  Resume(const Resume&) = delete;
  Resume& operator=(const Resume&) = delete;

 private:
  Entry* before_;
};

/// The scope that this thread works for.
inline Entry* current() {
  return detail::t_current;
}

/// Counts a kernel of the current scope.
void count_kernel(std::string_view implementation, std::int64_t multiply_adds);
/// The same for a primitive of oneDNN, whose work follows from its layouts.
void count_primitive(const dnnl::primitive_desc_base& desc);

}  // namespace gradus::kernels::profile
