// Trainer::train() where it goes on with a run: from its newest checkpoint that is sound.
#include "framework/train/environment.h"
#include "framework/train/training_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

bool may_change(const std::string& key) {
  return key == "/epochs" || key == "/metrics" || key == "/on_nan" ||
         key.starts_with("/checkpoint/");
}

std::vector<std::string> changes(const Json& before, const Json& now) {
  std::vector<std::string> keys = differing_keys(before, now);
  std::erase_if(keys, may_change);
  return keys;
}

std::string joined(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += " " + key;
  return text;
}

}  // namespace

// The config of the run in the folder, which must be this one but for what may change.
Config Trainer::check_config(Run& run) const {
  const std::string path = run.folder.config().string();
  if (!std::filesystem::exists(path)) return config_;  // it died before; a checkpoint has one, too
  // Options that are newer than that run have their defaults in it.
  Config before(parse_json(read_file(path), path));
  const std::string keys = joined(changes(*before.resolved, *config_.resolved));
  if (keys.empty()) return before;
  if (!run.options.allow_changes) {
    throw ConfigError("--resume",
                      "the run in " + run.folder.path().string() +
                          " has another config (--allow-changes takes it); these differ:" + keys);
  }
  run.progress.message("going on with another config; these differ:" + keys);
  return before;
}

// With another number of epochs, a schedule over the run would have had other rates.
void Trainer::check_past(const Config& before, Run& run) const {
  if (!config_.schedule || !before.schedule || before.run.epochs == config_.run.epochs) return;
  const optim::RunShape shape = run_shape(before.run.epochs);
  const optim::SchedulePtr was = before.schedule(shape);
  const optim::SchedulePtr is = config_.schedule(run_shape(config_.run.epochs));
  for (std::int64_t step = 0; step < run.loop.step; ++step) {
    const optim::Elapsed at = shape.after(step, optim::Unit::Step);
    if (was->rate(base_rate_, at) == is->rate(base_rate_, at)) continue;
    run.progress.message("note: the schedule follows the length of the run, which had " +
                         std::to_string(before.run.epochs) +
                         " epochs; from here on the rates are those of " +
                         std::to_string(config_.run.epochs));
    return;
  }
}

void Trainer::restore(Run& run) {
  const Config before = check_config(run);
  run.folder.occupy();
  std::vector<std::filesystem::path> files = run.folder.checkpoints().all();
  std::vector<std::filesystem::path> refused;
  std::string faults;
  while (!files.empty() && run.result.checkpoint.empty()) {
    try {
      restore_from(run, files.back());
    } catch (const Error& error) {
      faults += "\n  " + error.message();
      refused.push_back(files.back());
    }
    files.pop_back();
  }
  if (run.result.checkpoint.empty() && !refused.empty()) {
    throw FileError("--resume: no checkpoint in " + run.folder.path().string() +
                    " can be gone on from; move them away to start anew:" + faults);
  }
  // They would count among the newest.
  for (const auto& file : refused) std::filesystem::rename(file, file.string() + ".broken");
  if (!refused.empty()) run.progress.warning("not gone on from, and renamed to *.broken:" + faults);
  run.folder.checkpoints().remove_old(config_.checkpoint.keep);
  check_past(before, run);
  run.folder.write_config(*config_.resolved);
  run.progress.message(run.result.checkpoint.empty()
                           ? "no checkpoint in " + run.folder.path().string() +
                                 " yet: starting anew"
                           : "resuming after step " + std::to_string(run.loop.step));
}

void Trainer::restore_from(Run& run, const std::filesystem::path& file) {
  const Checkpoint checkpoint = load_checkpoint(file);
  if (!checkpoint.has_loop) throw FileError(file.string() + ": no training state in it");
  const data::LoaderState& at = checkpoint.loop.loader;
  if (checkpoint.loop.step < 0 || at.epoch < 1 || at.batch < 0 ||
      at.batch >= run.loader.batches() || at.batch % config_.run.accumulate_steps != 0) {
    throw FileError(file.string() + ": epoch " + std::to_string(at.epoch) + ", batch " +
                    std::to_string(at.batch) + " is no place in this data, of " +
                    std::to_string(run.loader.batches()) + " batches");
  }
  try {
    const std::string keys =
        joined(changes(*Config(*checkpoint.config).resolved, *config_.resolved));
    if (!keys.empty() && !run.options.allow_changes) {
      throw FileError("of a run with another config; these differ:" + keys);
    }
    load_state(run, checkpoint);
  } catch (Error& error) {
    error.prepend(file.string());
    throw;
  }
  run.loop = checkpoint.loop;
  run.result.checkpoint = file;
  if (checkpoint.environment->is_null()) return;  // not known before format 2
  const std::string other = joined(differing_keys(*checkpoint.environment, environment()));
  if (other.empty()) return;
  run.progress.warning(
      "what fixes the bits is not as it was, so that they may differ from here on:" + other);
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
    if (std::filesystem::exists(run.folder.checkpoints().best()))
      run.result.best = run.folder.checkpoints().best();
  }
  if (!ema_) return;
  ema_->load(checkpoint.model, checkpoint.loop.step);
  if (checkpoint.trained.size() != ema_->averages().size()) {
    throw FileError("there are not as many weights under " + std::string(kTrainedPrefix) +
                    " as averages");
  }
  model_->load_state_dict(checkpoint.trained, false);
}

}  // namespace gradus
