// CheckpointWriter: saves checkpoints beside training.
//
//   CheckpointWriter writer(folder, {.keep = 3});
//   writer.save(checkpoint);        // returns at once
//   ... the next forward and backward pass ...
//   writer.wait_for_snapshot();     // before the tensors change: they have been copied by then
//   optimizer.step();
//   writer.finish();                // it is on the disk
//
// A thread of the writer's own copies the tensors, then makes the file from the copies. Training
// waits only where it comes to change a tensor that was not copied yet, and where it wants to save
// again before the last checkpoint is on the disk: there is one copy at a time.
// Thread rules: one thread at a time.
#pragma once

#include "framework/train/checkpoint.h"

#include <future>
#include <set>

namespace gradus {

/// Weights that are NaN or infinite are not saved: they would replace sound ones.
class NonFiniteWeightsError : public Error {
  using Error::Error;
};

struct CheckpointWriterOptions {
  std::int64_t keep = 3;                  ///< how many of the newest stay
  std::set<std::string> parameters{};     ///< those of the model's tensors that have to be finite
  std::function<void()> before_saving{};  ///< called on the writer's thread before a file appears
};

class CheckpointWriter {
 public:
  CheckpointWriter(CheckpointFolder folder, CheckpointWriterOptions options)
      : folder_(std::move(folder)), options_(std::move(options)) {}
  /// Waits for what is being saved; its error is lost.
  ~CheckpointWriter() = default;
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Begins to save `checkpoint`, as the best one too if `is_best`, after the one before. Rethrows
  /// that one's error, and saves nothing then.
  void save(Checkpoint checkpoint, bool is_best);
  /// Returns when the tensors of the last checkpoint may change again.
  void wait_for_snapshot();
  /// Whether finish() would not have to wait.
  [[nodiscard]] bool is_finished() const;
  /// Waits for the last checkpoint; false if that has been done already. Throws what went wrong
  /// with it, once: FileError, NonFiniteWeightsError or what before_saving throws.
  bool finish();

  /// The newest checkpoint, and the best one, that this writer saved; empty if there is none.
  [[nodiscard]] const std::filesystem::path& newest() const { return newest_; }
  [[nodiscard]] const std::filesystem::path& best() const { return best_; }
  /// How long the caller has waited in save(), wait_for_snapshot() and finish() all in all, and how
  /// long the writer's thread has worked, in seconds.
  [[nodiscard]] double seconds_waited() const { return seconds_waited_; }
  [[nodiscard]] double seconds_worked() const { return seconds_worked_; }

 private:
  struct Saved {
    std::filesystem::path newest;
    std::filesystem::path best;
    double seconds = 0;
  };
  [[nodiscard]] Saved write(const Checkpoint& checkpoint, bool is_best,
                            std::promise<void>& copied) const;
  void check_finite(const Checkpoint& copy) const;

  CheckpointFolder folder_;
  CheckpointWriterOptions options_;
  std::future<void> copied_;
  std::filesystem::path newest_;
  std::filesystem::path best_;
  double seconds_waited_ = 0;
  double seconds_worked_ = 0;
  std::future<Saved> saved_;  // last, so that its thread ends before anything else goes
};

}  // namespace gradus
