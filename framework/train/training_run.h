// One call of Trainer::train(), as its sources share it: training_run.cpp has the loop,
// training_resume.cpp how it begins in the midst, training_save.cpp its files, training_nan.cpp
// what happens when a loss is not finite.
#pragma once

#include "framework/train/checkpoint_writer.h"
#include "framework/train/metrics_log.h"
#include "framework/train/run_folder.h"
#include "framework/train/trainer.h"

#include <chrono>

namespace gradus {

/// What a step changes before it is known whether it may be taken: copies of the buffers, and where
/// the random numbers begin.
class BeforeStep {
 public:
  explicit BeforeStep(const nn::Module& model);
  void remember();
  void restore_buffers() const;
  void restore_generator() const { default_generator().set_state(generator_); }

 private:
  nn::StateDict buffers_;
  std::vector<Tensor> copies_;
  Generator::State generator_;
};

struct Trainer::Run {
  using Clock = std::chrono::steady_clock;

  const TrainOptions& options;
  data::DataLoader loader;
  RunFolder folder;
  LoopState loop;
  std::optional<MetricsLog> log;
  std::optional<CheckpointWriter> writer;  // after the log, on which it may still wait
  Progress progress;
  std::optional<MetricWatch> early_stopping;
  MetricWatch best;
  bool is_best = false;  // what has just been tested
  BeforeStep before;
  Clock::time_point saved_at = Clock::now();
  std::int64_t skipped_in_epoch = 0;
  bool is_log_broken = false;  // the last line could not be written
  bool is_save_lost = false;   // the last checkpoint could not be written
  TrainResult result;

  /// As messages end: where the loop stands.
  [[nodiscard]] std::string after_step() const {
    return " after step " + std::to_string(loop.step);
  }

  Run(const TrainOptions& train_options, const Trainer& trainer);
};

}  // namespace gradus
