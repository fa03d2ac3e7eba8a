// Trainer::train()'s files: checkpoints, and lines of metrics.
#include "framework/train/environment.h"
#include "framework/train/training_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gradus {

// All of what the run depends on. Weights and the optimizer's state are not copied yet; buffers
// are, since a forward pass changes them.
Checkpoint Trainer::snapshot(Run& run) const {
  run.loop.generator = default_generator().state();
  if (schedule_) run.loop.schedule = schedule_->state();
  if (run.early_stopping) run.loop.early_stopping = run.early_stopping->state();
  run.loop.best = {};
  if (config_.checkpoint.keeps_best()) {
    run.loop.best = Json{{"metric", config_.checkpoint.best}, {"state", run.best.state()}};
  }
  Checkpoint checkpoint;
  checkpoint.model = model_->state_dict();
  const nn::StateDict buffers = model_->named_buffers();
  const auto is_buffer = [&](const Tensor& tensor) {
    return std::any_of(buffers.begin(), buffers.end(),
                       [&](const auto& each) { return each.tensor.is_same(tensor); });
  };
  for (nn::NamedTensor& each : checkpoint.model) {
    if (is_buffer(each.tensor)) each.tensor = each.tensor.detach().clone();
  }
  if (ema_) {
    checkpoint.trained = trainable(model_->named_parameters());
    ema_->put_averages(checkpoint.model);
  }
  checkpoint.optimizer = optimizer_->state_dict();
  checkpoint.loop = run.loop;
  checkpoint.config = config_.resolved;
  checkpoint.classes = data_->classes;
  checkpoint.environment = environment();
  checkpoint.has_loop = true;
  return checkpoint;
}

void Trainer::save(Run& run) {
  take_over_saved(run);
  run.writer->save(snapshot(run), run.is_best);
  run.is_best = false;
  run.saved_at = Run::Clock::now();
}

// What has become of the last checkpoint; waits for it.
void Trainer::take_over_saved(Run& run) {
  const auto last_good = [&] {
    return run.result.checkpoint.empty() ? std::string("there is none before it")
                                         : "the last good one is " + run.result.checkpoint.string();
  };
  try {
    if (run.writer->finish()) run.is_save_lost = false;
  } catch (const FileError& error) {
    run.is_save_lost = true;
    if (config_.checkpoint.on_error == "continue") {
      run.progress.warning("no checkpoint: " + error.message() + "; " + last_good());
      return;
    }
    throw FileError("step " + std::to_string(run.loop.step) + ": no checkpoint: " +
                    error.message() + "; " + last_good() + R"(; see "checkpoint.on_error")");
  } catch (const NonFiniteWeightsError& error) {
    throw Error(error.message() + ", and no checkpoint was made of that; " + last_good() +
                "; --detect-anomaly finds where it came from");
  }
  if (!run.writer->newest().empty()) run.result.checkpoint = run.writer->newest();
  if (!run.writer->best().empty()) run.result.best = run.writer->best();
}

// Once more, if something was lost: now it cannot be left to the next time.
void Trainer::finish_saving(Run& run) {
  take_over_saved(run);
  if (run.is_log_broken) run.log->write_kept();
  if (!run.is_save_lost) return;
  save(run);
  try {
    run.writer->finish();
  } catch (FileError& error) {
    error.prepend("training is over, but its last checkpoint is not saved");
    throw;
  }
  take_over_saved(run);
}

void Trainer::log(Run& run, const Json& event) const {
  try {
    run.log->write(event);
    run.is_log_broken = false;
  } catch (FileError& error) {
    if (config_.checkpoint.on_error != "continue") {
      error.prepend("step " + std::to_string(run.loop.step));
      throw;
    }
    if (!run.is_log_broken) run.progress.warning(error.message() + "; its lines are kept");
    run.is_log_broken = true;
  }
}

}  // namespace gradus
