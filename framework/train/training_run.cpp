// Trainer::train(): a run from its first step, or from a checkpoint, to its end.
#include "framework/train/training_run.h"
#include "framework/autograd/anomaly.h"
#include "framework/nn/clip_grad.h"
#include "framework/train/rethrow.h"
#include "framework/train/weights.h"

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {

Trainer::Run::Run(const TrainOptions& train_options, const Trainer& trainer)
    : options(train_options),
      loader(trainer.data_->train, trainer.loader_options()),
      folder(train_options.out),
      progress(std::cout, train_options.progress, trainer.config_.run.epochs,
               trainer.steps_per_epoch_),
      before(*trainer.model_) {
  loop.loader = {1, 0};
  best = MetricWatch({.larger_is_better = is_larger_better(trainer.config_.checkpoint.best)});
  if (const auto& stopping = trainer.config_.early_stopping) {
    early_stopping.emplace(Improvement{.larger_is_better = is_larger_better(stopping->metric),
                                       .margin = stopping->min_delta});
  }
}

namespace {

// Makes the writer known to the trainer's steps for a scope.
class Saving {
 public:
  Saving(CheckpointWriter*& place, CheckpointWriter& writer) : place_(place) { place_ = &writer; }
  ~Saving() { place_ = nullptr; }
  Saving(const Saving&) = delete;
  Saving& operator=(const Saving&) = delete;

 private:
  CheckpointWriter*& place_;
};

// Whether there were any.
bool take_given_weights(nn::Module& model, const TrainOptions& options, Progress& progress) {
  if (!options.init.empty()) load_weights(model, options.init);
  if (!options.init_partial.empty()) {
    progress.message("took " + load_fitting_weights(model, options.init_partial));
  }
  return !options.init.empty() || !options.init_partial.empty();
}

}  // namespace

void Trainer::begin(Run& run) {
  if (!run.options.resume && run.folder.holds_run()) {
    throw ConfigError("--out " + run.folder.path().string(),
                      "holds a run already; choose another folder, or go on with it by --resume");
  }
  const bool is_given = take_given_weights(*model_, run.options, run.progress);
  run.folder.occupy();
  // Before the config, so that a run that dies before its first step still has what it began with.
  if (is_given) run.folder.checkpoints().save(snapshot(run), config_.checkpoint.keep);
  run.folder.write_config(*config_.resolved);
}

TrainResult Trainer::train(const TrainOptions& options) {
  const AnomalyModeGuard anomaly(options.detect_anomaly || AnomalyMode::is_enabled());
  Run run(options, *this);
  const bool has_begun =
      std::filesystem::exists(run.folder.config()) || run.folder.checkpoints().newest();
  if (options.resume && has_begun) {
    run.loop.generator = default_generator().state();
    restore(run);
    default_generator().set_state(run.loop.generator);
  } else {
    if (options.resume) {
      run.progress.message("no run in " + options.out.string() + " yet: starting anew");
    }
    begin(run);
  }
  run.log.emplace(run.folder.metrics(), run.loop.step);
  CheckpointWriterOptions saving = {.keep = config_.checkpoint.keep};
  for (const auto& each : model_->named_parameters()) saving.parameters.insert(each.name);
  saving.before_saving = [&run] { run.log->sync(); };
  run.writer.emplace(run.folder.checkpoints(), std::move(saving));
  const Saving scope(saving_, *run.writer);
  run.loader.restore(run.loop.loader);
  bool evaluated = false;
  check_patience(run);
  while (run.loop.loader.epoch <= config_.run.epochs && !run.result.stopped &&
         !run.result.stopped_early) {
    evaluated = run_epoch(run);
    check_patience(run);
  }
  finish_saving(run);
  if (!evaluated && !run.result.stopped) {
    run.result.last = within("evaluation" + run.after_step(), [&] { return evaluate(); });
  }
  run.result.steps = run.loop.step;
  run.result.skipped = run.loop.skipped;
  return std::move(run.result);
}

// Whether the run has come to its end by "early_stopping"; says so.
void Trainer::check_patience(Run& run) const {
  const auto& stopping = config_.early_stopping;
  if (!stopping || run.early_stopping->epochs_without() < stopping->patience) return;
  run.result.stopped_early = true;
  run.result.stopped = false;  // it is complete
  run.progress.message("early stopping: " + stopping->metric + " got no better in the last " +
                       std::to_string(stopping->patience) + " epochs");
}

// Of one step; none at the end of the epoch.
std::vector<data::Example> Trainer::next_batches(Run& run) const {
  std::vector<data::Example> batches;
  const auto step = [&] { return "step " + std::to_string(run.loop.step + 1); };
  const auto next = [&] { return within("batch", [&] { return run.loader.next(); }); };
  while (std::ssize(batches) < config_.run.accumulate_steps) {
    auto batch = within(step, next);
    if (!batch) break;
    batches.push_back(std::move(*batch));
  }
  return batches;
}

// Whether the epoch came to its end.
bool Trainer::run_epoch(Run& run) {
  const CheckpointOptions& saving = config_.checkpoint;
  model_->train();
  for (auto batches = next_batches(run); !batches.empty(); batches = next_batches(run)) {
    run_step(run, batches);
    run.loop.loader = run.loader.state();
    const bool last = run.loop.loader.batch == run.loader.batches();
    if (last) finish_epoch(run);
    const bool stop =
        within([&] { return "stop_requested" + run.after_step(); }, run.options.stop_requested);
    const std::chrono::duration<double> since = Run::Clock::now() - run.saved_at;
    const bool due = (saving.every_steps > 0 && run.loop.step % saving.every_steps == 0) ||
                     (saving.every_seconds > 0 && since.count() >= saving.every_seconds);
    if (last || stop || due) {
      save(run);
    } else if (run.writer->is_finished()) {
      take_over_saved(run);
    }
    run.result.stopped = stop && run.loop.loader.epoch <= config_.run.epochs;
    if (last || stop) return last;
  }
  return false;
}

void Trainer::run_step(Run& run, std::span<const data::Example> batches) {
  run.before.remember();
  float value = 0;
  std::string fault;
  try {
    const auto rate = [&] { return learning_rate_at(run.loop.step); };
    if (schedule_) optimizer_->set_learning_rate(within("schedule", rate));
    value = step(batches);
    if (std::isnan(value)) fault = "the loss is NaN";
    if (std::isinf(value)) fault = "the loss is infinite";
  } catch (const nn::utils::NonFiniteNormError& error) {
    fault = error.message();
  } catch (...) {
    rethrow_with("step " + std::to_string(run.loop.step + 1));
  }
  if (fault.empty()) {
    ++run.loop.step;
    log_step(run, batches, value);
  } else if (config_.run.on_nan == "skip") {
    skip_step(run, batches, fault);
  } else {
    stop_before_step(run, batches, fault);
  }
}

void Trainer::log_step(Run& run, std::span<const data::Example> batches, float loss) {
  const data::LoaderState& at = run.loader.state();
  log(run, {{"event", "step"},
            {"step", run.loop.step},
            {"epoch", at.epoch},
            {"loss", short_decimal(loss)},
            {"lr", optimizer_->learning_rate()}});
  std::int64_t examples = 0;
  for (const data::Example& batch : batches) examples += batch.input.size(0);
  run.loop.epoch_loss.add(loss, examples);
  run.progress.step(at.epoch, steps_of(at.batch), examples, loss);
}

namespace {

std::string to_text(const Evaluation& found) {
  char loss[32];
  std::snprintf(loss, sizeof loss, "loss %.4f", found.loss);
  const std::string metrics = gradus::to_text(found.metrics);
  return loss + (metrics.empty() ? "" : "  " + metrics);
}

}  // namespace

void Trainer::finish_epoch(Run& run) {
  run.result.last = within("evaluation" + run.after_step(), [&] { return evaluate(); });
  run.result.last_validation = within("validation" + run.after_step(), [&] { return validate(); });
  model_->train();
  const Evaluation& found = run.result.last;
  const std::int64_t epoch = run.loop.loader.epoch;
  EpochMetrics metrics = {run.loop.epoch_loss.value(), found.loss, found.metrics};
  Json event = {{"event", "eval"},
                {"step", run.loop.step},
                {"epoch", epoch},
                {"loss", short_decimal(static_cast<float>(found.loss))}};
  for (const MetricResult& each : found.metrics) event[each.name] = *each.value;
  std::string text = gradus::to_text(found.metrics);
  if (const auto& held_back = run.result.last_validation) {
    metrics.validation_loss = held_back->loss;
    metrics.validation = held_back->metrics;
    event["validation_loss"] = short_decimal(static_cast<float>(held_back->loss));
    for (const MetricResult& each : held_back->metrics) {
      event[kValidationPrefix + each.name] = *each.value;
    }
    text += (text.empty() ? "" : "  ") + ("validation " + to_text(*held_back));
  }
  if (run.skipped_in_epoch > 0) {
    text += (text.empty() ? "" : "  ") + std::to_string(run.skipped_in_epoch) + " steps skipped";
  }
  log(run, event);
  run.progress.epoch(epoch, metrics.train_loss, found.loss, text);
  if (schedule_) {
    within("schedule" + run.after_step(), [&] {
      schedule_->observe(base_rate_, {run.loop.step, epoch},
                         [&](const std::string& name) { return metrics.at(name); });
    });
  }
  if (run.early_stopping) run.early_stopping->observe(metrics.at(config_.early_stopping->metric));
  if (config_.checkpoint.keeps_best()) {
    run.is_best = run.best.observe(metrics.at(config_.checkpoint.best));
  }
  run.loop.epoch_loss = {};
  run.skipped_in_epoch = 0;
  run.loop.loader = {epoch + 1, 0};
  run.loader.restore(run.loop.loader);
}

}  // namespace gradus
