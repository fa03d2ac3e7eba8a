#include "framework/train/trainer.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/profile.h"
#include "framework/nn/clip_grad.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/autocast.h"
#include "framework/ops/joining.h"
#include "framework/ops/shape.h"
#include "framework/tensor/creation.h"
#include "framework/train/checkpoint.h"
#include "framework/train/rethrow.h"
#include "framework/train/validation.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace gradus {
namespace {

constexpr std::int64_t kEvaluationBatch = 256;

// Tries what the config puts together; `path` is what an Error makes doubtful. Anything else that
// is thrown is no fault of the config.
template <class Body>
auto trying(const char* path, const std::string& misfit, Body body) {
  try {
    return body();
  } catch (const Error& error) {
    if (!is_foreign(error)) throw ConfigError(path, misfit + ": " + error.message());
    rethrow_with(std::string(path) + ", tried on one example");
  } catch (...) {
    rethrow_with(std::string(path) + ", tried on one example");
  }
}

// Errors name the op already.
void backward_of(const Tensor& loss, const Tensor& gradient) {
  try {
    loss.backward(gradient);
  } catch (const Error&) {
    throw;
  } catch (...) {
    rethrow_with("backward");
  }
}

}  // namespace

std::optional<double> Evaluation::metric(const std::string& name) const {
  for (const MetricResult& each : metrics) {
    if (each.name == name && each.value->is_number()) return each.value->get<double>();
  }
  return {};
}

Trainer::Trainer(Config config) : config_(std::move(config)) {
  manual_seed(static_cast<std::uint64_t>(config_.run.seed));
  data_ = config_.dataset();
  if (data_->train->size() == 0) throw ConfigError("/dataset", "the training part is empty");
  if (data_->test->size() == 0) throw ConfigError("/dataset", "the test part is empty");
  hold_back();
  if (config_.data_options.target != data::TargetSource::Data) use_inputs_as_targets();
  try {
    model_ = config_.model({data_->input_shape, data_->outputs});
  } catch (const ConfigError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError("/model", error.message());
  }
  config_.init.apply(*model_);
  config_.freeze.apply(*model_);
  loss_ = config_.loss();
  check_mixing();
  optimizer_ = config_.optimizer(trainable(model_->named_parameters()));
  optimizer_->set_frees_gradients(true);
  if (config_.ema) ema_.emplace(trainable(model_->named_parameters()), *config_.ema);
  make_schedule();
  if (config_.early_stopping) {
    check_metric("/early_stopping/metric", config_.early_stopping->metric);
  }
  if (config_.checkpoint.keeps_best()) check_metric("/checkpoint/best", config_.checkpoint.best);
  try_out();
}

void Trainer::hold_back() {
  const DataOptions& options = config_.data_options;
  if (options.validation_ratio == 0) return;
  const data::HeldBack parts = data::hold_back(data_->train, options.validation_ratio,
                                               static_cast<std::uint64_t>(options.validation_seed));
  data_->train = parts.train;
  validation_ = parts.validation;
}

void Trainer::use_inputs_as_targets() const {
  const Tensor input = data_->train->get(0).input;
  if (!input.is_floating_point()) {
    throw ConfigError("/dataset/reconstruct",
                      "inputs of " + std::string(name_of(input.dtype())) +
                          " are nothing to reconstruct; they must be floating");
  }
  data_->targets = data::TargetKind::Values;
  data_->outputs = input.numel();
  data_->classes.clear();
}

// Metrics and the loss of the test part have labels anyway.
void Trainer::check_mixing() const {
  const std::string mixing = config_.data_options.transforms.mixing();
  if (mixing.empty() || data_->targets != data::TargetKind::Labels || loss_->takes_soft_labels()) {
    return;
  }
  throw ConfigError("/dataset/transforms",
                    "\"" + mixing + "\" makes probabilities of labels, which the loss \"" +
                        (*config_.resolved)["loss"]["type"].get<std::string>() +
                        "\" does not take; cross_entropy does");
}

optim::RunShape Trainer::run_shape(std::int64_t epochs) const {
  optim::RunShape shape{.steps_per_epoch = steps_per_epoch_};
  shape.length = shape.after(epochs, optim::Unit::Epoch);
  return shape;
}

// Metrics that an option names are measured.
void Trainer::check_metric(const std::string& path, const std::string& metric) const {
  EpochMetrics measured = {.test = make_metrics().compute()};
  if (validation_) {
    measured.validation_loss = 0;
    measured.validation = measured.test;
  }
  if (measured.find(metric)) return;
  if (!validation_ && metric.starts_with(kValidationPrefix)) {
    throw ConfigError(path, "\"" + metric +
                                "\" needs examples that are held back: give "
                                "/dataset/validation_ratio a share of them");
  }
  throw ConfigError(
      path, "no such metric is measured: \"" + metric + "\"" + suggest(metric, measured.names()));
}

void Trainer::make_schedule() {
  base_rate_ = optimizer_->learning_rate();
  steps_per_epoch_ = steps_of(data::DataLoader(data_->train, loader_options()).batches());
  if (!config_.schedule) return;
  schedule_ = config_.schedule(run_shape(config_.run.epochs));
  for (const std::string& metric : schedule_metrics()) check_metric("/schedule", metric);
  optimizer_->set_learning_rate(learning_rate_at(0));
}

std::vector<std::string> Trainer::schedule_metrics() const {
  return schedule_ ? schedule_->metrics() : std::vector<std::string>();
}

double Trainer::learning_rate_at(std::int64_t step) const {
  if (!schedule_) return base_rate_;
  return schedule_->rate(base_rate_, run_shape(1).after(step, optim::Unit::Step));
}

void Trainer::try_out() {
  const NoGradGuard no_grad;
  const Tensor input = within("the first example", [&] { return data_->train->get(0).input; });
  trying("/dataset/transforms", "do not fit the data",
         [&] { config_.data_options.transforms.check(input); });
  const data::Example batch = within("the first batch", [&] { return first_examples(1); });
  const Tensor output =
      trying("/model", "does not fit the data, of shape " + to_string(data_->input_shape),
             [&] { return predict(batch.input); });
  trying("/loss", "does not fit the model's output, of shape " + to_string(output.sizes()),
         [&] { (*loss_)(output, batch.target); });
  if (loss_->is_classification() && output.size(1) < data_->outputs) {
    throw ConfigError("/model", "has " + std::to_string(output.size(1)) + " outputs, the data " +
                                    std::to_string(data_->outputs) + " classes");
  }
  const data::Example test = within("the first test batch", [&] { return test_examples(1); });
  trying("/metrics", "do not fit the model and the data",
         [&] { make_metrics().update(predict(test.input), test.target); });
}

data::Example Trainer::test_examples(std::int64_t count) const {
  data::DataLoaderOptions options = test_options();
  options.batch_size = count;
  options.prefetch = 0;
  data::DataLoader loader(data_->test, options);
  loader.start_epoch(1);
  return *loader.next();
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

template <class Body>
void Trainer::evaluating(Body body) {
  const NoGradGuard no_grad;
  std::optional<Ema::Scope> averaged;
  if (ema_) averaged.emplace(*ema_);
  const AutocastGuard autocast(config_.run.is_mixed(), config_.run.without_bfloat16());
  model_->eval();
  body(*model_);
}

std::optional<Evaluation> Trainer::validate() {
  if (!validation_) return {};
  return measure(validation_);
}

Evaluation Trainer::measure(const data::DatasetPtr& examples) {
  data::DataLoader loader(examples, test_options());
  loader.start_epoch(1);
  nn::LossShare loss;
  MetricGroup measured = make_metrics();
  Evaluation result;
  evaluating([&](nn::Module& model) {
    while (const auto batch = within("batch", [&] { return loader.next(); })) {
      const Tensor output = within("model", [&] { return model(batch->input); });
      const nn::LossShare share = within("loss", [&] {
        return loss_->share((*loss_)(output, batch->target).item<double>(), batch->target);
      });
      loss.sum += share.sum;
      loss.weight += share.weight;
      measured.update(output, batch->target);
      result.examples += batch->input.size(0);
    }
  });
  result.loss = loss.sum / loss.weight;
  result.metrics = measured.compute();
  return result;
}

Tensor Trainer::predict(const Tensor& input) {
  Tensor output;
  evaluating([&](nn::Module& model) { output = model(input); });
  return output;
}

Tensor Trainer::outputs(const Tensor& inputs) {
  if (inputs.dim() < 1 || inputs.size(0) == 0) {
    throw ValueError("Trainer::outputs: there are no inputs, got shape " +
                     to_string(inputs.sizes()));
  }
  const data::TransformList transforms = config_.data_options.transforms.for_testing();
  std::vector<Tensor> parts;
  evaluating([&](nn::Module& model) {
    for (std::int64_t at = 0; at < inputs.size(0); at += kEvaluationBatch) {
      const Tensor batch = slice(inputs, 0, at, std::min(at + kEvaluationBatch, inputs.size(0)));
      const std::vector<std::int64_t> examples(static_cast<std::size_t>(batch.size(0)));
      parts.push_back(model(transforms(batch, examples, 0, 1)));
    }
  });
  return parts.size() == 1 ? parts[0] : cat(parts, 0);
}

Graph Trainer::step_graph(std::int64_t batch) {
  const data::Example examples = first_examples(batch);
  model_->train();
  optimizer_->zero_grad();
  const Generator::State draws = default_generator().state();
  const KeepValuesGuard keep;
  Tensor output;
  Tensor loss;
  {
    const AutocastGuard autocast(config_.run.is_mixed(), config_.run.without_bfloat16());
    output = (*model_)(examples.input);
    loss = with_added_losses((*loss_)(output, examples.target));
  }
  Graph seen = graph(loss, {.parameters = model_->named_parameters(),
                            .names = {{"loss", loss},
                                      {"output", output},
                                      {"input", examples.input},
                                      {"target", examples.target}}});
  loss.backward();
  clip_gradients();
  update(loss, std::span(&examples, 1), draws);
  seen.record_update(optimizer_->type_name(), optimizer_->learning_rate());
  return seen;
}

data::DataLoaderOptions Trainer::loader_options() const {
  return {.batch_size = config_.run.batch_size,
          .shuffle = config_.run.shuffle,
          .seed = static_cast<std::uint64_t>(config_.run.seed),
          .transforms = config_.data_options.transforms,
          .classes = data_->outputs,
          .target = config_.data_options.target};
}

data::DataLoaderOptions Trainer::test_options() const {
  return {.batch_size = kEvaluationBatch,
          .transforms = config_.data_options.transforms.for_testing(),
          .target = config_.data_options.target};
}

Tensor Trainer::forward(const data::Example& batch) {
  const AutocastGuard autocast(config_.run.is_mixed(), config_.run.without_bfloat16());
  const Tensor output = within("model", [&] { return (*model_)(batch.input); });
  return within("loss", [&] { return with_added_losses((*loss_)(output, batch.target)); });
}

Tensor Trainer::with_added_losses(const Tensor& loss) const {
  const Tensor added = model_->added_losses();
  return added.defined() ? loss + added : loss;
}

std::int64_t Trainer::steps_of(std::int64_t batches) const {
  return (batches + config_.run.accumulate_steps - 1) / config_.run.accumulate_steps;
}

Tensor Trainer::gradients(std::span<const data::Example> batches) {
  optimizer_->zero_grad();
  std::int64_t examples = 0;
  for (const data::Example& batch : batches) examples += batch.input.size(0);
  MeanMetric mean;
  Tensor loss;
  for (const data::Example& batch : batches) {
    const std::int64_t count = batch.input.size(0);
    loss = forward(batch);
    const auto value = loss.item<float>();
    if (!std::isfinite(value)) {
      optimizer_->zero_grad();
      return loss;
    }
    mean.add(value, count);
    const double share = static_cast<double>(count) / static_cast<double>(examples);
    backward_of(loss, batches.size() > 1 ? full({}, share, loss.dtype()) : Tensor());
  }
  clip_gradients();
  return batches.size() > 1 ? full({}, mean.value(), loss.dtype()) : loss;
}

void Trainer::update(const Tensor& loss, std::span<const data::Example> batches,
                     const Generator::State& draws) {
  if (!optimizer_->needs_closure()) {
    const kernels::profile::Scope profiled(optimizer_->type_name(), kernels::profile::Phase::Other);
    within("optimizer", [&] { optimizer_->step(); });
    return;
  }
  bool is_first = true;
  within("optimizer", [&] {
    optimizer_->step([&] {
      if (std::exchange(is_first, false)) return loss;
      default_generator().set_state(draws);
      return gradients(batches);
    });
  });
}

float Trainer::step(std::span<const data::Example> batches) {
  if (batches.empty()) throw ValueError("Trainer::step: there is no batch");
  if (!model_->is_training()) model_->train();
  const Generator::State draws = default_generator().state();
  const Tensor loss = gradients(batches);
  const auto value = loss.item<float>();
  if (!std::isfinite(value)) return value;
  update(loss, batches, draws);
  if (ema_) ema_->update();
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

}  // namespace gradus
