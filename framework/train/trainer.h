// Trainer: runs a config. Data, model, loss and optimizer are made and tried on a batch before the
// first step, so that what does not fit together fails at once.
//
//   Trainer trainer(Config(load_config("models/mlp.json")));
//   trainer.train({.out = "runs/mlp"});
//
// The run's folder holds config.json (every option), metrics.jsonl and checkpoints/.
// Thread rules: one thread; the computations spread over the shared threads by themselves.
#pragma once

#include "framework/graph/graph.h"
#include "framework/train/checkpoint.h"
#include "framework/train/config.h"
#include "framework/train/data_loader.h"
#include "framework/train/metrics.h"
#include "framework/train/progress.h"

#include <functional>

namespace gradus {

struct TrainOptions {
  std::filesystem::path out;
  bool resume = false;           ///< go on from the newest checkpoint in `out`
  std::filesystem::path init{};  ///< weights to begin with; empty: random ones
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
  std::int64_t steps = 0;
  bool stopped = false;              ///< by stop_requested, before the last epoch
  std::filesystem::path checkpoint;  ///< the newest
};

class Trainer {
 public:
  /// Makes everything and tries it. Throws ConfigError for what does not fit.
  explicit Trainer(Config config);

  /// Throws ConfigError when `out` holds a run (unless resuming) or, on resuming, one of another
  /// config; FileError; Error with the step's number when a loss, or a norm of gradients that is to
  /// be clipped, is not finite, or when an op fails.
  TrainResult train(const TrainOptions& options);
  /// The step that train() takes, on one batch: gradients, clipped where the config says so, and
  /// update, after which no gradients are left. Returns the loss; one that is not finite changes
  /// nothing. Throws ValueError for a norm of gradients that is to be clipped and is not finite.
  float step(const data::Example& batch);
  /// How train() goes through the training part.
  [[nodiscard]] data::DataLoaderOptions loader_options() const;
  /// The loss and the metrics of the model on the test part.
  Evaluation evaluate();
  /// Takes over the weights of a checkpoint or of a plain state dict.
  void load_weights(const std::filesystem::path& path);

  /// One training step on the first `batch` examples, or all if there are fewer: its graph, with
  /// what the optimizer made of the weights.
  Graph step_graph(std::int64_t batch);

  [[nodiscard]] nn::Module& model() { return *model_; }
  [[nodiscard]] const data::DataSource& data() const { return *data_; }
  [[nodiscard]] const Config& config() const { return config_; }

 private:
  struct Run;
  Tensor forward(const data::Example& batch);
  [[nodiscard]] data::Example first_examples(std::int64_t count) const;
  void clip_gradients();
  [[nodiscard]] MetricGroup make_metrics() const;

  void try_out();
  void restore(Run& run);
  void begin(Run& run);
  void write_config(const std::filesystem::path& folder) const;
  bool run_epoch(Run& run);
  void run_step(Run& run, const data::Example& batch);
  void finish_epoch(Run& run);
  void save(Run& run);

  Config config_;
  std::shared_ptr<data::DataSource> data_;
  std::shared_ptr<nn::Module> model_;
  std::shared_ptr<nn::Loss> loss_;
  std::shared_ptr<optim::Optimizer> optimizer_;
};

}  // namespace gradus
