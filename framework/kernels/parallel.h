// The one owner of threads. Every parallel loop and every task of Gradus goes through here, onto
// one TBB arena; oneDNN kernels run single-threaded inside its tasks, so no other pool ever exists.
//
// Determinism: work is split into chunks that depend on sizes alone, never on the number of
// threads, and chunks share no sums. Results therefore have the same bits for any thread count.
// Thread rules: everything but set_num_threads may be called from any thread, also from within a
// chunk or task. A thread that waits inside parallel_for runs only chunks of that same loop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>

namespace gradus {

/// The number of threads that Gradus computes on. Default: the number of cores.
int num_threads();

/// Bounds all computation to `count` threads (at least 1). What runs already keeps its threads.
void set_num_threads(int count);

namespace kernels {

/// A borrowed callable: costs nothing to pass, must not outlive the call.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
      FunctionRef(F&& body)  // implicit: made from lambdas in place
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(body)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// Runs body(i) for each i in [0, chunks), in any order and at once. The first exception is
/// rethrown when all running chunks have ended.
void parallel_for(std::int64_t chunks, FunctionRef<void(std::int64_t)> body);

/// A split of [0, total) into `chunks` ranges of `step` items (the last one may be shorter).
struct Split {
  std::int64_t total;
  std::int64_t step;
  std::int64_t chunks;

  /// Ranges of at least `grain` items, at most `most` of them.
  Split(std::int64_t items, std::int64_t grain, std::int64_t most = 64)
      : total(items),
        step(std::max({grain, (items + most - 1) / most, std::int64_t{1}})),
        chunks((items + step - 1) / step) {}
  [[nodiscard]] std::int64_t begin(std::int64_t chunk) const { return chunk * step; }
  [[nodiscard]] std::int64_t end(std::int64_t chunk) const {
    return std::min(total, (chunk + 1) * step);
  }
};

/// Runs body(begin, end) over the ranges of a split.
template <class Body>
void parallel_for(const Split& split, Body&& body) {
  parallel_for(split.chunks,
               [&](std::int64_t chunk) { body(split.begin(chunk), split.end(chunk)); });
}

/// The elements of memory-bound work that are worth a task of their own.
inline constexpr std::int64_t kGrain = 16384;

/// Tasks that may add further tasks. `run` may be called from the body and from any task;
/// only execute() waits. After an exception no new task starts, and execute() rethrows it.
class TaskGroup {
 public:
  TaskGroup();
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void run(std::function<void()> task);
  /// Runs `body` on this thread inside the arena, then waits for all tasks.
  void execute(FunctionRef<void()> body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One piece of work beside the caller: it starts when a thread is free, at the latest in wait().
class BackgroundTask {
 public:
  explicit BackgroundTask(std::function<void()> work);
  /// Waits for the work.
  ~BackgroundTask();
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  /// Returns when the work is done; rethrows its exception, once.
  void wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kernels
}  // namespace gradus
