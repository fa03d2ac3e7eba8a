#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include "framework/kernels/error.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/profile.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace gradus {
namespace {

// Arenas are never destroyed: a task that waits in one when the number of threads changes (a batch
// that is fetched ahead) ends there.
class Threads {
 public:
  Threads() { set(static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))); }

  [[nodiscard]] int count() const { return current_.load()->max_concurrency(); }
  [[nodiscard]] tbb::task_arena& arena() const { return *current_.load(); }
  void set(int count) {
    const std::scoped_lock lock(mutex_);
    limit_.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count));
    std::unique_ptr<tbb::task_arena>& arena = arenas_[count];
    if (!arena) arena = std::make_unique<tbb::task_arena>(count);
    current_ = arena.get();
  }

 private:
  std::mutex mutex_;
  std::optional<tbb::global_control> limit_;
  std::map<int, std::unique_ptr<tbb::task_arena>> arenas_;
  std::atomic<tbb::task_arena*> current_{nullptr};
};

Threads& threads() {
  static Threads& instance = *new Threads;  // outlives every static that computes
  return instance;
}

}  // namespace

int num_threads() {
  return threads().count();
}

void set_num_threads(int count) {
  if (count < 1)
    throw ValueError("set_num_threads: needs at least 1, got " + std::to_string(count));
  threads().set(count);
}

namespace kernels {

void parallel_for(std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (chunks <= 1 || threads().count() == 1) {
    for (std::int64_t i = 0; i < chunks; ++i) body(i);
    return;
  }
  threads().arena().execute([&, scope = profile::current()] {
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::int64_t>(0, chunks, 1),
          [&](const tbb::blocked_range<std::int64_t>& range) {
            const profile::Resume resume(scope);
            for (std::int64_t i = range.begin(); i < range.end(); ++i) body(i);
          },
          tbb::simple_partitioner());
    });
  });
}

struct TaskGroup::Impl {
  tbb::task_group group;
};

TaskGroup::TaskGroup() : impl_(std::make_unique<Impl>()) {}
TaskGroup::~TaskGroup() = default;

void TaskGroup::run(std::function<void()> task) {
  impl_->group.run(std::move(task));
}

void TaskGroup::execute(FunctionRef<void()> body) {
  threads().arena().execute([&] { impl_->group.run_and_wait([&] { body(); }); });
}

struct BackgroundTask::Impl {
  tbb::task_arena& arena = threads().arena();
  tbb::task_group group;
  bool waiting = true;
};

BackgroundTask::BackgroundTask(std::function<void()> work) : impl_(std::make_unique<Impl>()) {
  impl_->arena.execute([&] { impl_->group.run(std::move(work)); });
}

BackgroundTask::~BackgroundTask() {
  try {
    wait();
  } catch (...) {  // nobody asked for the result
  }
}

void BackgroundTask::wait() {
  if (!std::exchange(impl_->waiting, false)) return;
  impl_->arena.execute([&] { impl_->group.wait(); });
}

}  // namespace kernels
}  // namespace gradus
