// The same interface on plain std::thread, for builds under ThreadSanitizer: Debian's TBB is not
// instrumented, so its internal synchronisation would be invisible to the tool.
#include "framework/kernels/error.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/profile.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace gradus {
namespace {

std::atomic<int> g_threads{2};
thread_local bool t_inside = false;

}  // namespace

int num_threads() {
  return g_threads;
}

void set_num_threads(int count) {
  if (count < 1)
    throw ValueError("set_num_threads: needs at least 1, got " + std::to_string(count));
  g_threads = count;
}

namespace kernels {

struct TaskGroup::Impl {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> tasks;
  int busy = 0;
  std::exception_ptr failure;

  void guarded(FunctionRef<void()> task) {
    try {
      task();
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
      tasks.clear();
    }
  }

  void work() {
    t_inside = true;
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return !tasks.empty() || busy == 0; });
      if (tasks.empty()) return;
      const std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      ++busy;
      lock.unlock();
      guarded(task);
      lock.lock();
      if (--busy == 0 || !tasks.empty()) changed.notify_all();
    }
  }
};

TaskGroup::TaskGroup() : impl_(std::make_unique<Impl>()) {}
TaskGroup::~TaskGroup() = default;

void TaskGroup::run(std::function<void()> task) {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->failure) return;
  impl_->tasks.push_back(std::move(task));
  impl_->changed.notify_all();
}

void TaskGroup::execute(FunctionRef<void()> body) {
  const bool was_inside = t_inside;
  run([&] { body(); });
  std::vector<std::thread> workers;
  for (int i = 1; i < num_threads(); ++i) workers.emplace_back([this] { impl_->work(); });
  impl_->work();
  for (std::thread& worker : workers) worker.join();
  t_inside = was_inside;
  if (impl_->failure) std::rethrow_exception(std::exchange(impl_->failure, nullptr));
}

void parallel_for(std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (chunks <= 1 || num_threads() == 1 || t_inside) {
    for (std::int64_t i = 0; i < chunks; ++i) body(i);
    return;
  }
  std::atomic<std::int64_t> next{0};
  TaskGroup group;
  const auto drain = [&, scope = profile::current()] {
    const profile::Resume resume(scope);
    for (std::int64_t i = next++; i < chunks; i = next++) body(i);
  };
  group.execute([&] {
    for (int i = 1; i < num_threads(); ++i) group.run(drain);
    drain();
  });
}

struct BackgroundTask::Impl {
  std::exception_ptr failure;
  std::thread thread;
};

BackgroundTask::BackgroundTask(std::function<void()> work) : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get(), work = std::move(work)] {
    t_inside = true;
    try {
      work();
    } catch (...) {
      impl->failure = std::current_exception();
    }
  });
}

BackgroundTask::~BackgroundTask() {
  if (impl_->thread.joinable()) impl_->thread.join();
}

void BackgroundTask::wait() {
  if (impl_->thread.joinable()) impl_->thread.join();
  if (impl_->failure) std::rethrow_exception(std::exchange(impl_->failure, nullptr));
}

}  // namespace kernels
}  // namespace gradus
