#include "framework/train/checkpoint_writer.h"
#include "framework/train/tensor_stats.h"

#include <chrono>
#include <cstring>

namespace gradus {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Adds how long a scope lasts.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += seconds_since(start_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  Clock::time_point start_ = Clock::now();
};

Tensor copy_of(const Tensor& tensor) {
  const Tensor dense = tensor.detach().contiguous();
  Tensor copy(dense.sizes(), dense.dtype());
  if (dense.nbytes() > 0) std::memcpy(copy.raw().data, dense.raw().data, dense.nbytes());
  return copy;
}

Checkpoint copy_of(const Checkpoint& checkpoint) {
  Checkpoint copy = checkpoint;
  for (nn::StateDict* part : {&copy.model, &copy.optimizer, &copy.trained}) {
    for (nn::NamedTensor& each : *part) each.tensor = copy_of(each.tensor);
  }
  return copy;
}

}  // namespace

void CheckpointWriter::check_finite(const Checkpoint& copy) const {
  // Averages are of the trained weights.
  for (const nn::StateDict* part : {&copy.trained, &copy.model}) {
    for (const auto& [name, tensor] : *part) {
      if (!options_.parameters.contains(name) || is_finite(tensor)) continue;
      throw NonFiniteWeightsError("\"" + name + "\" is NaN or infinite after step " +
                                  std::to_string(copy.loop.step));
    }
  }
}

CheckpointWriter::Saved CheckpointWriter::write(const Checkpoint& checkpoint, bool is_best,
                                                std::promise<void>& copied) const {
  const Clock::time_point start = Clock::now();
  Checkpoint copy;
  try {
    copy = copy_of(checkpoint);
    copied.set_value();
  } catch (...) {
    copied.set_value();  // the error comes out of finish()
    throw;
  }
  check_finite(copy);
  if (options_.before_saving) options_.before_saving();
  Saved saved;
  // The best one first: a run that dies in between comes here again.
  if (is_best) {
    folder_.save_best(copy);
    saved.best = folder_.best();
  }
  saved.newest = folder_.save(copy, options_.keep);
  saved.seconds = seconds_since(start);
  return saved;
}

void CheckpointWriter::save(Checkpoint checkpoint, bool is_best) {
  finish();
  const Stopwatch watch(seconds_waited_);
  auto copied = std::make_shared<std::promise<void>>();
  copied_ = copied->get_future();
  saved_ = std::async(std::launch::async, [this, checkpoint = std::move(checkpoint), is_best,
                                           copied] { return write(checkpoint, is_best, *copied); });
}

void CheckpointWriter::wait_for_snapshot() {
  if (!copied_.valid()) return;
  const Stopwatch watch(seconds_waited_);
  copied_.get();
}

bool CheckpointWriter::is_finished() const {
  return !saved_.valid() || saved_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

bool CheckpointWriter::finish() {
  if (!saved_.valid()) return false;
  wait_for_snapshot();
  const Stopwatch watch(seconds_waited_);
  Saved saved = saved_.get();
  newest_ = std::move(saved.newest);
  if (!saved.best.empty()) best_ = std::move(saved.best);
  seconds_worked_ += saved.seconds;
  return true;
}

}  // namespace gradus
