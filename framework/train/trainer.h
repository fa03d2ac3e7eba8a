// Trainer: runs a config. Data, model, loss, optimizer and schedule are made and tried on a batch
// before the first step, so that what does not fit together fails at once.
//
//   Trainer trainer(Config::load("models/mlp.json"));
//   trainer.train({.out = "runs/mlp"});
//
// The run's folder holds config.json (every option), metrics.jsonl and checkpoints/.
// Thread rules: one thread; the computations spread over the shared threads by themselves, and
// checkpoints are written on a thread of their own.
#pragma once

#include "framework/graph/graph.h"
#include "framework/train/config.h"
#include "framework/train/data_loader.h"
#include "framework/train/metric_watch.h"
#include "framework/train/metrics.h"
#include "framework/train/progress.h"

#include <functional>

namespace gradus {

struct Checkpoint;
class CheckpointWriter;

struct TrainOptions {
  std::filesystem::path out{};
  bool resume = false;                   ///< go on from the newest sound checkpoint in `out`
  bool allow_changes = false;            ///< resume although the config is another one
  std::filesystem::path init{};          ///< weights to begin with, all of them; empty: random ones
  std::filesystem::path init_partial{};  ///< weights of which those are taken that fit
  bool detect_anomaly = false;           ///< the first NaN or infinity in any op ends the run
  Progress::Style progress = Progress::Style::Quiet;
  /// Asked after every step; true saves a checkpoint and ends the run.
  std::function<bool()> stop_requested = [] { return false; };
};

/// What an evaluation found.
struct Evaluation {
  double loss = 0;
  std::vector<MetricResult> metrics;  ///< as the config lists them
  std::int64_t examples = 0;

  /// The metric of that name, if it was measured and is one number.
  [[nodiscard]] std::optional<double> metric(const std::string& name) const;
};

struct TrainResult {
  Evaluation last;
  std::optional<Evaluation> last_validation{};  ///< where examples are held back
  std::int64_t steps = 0;
  std::int64_t skipped = 0;          ///< steps left out as "on_nan" says
  bool stopped = false;              ///< by stop_requested, before the last epoch
  bool stopped_early = false;        ///< as "early_stopping" says, by a metric
  std::filesystem::path checkpoint;  ///< the newest
  std::filesystem::path best;        ///< the best, if the config keeps one
};

class Trainer {
 public:
  /// Makes everything and tries it. Throws ConfigError for what does not fit.
  explicit Trainer(Config config);

  /// Throws ConfigError when `out` holds a run (unless resuming) or, on resuming, one of another
  /// config; FileError, also while another process trains in `out`; Error with the step's number
  /// when an op fails or, unless such steps are skipped, when a loss or a norm of gradients that is
  /// to be clipped is not finite: it names the first bad op, and the state before it is saved.
  TrainResult train(const TrainOptions& options);
  /// The step that train() takes, on one batch or several: gradients, clipped where the config says
  /// so, and update, of the average of the weights too, after which no gradients are left. Loss and
  /// gradients are those of one batch of all examples, where the loss is a mean over them; of a
  /// sum, they are the means over the batches. Returns the loss; one that is not finite changes no
  /// weight. Throws ValueError for no batch, and for a norm of gradients that is to be clipped and
  /// is not finite. An optimizer that evaluates the loss several times (LBFGS) does so on the same
  /// batches, each time with the same random numbers, so that dropout drops the same.
  float step(std::span<const data::Example> batches);
  float step(const data::Example& batch) { return step(std::span(&batch, 1)); }
  /// How train() goes through the training part.
  [[nodiscard]] data::DataLoaderOptions loader_options() const;
  /// Steps of the optimizer: the batches of an epoch by accumulate_steps, rounded up.
  [[nodiscard]] std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// The learning rate of the step after `step` ones, as the schedule has it by now: one that looks
  /// at a metric may change it later.
  [[nodiscard]] double learning_rate_at(std::int64_t step) const;
  /// The metrics that the schedule looks at.
  [[nodiscard]] std::vector<std::string> schedule_metrics() const;
  /// The loss and the metrics of the model on the test part; of the averaged weights, if the config
  /// wants an average and step() has made one. The loss is that of the whole part in one batch;
  /// where it is a sum, by the number of examples. What modules add to the loss in training
  /// (added_losses) is no part of it.
  Evaluation evaluate() { return measure(data_->test); }
  /// The same of the examples that are held back from training ("validation_ratio"); nothing where
  /// there are none.
  std::optional<Evaluation> validate();
  /// What the model makes of inputs [N, ...], N >= 1, such as data().reader reads, computed as in
  /// evaluate(): in batches, through the transforms of the test part. Part of no graph.
  Tensor outputs(const Tensor& inputs);

  /// One training step on the first `batch` examples, or all if there are fewer: its graph, with
  /// what the optimizer made of the weights.
  Graph step_graph(std::int64_t batch);

  /// The first `count` examples of the test part, or all if there are fewer, as evaluate() has
  /// them; and what the model makes of their inputs, in evaluation.
  [[nodiscard]] data::Example test_examples(std::int64_t count) const;
  Tensor predict(const Tensor& input);

  [[nodiscard]] nn::Module& model() { return *model_; }
  [[nodiscard]] const nn::Loss& loss() const { return *loss_; }
  [[nodiscard]] const data::DataSource& data() const { return *data_; }
  [[nodiscard]] const Config& config() const { return config_; }

 private:
  struct Run;
  [[nodiscard]] optim::RunShape run_shape(std::int64_t epochs) const;
  Tensor forward(const data::Example& batch);
  Evaluation measure(const data::DatasetPtr& examples);
  /// Calls body(model) in the state that evaluate() puts it in.
  template <class Body>
  void evaluating(Body body);
  /// `loss` with what the model adds to it.
  [[nodiscard]] Tensor with_added_losses(const Tensor& loss) const;
  /// The loss, with clipped gradients unless it is not finite.
  Tensor gradients(std::span<const data::Example> batches);
  /// The optimizer's step after `loss`, whose gradients are there; `draws` is where the random
  /// numbers began that it used.
  void update(const Tensor& loss, std::span<const data::Example> batches,
              const Generator::State& draws);
  [[nodiscard]] data::Example first_examples(std::int64_t count) const;
  [[nodiscard]] data::DataLoaderOptions test_options() const;
  void clip_gradients();
  [[nodiscard]] MetricGroup make_metrics() const;

  void hold_back();
  void make_schedule();
  void use_inputs_as_targets() const;
  void check_mixing() const;
  void try_out();

  // training_run.cpp
  void begin(Run& run);
  void check_patience(Run& run) const;
  bool run_epoch(Run& run);
  [[nodiscard]] std::int64_t steps_of(std::int64_t batches) const;
  std::vector<data::Example> next_batches(Run& run) const;
  void run_step(Run& run, std::span<const data::Example> batches);
  void log_step(Run& run, std::span<const data::Example> batches, float loss);
  void finish_epoch(Run& run);
  // training_resume.cpp
  void restore(Run& run);
  Config check_config(Run& run) const;
  void check_past(const Config& before, Run& run) const;
  void restore_from(Run& run, const std::filesystem::path& file);
  void load_state(Run& run, const Checkpoint& checkpoint);
  // training_save.cpp
  [[nodiscard]] Checkpoint snapshot(Run& run) const;
  void save(Run& run);
  void take_over_saved(Run& run);
  void finish_saving(Run& run);
  void log(Run& run, const Json& event) const;
  // training_nan.cpp
  void skip_step(Run& run, std::span<const data::Example> batches, const std::string& fault);
  [[noreturn]] void stop_before_step(Run& run, std::span<const data::Example> batches,
                                     const std::string& fault);
  std::string first_fault(Run& run, std::span<const data::Example> batches);

  void check_metric(const std::string& path, const std::string& metric) const;

  Config config_;
  std::shared_ptr<data::DataSource> data_;
  data::DatasetPtr validation_;  // or none
  std::shared_ptr<nn::Module> model_;
  std::shared_ptr<nn::Loss> loss_;
  std::shared_ptr<optim::Optimizer> optimizer_;
  std::optional<Ema> ema_;
  optim::SchedulePtr schedule_;         // or none
  double base_rate_ = 0;                // the optimizer's, before the schedule
  CheckpointWriter* saving_ = nullptr;  // which may still read the weights; only in train()
  std::int64_t steps_per_epoch_ = 0;
};

}  // namespace gradus
