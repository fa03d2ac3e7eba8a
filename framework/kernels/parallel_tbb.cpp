#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include "framework/kernels/error.h"
#include "framework/kernels/parallel.h"

#include <optional>
#include <thread>
#include <utility>

namespace gradus {
namespace {

struct Threads {
  int count = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::optional<tbb::global_control> limit;
  tbb::task_arena arena{count};
};

Threads& threads() {
  static Threads& instance = *new Threads;  // outlives every static that computes
  return instance;
}

}  // namespace

int num_threads() {
  return threads().count;
}

void set_num_threads(int count) {
  if (count < 1)
    throw ValueError("set_num_threads: needs at least 1, got " + std::to_string(count));
  Threads& all = threads();
  all.arena.terminate();
  all.limit.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count));
  all.arena.initialize(count);
  all.count = count;
}

namespace kernels {

void parallel_for(std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (chunks <= 1 || threads().count == 1) {
    for (std::int64_t i = 0; i < chunks; ++i) body(i);
    return;
  }
  threads().arena.execute([&] {
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::int64_t>(0, chunks, 1),
          [&](const tbb::blocked_range<std::int64_t>& range) {
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
  threads().arena.execute([&] { impl_->group.run_and_wait([&] { body(); }); });
}

struct BackgroundTask::Impl {
  tbb::task_group group;
  bool waiting = true;
};

BackgroundTask::BackgroundTask(std::function<void()> work) : impl_(std::make_unique<Impl>()) {
  threads().arena.execute([&] { impl_->group.run(std::move(work)); });
}

BackgroundTask::~BackgroundTask() {
  try {
    wait();
  } catch (...) {  // nobody asked for the result
  }
}

void BackgroundTask::wait() {
  if (!std::exchange(impl_->waiting, false)) return;
  threads().arena.execute([&] { impl_->group.wait(); });
}

}  // namespace kernels
}  // namespace gradus
