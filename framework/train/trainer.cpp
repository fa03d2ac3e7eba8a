#include "framework/train/trainer.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/profile.h"
#include "framework/nn/clip_grad.h"
#include "framework/ops/autocast.h"
#include "framework/train/file.h"

#include <cmath>
#include <iostream>

namespace gradus {
namespace {

constexpr std::int64_t kEvaluationBatch = 256;

}  // namespace

// One call of train().
struct Trainer::Run {
  const TrainOptions& options;
  data::DataLoader loader;
  CheckpointFolder folder;
  LoopState loop;
  std::optional<MetricsLog> log;
  Progress progress;
  MeanMetric epoch_loss;
  TrainResult result;

  Run(const TrainOptions& train_options, const Trainer& trainer)
      : options(train_options),
        loader(trainer.data_->train, trainer.loader_options()),
        folder(train_options.out / "checkpoints"),
        progress(std::cout, train_options.progress, trainer.config_.run.epochs, loader.batches()) {
    loop.loader = {1, 0};
  }
};

std::optional<double> Evaluation::metric(const std::string& name) const {
  for (const MetricResult& each : metrics) {
    if (each.name == name && each.value.is_number()) return each.value.get<double>();
  }
  return {};
}

Trainer::Trainer(Config config) : config_(std::move(config)) {
  manual_seed(static_cast<std::uint64_t>(config_.run.seed));
  data_ = config_.dataset();
  if (data_->train->size() == 0) throw ConfigError("/dataset", "the training part is empty");
  if (data_->test->size() == 0) throw ConfigError("/dataset", "the test part is empty");
  try {
    model_ = config_.model({data_->input_shape, data_->outputs});
  } catch (const ConfigError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError("/model", error.message());
  }
  loss_ = config_.loss();
  optimizer_ = config_.optimizer(model_->named_parameters());
  optimizer_->set_frees_gradients(true);
  try_out();
}

void Trainer::try_out() {
  const NoGradGuard no_grad;
  const Tensor input = data_->train->get(0).input;
  try {
    config_.transforms.check(input);
  } catch (const Error& error) {
    throw ConfigError("/dataset/transforms", "do not fit the data: " + error.message());
  }
  const data::Example batch = first_examples(1);
  model_->eval();
  Tensor output;
  try {
    output = (*model_)(batch.input);
  } catch (const Error& error) {
    throw ConfigError("/model", "does not fit the data, of shape " + to_string(data_->input_shape) +
                                    ": " + error.message());
  }
  try {
    (*loss_)(output, batch.target);
  } catch (const Error& error) {
    throw ConfigError("/loss", "does not fit the model's output, of shape " +
                                   to_string(output.sizes()) + ": " + error.message());
  }
  if (loss_->is_classification() && output.size(1) < data_->outputs) {
    throw ConfigError("/model", "has " + std::to_string(output.size(1)) + " outputs, the data " +
                                    std::to_string(data_->outputs) + " classes");
  }
  try {
    make_metrics().update(output, batch.target);
  } catch (const Error& error) {
    throw ConfigError("/metrics", "do not fit the model and the data: " + error.message());
  }
}

// As they come out of the transforms in the first epoch.
data::Example Trainer::first_examples(std::int64_t count) const {
  data::DataLoaderOptions options = loader_options();
  options.batch_size = count;
  options.shuffle = false;
  options.prefetch = 0;
  data::DataLoader loader(data_->train, options);
  loader.start_epoch(1);
  return *loader.next();
}

void Trainer::load_weights(const std::filesystem::path& path) {
  try {
    model_->load_state_dict(load_checkpoint(path).model);
  } catch (Error& error) {
    error.prepend(path.string());
    throw;
  }
}

MetricGroup Trainer::make_metrics() const {
  if (loss_->is_classification() || data_->targets == data::TargetKind::Binary) {
    return config_.metrics.make({"accuracy"});
  }
  const bool values = data_->targets == data::TargetKind::Values;
  return config_.metrics.make(values ? std::vector<std::string>{"mae", "rmse"}
                                     : std::vector<std::string>{});
}

Evaluation Trainer::evaluate() {
  const NoGradGuard no_grad;
  const AutocastGuard autocast(config_.run.is_mixed(), config_.run.without_bfloat16());
  model_->eval();
  data::DataLoader loader(data_->test, {.batch_size = kEvaluationBatch,
                                        .transforms = config_.transforms.for_testing()});
  loader.start_epoch(1);
  MeanMetric loss;
  MetricGroup measured = make_metrics();
  Evaluation result;
  while (const auto batch = loader.next()) {
    const std::int64_t count = batch->input.size(0);
    const Tensor output = (*model_)(batch->input);
    loss.add((*loss_)(output, batch->target).item<double>(), count);
    measured.update(output, batch->target);
    result.examples += count;
  }
  result.loss = loss.value();
  result.metrics = measured.compute();
  return result;
}

Graph Trainer::step_graph(std::int64_t batch) {
  const data::Example examples = first_examples(batch);
  model_->train();
  optimizer_->zero_grad();
  const KeepValuesGuard keep;
  Tensor output;
  Tensor loss;
  {
    const AutocastGuard autocast(config_.run.is_mixed(), config_.run.without_bfloat16());
    output = (*model_)(examples.input);
    loss = (*loss_)(output, examples.target);
  }
  Graph seen = graph(loss, {.parameters = model_->named_parameters(),
                            .names = {{"loss", loss},
                                      {"output", output},
                                      {"input", examples.input},
                                      {"target", examples.target}}});
  loss.backward();
  clip_gradients();
  optimizer_->step();
  seen.record_update(optimizer_->type_name(), optimizer_->learning_rate());
  return seen;
}

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
  const std::string text = config_.resolved.dump(2) + "\n";
  const std::string_view pieces[] = {text};
  write_file_atomically(folder / "config.json", pieces);
}

void Trainer::restore(Run& run) {
  const std::filesystem::path path = run.options.out / "config.json";
  const Json before = parse_json(read_file(path), path.string());
  std::string keys;
  // Options that are newer than that run have their defaults in it.
  for (const std::string& key : differing_keys(Config(before).resolved, config_.resolved)) {
    const bool may_change =
        key == "/epochs" || key == "/metrics" || key.starts_with("/checkpoint/");
    if (!may_change) keys += " " + key;
  }
  if (!keys.empty()) {
    throw ConfigError("--resume", "the run in " + run.options.out.string() +
                                      " has another config; these differ:" + keys);
  }
  write_config(run.options.out);
  const auto newest = run.folder.newest();
  if (!newest) {
    run.progress.message("no checkpoint in " + run.options.out.string() + " yet: starting anew");
    return;
  }
  const Checkpoint checkpoint = load_checkpoint(*newest);
  if (!checkpoint.has_loop) throw FileError(newest->string() + ": no training state in it");
  const data::LoaderState& at = checkpoint.loop.loader;
  if (checkpoint.loop.step < 0 || at.epoch < 1 || at.batch < 0 ||
      at.batch >= run.loader.batches()) {
    throw FileError(newest->string() + ": epoch " + std::to_string(at.epoch) + ", batch " +
                    std::to_string(at.batch) + " is no place in this data, of " +
                    std::to_string(run.loader.batches()) + " batches");
  }
  model_->load_state_dict(checkpoint.model);
  optimizer_->load_state_dict(checkpoint.optimizer);
  run.loop = checkpoint.loop;
  run.result.checkpoint = *newest;
  run.progress.message("resuming after step " + std::to_string(run.loop.step));
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
  while (run.loop.loader.epoch <= config_.run.epochs && !run.result.stopped) {
    evaluated = run_epoch(run);
  }
  if (!evaluated && !run.result.stopped) run.result.last = evaluate();
  run.result.steps = run.loop.step;
  return std::move(run.result);
}

// Whether the epoch came to its end.
bool Trainer::run_epoch(Run& run) {
  run.epoch_loss = {};
  model_->train();
  while (const auto batch = run.loader.next()) {
    run_step(run, *batch);
    run.loop.loader = run.loader.state();
    const bool last = run.loop.loader.batch == run.loader.batches();
    if (last) finish_epoch(run);
    const std::int64_t every = config_.checkpoint.every_steps;
    const bool stop = run.options.stop_requested();
    if (last || stop || (every > 0 && run.loop.step % every == 0)) save(run);
    run.result.stopped = stop && run.loop.loader.epoch <= config_.run.epochs;
    if (last || stop) return last;
  }
  return false;
}

data::DataLoaderOptions Trainer::loader_options() const {
  return {.batch_size = config_.run.batch_size,
          .shuffle = config_.run.shuffle,
          .seed = static_cast<std::uint64_t>(config_.run.seed),
          .transforms = config_.transforms};
}

Tensor Trainer::forward(const data::Example& batch) {
  const AutocastGuard autocast(config_.run.is_mixed(), config_.run.without_bfloat16());
  return (*loss_)((*model_)(batch.input), batch.target);
}

float Trainer::step(const data::Example& batch) {
  optimizer_->zero_grad();
  const Tensor loss = forward(batch);
  const auto value = loss.item<float>();
  if (!std::isfinite(value)) return value;
  loss.backward();
  clip_gradients();
  const kernels::profile::Scope profiled(optimizer_->type_name(), kernels::profile::Phase::Other);
  optimizer_->step();
  return value;
}

void Trainer::clip_gradients() {
  const RunOptions& run = config_.run;
  if (run.clip_grad_norm == 0 && run.clip_grad_value == 0) return;
  const kernels::profile::Scope profiled("clip", kernels::profile::Phase::Other);
  const std::vector<Tensor> parameters = model_->parameters();
  if (run.clip_grad_value > 0) nn::utils::clip_grad_value_(parameters, run.clip_grad_value);
  if (run.clip_grad_norm > 0) nn::utils::clip_grad_norm_(parameters, run.clip_grad_norm, 2, true);
}

void Trainer::run_step(Run& run, const data::Example& batch) {
  float value = 0;
  try {
    value = step(batch);
  } catch (Error& error) {
    error.prepend("step " + std::to_string(run.loop.step + 1));
    throw;
  }
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
  run.epoch_loss.add(value, batch.input.size(0));
  run.progress.step(at.epoch, at.batch, batch.input.size(0), value);
}

void Trainer::finish_epoch(Run& run) {
  run.result.last = evaluate();
  model_->train();
  const Evaluation& found = run.result.last;
  const std::int64_t epoch = run.loop.loader.epoch;
  Json event = {{"event", "eval"},
                {"step", run.loop.step},
                {"epoch", epoch},
                {"loss", short_decimal(static_cast<float>(found.loss))}};
  for (const MetricResult& each : found.metrics) event[each.name] = each.value;
  run.log->write(event);
  run.progress.epoch(epoch, run.epoch_loss.value(), found.loss, to_text(found.metrics));
  run.loop.loader = {epoch + 1, 0};
  run.loader.restore(run.loop.loader);
}

void Trainer::save(Run& run) {
  run.loop.generator = default_generator().state();
  run.result.checkpoint = run.folder.save({.model = model_->state_dict(),
                                           .optimizer = optimizer_->state_dict(),
                                           .loop = run.loop,
                                           .config = config_.resolved,
                                           .has_loop = true},
                                          config_.checkpoint.keep);
}

}  // namespace gradus
