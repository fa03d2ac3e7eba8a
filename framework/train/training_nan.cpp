// Trainer::train() when a loss or a norm of gradients is not finite: the step is undone, and then
// skipped or looked into.
#include "framework/autograd/anomaly.h"
#include "framework/autograd/grad_mode.h"
#include "framework/train/tensor_stats.h"
#include "framework/train/training_run.h"

#include <nlohmann/json.hpp>

namespace gradus {

BeforeStep::BeforeStep(const nn::Module& model)
    : buffers_(model.named_buffers()), generator_(default_generator().state()) {
  for (const auto& each : buffers_) copies_.push_back(each.tensor.detach().clone());
}

void BeforeStep::remember() {
  const NoGradGuard no_grad;
  generator_ = default_generator().state();
  for (std::size_t i = 0; i < copies_.size(); ++i) copies_[i].copy_(buffers_[i].tensor);
}

void BeforeStep::restore_buffers() const {
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < copies_.size(); ++i) buffers_[i].tensor.copy_(copies_[i]);
}

// The batch counts as a step, so that the schedule and the order of the data stay as they were; its
// random numbers are used up.
void Trainer::skip_step(Run& run, std::span<const data::Example> batches,
                        const std::string& fault) {
  run.before.restore_buffers();
  optimizer_->zero_grad();
  ++run.loop.step;
  ++run.loop.skipped;
  ++run.skipped_in_epoch;
  const data::LoaderState& at = run.loader.state();
  log(run, {{"event", "skip"},
            {"step", run.loop.step},
            {"epoch", at.epoch},
            {"reason", fault},
            {"lr", optimizer_->learning_rate()}});
  if (run.skipped_in_epoch == 1) {
    run.progress.warning("step " + std::to_string(run.loop.step) + ": " + fault +
                         "; skipped, as others of this epoch will be");
  }
  if (run.skipped_in_epoch >= steps_per_epoch_) {
    throw Error("step " + std::to_string(run.loop.step) +
                ": all steps of this epoch were skipped, the last one because " + fault);
  }
  std::int64_t examples = 0;
  for (const data::Example& batch : batches) examples += batch.input.size(0);
  run.progress.step(at.epoch, steps_of(at.batch), examples, run.loop.epoch_loss.value());
}

void Trainer::stop_before_step(Run& run, std::span<const data::Example> batches,
                               const std::string& fault) {
  const std::string step = std::to_string(run.loop.step + 1);
  const std::string cause = first_fault(run, batches);
  std::string saved;
  try {
    const CheckpointFolder folder = run.folder.checkpoints();
    const auto path = folder.of_step(run.loop.step);
    take_over_saved(run);
    if (run.result.checkpoint != path) {
      save(run);
      run.writer->finish();
    }
    saved = "the state before this step is in " + path.string();
  } catch (const Error& error) {
    saved = "the state before this step is not saved: " + error.message();
    if (!run.result.checkpoint.empty()) {
      saved += "; the last checkpoint is " + run.result.checkpoint.string();
    }
  }
  throw Error("step " + step + ": " + fault + "; first: " + cause + "\n" + saved +
              "\na smaller optimizer.lr or clip_grad_norm may help (--resume --allow-changes), or "
              "\"on_nan\": \"skip\"");
}

// What was not finite first, by taking the step again in anomaly mode; the state is that before the
// step then.
std::string Trainer::first_fault(Run& run, std::span<const data::Example> batches) {
  run.before.restore_buffers();
  std::string cause;
  for (const auto& [name, tensor] : model_->named_parameters()) {
    if (cause.empty() && !is_finite(tensor)) {
      cause = "\"" + name +
              "\" was NaN or infinite already, by the step before; "
              "--detect-anomaly finds where";
    }
  }
  for (const data::Example& batch : batches) {
    if (cause.empty() && !is_finite(batch.input))
      cause = "the batch has NaN or infinities in its input";
    if (cause.empty() && !is_finite(batch.target))
      cause = "the batch has NaN or infinities in its target";
  }
  if (cause.empty()) {
    run.before.restore_generator();
    try {
      const AnomalyModeGuard anomaly;
      gradients(batches);
      cause = "no op of its own, when the step was taken again: a sum of batches overflows";
    } catch (const Error& error) {
      cause = error.message();
    }
  }
  optimizer_->zero_grad();
  run.before.restore_buffers();
  run.before.restore_generator();
  return cause;
}

}  // namespace gradus
