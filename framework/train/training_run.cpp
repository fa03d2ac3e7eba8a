// Trainer::train(): a run from its first step, or from a checkpoint, to its end.
#include "framework/train/checkpoint.h"
#include "framework/train/file.h"
#include "framework/train/rethrow.h"
#include "framework/train/trainer.h"

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {

// One call of train().
struct Trainer::Run {
  const TrainOptions& options;
  data::DataLoader loader;
  CheckpointFolder folder;
  LoopState loop;
  std::optional<MetricsLog> log;
  Progress progress;
  std::optional<MetricWatch> early_stopping;
  MetricWatch best;
  bool is_best = false;  // what has just been tested
  TrainResult result;

  // As messages end: where the loop stands.
  [[nodiscard]] std::string after_step() const {
    return " after step " + std::to_string(loop.step);
  }

  Run(const TrainOptions& train_options, const Trainer& trainer)
      : options(train_options),
        loader(trainer.data_->train, trainer.loader_options()),
        folder(train_options.out / "checkpoints"),
        progress(std::cout, train_options.progress, trainer.config_.run.epochs,
                 trainer.steps_per_epoch_) {
    loop.loader = {1, 0};
    best = MetricWatch({.larger_is_better = is_larger_better(trainer.config_.checkpoint.best)});
    if (const auto& stopping = trainer.config_.early_stopping) {
      early_stopping.emplace(Improvement{.larger_is_better = is_larger_better(stopping->metric),
                                         .margin = stopping->min_delta});
    }
  }
};

void Trainer::begin(Run& run) {
  const std::filesystem::path& out = run.options.out;
  for (const char* part : {"config.json", "metrics.jsonl", "checkpoints"}) {
    if (!std::filesystem::exists(out / part)) continue;
    throw ConfigError("--out " + out.string(),
                      "holds a run already; choose another folder, or go on with it by --resume");
  }
  if (!run.options.init.empty()) load_weights(run.options.init);
  std::filesystem::create_directories(out);
  write_config(out);
}

void Trainer::write_config(const std::filesystem::path& folder) const {
  const std::string text = config_.resolved->dump(2) + "\n";
  const std::string_view pieces[] = {text};
  write_file_atomically(folder / "config.json", pieces);
}

// The config of the run in the folder, which must be this one but for what may change.
Config Trainer::check_config(const Run& run) const {
  const std::filesystem::path path = run.options.out / "config.json";
  // Options that are newer than that run have their defaults in it.
  Config before(parse_json(read_file(path), path.string()));
  std::string keys;
  for (const std::string& key : differing_keys(*before.resolved, *config_.resolved)) {
    const bool may_change =
        key == "/epochs" || key == "/metrics" || key.starts_with("/checkpoint/");
    if (!may_change) keys += " " + key;
  }
  if (!keys.empty()) {
    throw ConfigError("--resume", "the run in " + run.options.out.string() +
                                      " has another config; these differ:" + keys);
  }
  return before;
}

// With another number of epochs, a schedule over the run would have had other rates.
void Trainer::check_past(const Config& before, std::int64_t steps) const {
  if (!config_.schedule || before.run.epochs == config_.run.epochs) return;
  const optim::RunShape shape = run_shape(before.run.epochs);
  const optim::SchedulePtr was = before.schedule(shape);
  const optim::SchedulePtr is = config_.schedule(run_shape(config_.run.epochs));
  for (std::int64_t step = 0; step < steps; ++step) {
    const optim::Elapsed at = shape.after(step, optim::Unit::Step);
    if (was->rate(base_rate_, at) == is->rate(base_rate_, at)) continue;
    throw ConfigError("--resume", "the schedule follows the length of the run: keep epochs at " +
                                      std::to_string(before.run.epochs) + ", or begin a new run");
  }
}

void Trainer::restore(Run& run) {
  const Config before = check_config(run);
  const auto newest = run.folder.newest();
  if (!newest) {
    write_config(run.options.out);
    run.progress.message("no checkpoint in " + run.options.out.string() + " yet: starting anew");
    return;
  }
  const Checkpoint checkpoint = load_checkpoint(*newest);
  if (!checkpoint.has_loop) throw FileError(newest->string() + ": no training state in it");
  const data::LoaderState& at = checkpoint.loop.loader;
  if (checkpoint.loop.step < 0 || at.epoch < 1 || at.batch < 0 ||
      at.batch >= run.loader.batches() || at.batch % config_.run.accumulate_steps != 0) {
    throw FileError(newest->string() + ": epoch " + std::to_string(at.epoch) + ", batch " +
                    std::to_string(at.batch) + " is no place in this data, of " +
                    std::to_string(run.loader.batches()) + " batches");
  }
  check_past(before, checkpoint.loop.step);
  write_config(run.options.out);
  try {
    load_state(run, checkpoint);
  } catch (Error& error) {
    error.prepend(newest->string());
    throw;
  }
  run.loop = checkpoint.loop;
  run.result.checkpoint = *newest;
  run.progress.message("resuming after step " + std::to_string(run.loop.step));
}

// All but where the loop stands.
void Trainer::load_state(Run& run, const Checkpoint& checkpoint) {
  model_->load_state_dict(checkpoint.model);
  optimizer_->load_state_dict(checkpoint.optimizer);
  if (schedule_) schedule_->load_state(*checkpoint.loop.schedule);
  if (run.early_stopping) run.early_stopping->load_state(*checkpoint.loop.early_stopping);
  // Another metric than before has no best value yet.
  const Json& best = *checkpoint.loop.best;
  if (best.is_object() && best.value("metric", "") == config_.checkpoint.best) {
    run.best.load_state(best.value("state", Json()));
    if (std::filesystem::exists(run.folder.best())) run.result.best = run.folder.best();
  }
  if (!ema_) return;
  ema_->load(checkpoint.model, checkpoint.loop.step);
  if (checkpoint.trained.size() != ema_->averages().size()) {
    throw FileError("there are not as many weights under " + std::string(kTrainedPrefix) +
                    " as averages");
  }
  model_->load_state_dict(checkpoint.trained, false);
}

TrainResult Trainer::train(const TrainOptions& options) {
  Run run(options, *this);
  if (options.resume && std::filesystem::exists(options.out / "config.json")) {
    run.loop.generator = default_generator().state();
    restore(run);
    default_generator().set_state(run.loop.generator);
  } else {
    begin(run);
  }
  run.log.emplace(options.out / "metrics.jsonl", run.loop.step);
  run.loader.restore(run.loop.loader);
  bool evaluated = false;
  check_patience(run);
  while (run.loop.loader.epoch <= config_.run.epochs && !run.result.stopped &&
         !run.result.stopped_early) {
    evaluated = run_epoch(run);
    check_patience(run);
  }
  if (!evaluated && !run.result.stopped) {
    run.result.last = within("evaluation" + run.after_step(), [&] { return evaluate(); });
  }
  run.result.steps = run.loop.step;
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
  const auto next = [&] { return within("batch", [&] { return run.loader.next(); }); };
  while (std::ssize(batches) < config_.run.accumulate_steps) {
    auto batch = within("step " + std::to_string(run.loop.step + 1), next);
    if (!batch) break;
    batches.push_back(std::move(*batch));
  }
  return batches;
}

// Whether the epoch came to its end.
bool Trainer::run_epoch(Run& run) {
  model_->train();
  for (auto batches = next_batches(run); !batches.empty(); batches = next_batches(run)) {
    run_step(run, batches);
    run.loop.loader = run.loader.state();
    const bool last = run.loop.loader.batch == run.loader.batches();
    if (last) finish_epoch(run);
    const std::int64_t every = config_.checkpoint.every_steps;
    const bool stop = within("stop_requested" + run.after_step(), run.options.stop_requested);
    if (last || stop || (every > 0 && run.loop.step % every == 0)) save(run);
    run.result.stopped = stop && run.loop.loader.epoch <= config_.run.epochs;
    if (last || stop) return last;
  }
  return false;
}

void Trainer::run_step(Run& run, std::span<const data::Example> batches) {
  const float value = within("step " + std::to_string(run.loop.step + 1), [&] {
    if (schedule_) {
      const auto rate = [&] { return learning_rate_at(run.loop.step); };
      optimizer_->set_learning_rate(within("schedule", rate));
    }
    return step(batches);
  });
  ++run.loop.step;
  if (!std::isfinite(value)) {
    throw Error("the loss is " + std::to_string(value) + " at step " +
                std::to_string(run.loop.step) + "; a smaller optimizer.lr may help");
  }
  const data::LoaderState& at = run.loader.state();
  run.log->write({{"event", "step"},
                  {"step", run.loop.step},
                  {"epoch", at.epoch},
                  {"loss", short_decimal(value)},
                  {"lr", optimizer_->learning_rate()}});
  std::int64_t examples = 0;
  for (const data::Example& batch : batches) examples += batch.input.size(0);
  run.loop.epoch_loss.add(value, examples);
  run.progress.step(at.epoch, steps_of(at.batch), examples, value);
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
  run.log->write(event);
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
  run.loop.loader = {epoch + 1, 0};
  run.loader.restore(run.loop.loader);
}

void Trainer::save(Run& run) {
  run.loop.generator = default_generator().state();
  if (schedule_) run.loop.schedule = schedule_->state();
  if (run.early_stopping) run.loop.early_stopping = run.early_stopping->state();
  run.loop.best = {};
  if (config_.checkpoint.keeps_best()) {
    run.loop.best = Json{{"metric", config_.checkpoint.best}, {"state", run.best.state()}};
  }
  Checkpoint checkpoint;
  checkpoint.optimizer = optimizer_->state_dict();
  checkpoint.loop = run.loop;
  checkpoint.config = config_.resolved;
  checkpoint.classes = data_->classes;
  checkpoint.has_loop = true;
  std::optional<Ema::Scope> averaged;
  if (ema_) checkpoint.trained = averaged.emplace(*ema_).weights();
  checkpoint.model = model_->state_dict();
  // The best one first: a run that dies in between comes here again.
  if (run.is_best) {
    run.folder.save_best(checkpoint);
    run.result.best = run.folder.best();
    run.is_best = false;
  }
  run.result.checkpoint = run.folder.save(checkpoint, config_.checkpoint.keep);
}

}  // namespace gradus
