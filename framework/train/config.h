// Config: what a training run is, as JSON. Everything is checked before anything starts.
//
//   {
//     "dataset": {"type": "fashion_mnist", "transforms": []},
//     "model": {"type": "mlp", "hidden": [256, 128]},
//     "init": [{"parameters": "*.weight", "type": "xavier_uniform"}], "freeze": [],
//     "loss": {"type": "cross_entropy"},
//     "optimizer": {"type": "adam", "lr": 0.001},
//     "schedule": {"type": "cosine", "unit": "step"},
//     "epochs": 5, "batch_size": 64, "accumulate_steps": 1, "shuffle": true, "seed": 1,
//     "precision": "f32", "clip_grad_norm": 0, "clip_grad_value": 0, "on_nan": "stop",
//     "metrics": "default",
//     "ema": {"decay": 0.999}, "early_stopping": {"metric": "test_loss", "patience": 10},
//     "checkpoint": {"every_steps": 0, "every_seconds": 0, "keep": 3, "best": "none",
//                    "on_error": "stop"}
//   }
//
// Config files may have comments as C++ has, a "$schema" for editors (config_schema.h), and build
// on another file, of which they say only what is different:
//
//   {"extends": "cnn.json", "model": {"hidden": 64}, "schedule": null}
//
// Objects are merged key by key; null removes a key; a component of another "type", and all else,
// replaces what was there.
//
#pragma once

#include "framework/nn/loss.h"
#include "framework/ops/autocast.h"
#include "framework/train/data_loader.h"
#include "framework/train/dataset.h"
#include "framework/train/ema.h"
#include "framework/train/metrics.h"
#include "framework/train/model.h"
#include "framework/train/model_setup.h"
#include "framework/train/optimizer.h"
#include "framework/train/schedule.h"
#include "framework/train/transform.h"

#include <filesystem>

namespace gradus {

struct CheckpointOptions {
  std::int64_t every_steps = 0;
  double every_seconds = 0;
  std::int64_t keep = 3;
  std::string best = "none";
  std::string on_error = "stop";
  void describe(OptionReader& o) {
    o("every_steps", every_steps, "steps between checkpoints within an epoch; 0: only after epochs",
      {.min = 0});
    o("every_seconds", every_seconds,
      "a step that ends so long after the last checkpoint makes one; 0: none does", {.min = 0});
    o("keep", keep, "how many of the newest checkpoints stay", {.min = 1});
    describe_metric(
        o, "best", best,
        "the checkpoint of the epoch where it was best stays too: train_loss, test_loss, "
        "validation_loss, or \"test_\" or \"validation_\" and a metric's name",
        "none");
    o("on_error", on_error,
      "when a file of the run cannot be written: stop, or continue without it, try again with the "
      "next one, and fail only if the last one fails; a best one is not made up for",
      {"stop", "continue"});
  }
  [[nodiscard]] bool keeps_best() const { return best != "none"; }
};

/// A run ends before its last epoch when a metric no longer gets better.
struct EarlyStoppingOptions {
  std::string metric = "test_loss";
  std::int64_t patience = 10;
  double min_delta = 0;
  void describe(OptionReader& o) {
    describe_metric(
        o, "metric", metric,
        "what is to get better: train_loss, test_loss, validation_loss, or \"test_\" or "
        "\"validation_\" and a metric's name");
    o("patience", patience, "after how many epochs in a row without that the run ends", {.min = 1});
    o("min_delta", min_delta, "it must be better than the best before by more than this",
      {.min = 0});
  }
};

/// The options of a run beside its components.
struct RunOptions {
  std::int64_t epochs = 1;
  std::int64_t batch_size = 64;
  std::int64_t accumulate_steps = 1;
  bool shuffle = true;
  std::int64_t seed = 0;
  std::string precision = "f32";
  double clip_grad_norm = 0;
  double clip_grad_value = 0;
  std::string on_nan = "stop";
  void describe(OptionReader& o) {
    o("epochs", epochs, "passes over the training data", {.min = 1});
    o("batch_size", batch_size, "examples per batch", {.min = 1});
    o("accumulate_steps", accumulate_steps,
      "batches per step, which takes the mean of their gradients over all examples; the last step "
      "of an epoch takes what is left",
      {.min = 1});
    o("shuffle", shuffle, "whether every epoch has an order of its own");
    o("seed", seed, "of initial weights, order and dropout", {.min = 0});
    o("precision", precision,
      "bf16: products, convolutions and attention in bfloat16, weights in float32, where the CPU "
      "has bfloat16; bf16_emulated: slowly, on any CPU",
      {"f32", "bf16", "bf16_emulated"});
    o("clip_grad_norm", clip_grad_norm,
      "scales the gradients so that their norm over all weights is at most this; 0: no bound",
      {.min = 0});
    o("clip_grad_value", clip_grad_value,
      "clamps every gradient to this magnitude, before its norm is taken; 0: no bound", {.min = 0});
    o("on_nan", on_nan,
      "when a loss, or a norm of gradients that is to be clipped, is NaN or infinite: stop, with a "
      "checkpoint from before the step, or skip the step",
      {"stop", "skip"});
  }
  /// Whether steps and evaluations run under an AutocastGuard.
  [[nodiscard]] bool is_mixed() const { return precision != "f32"; }
  [[nodiscard]] WithoutBfloat16 without_bfloat16() const {
    return precision == "bf16_emulated" ? WithoutBfloat16::Emulated : WithoutBfloat16::Float32;
  }
};

/// What any data set may have beside its own options.
struct DataOptions {
  data::TransformList transforms;
  data::TargetSource target = data::TargetSource::Data;  ///< "reconstruct" in configs
  double validation_ratio = 0;                           ///< see validation.h
  std::int64_t validation_seed = 0;
  void describe(OptionReader& o);
};

/// A checked config: its values, and the makers of its components.
struct Config {
  RunOptions run;
  CheckpointOptions checkpoint;
  std::optional<EmaOptions> ema;
  std::optional<EarlyStoppingOptions> early_stopping;
  Registry<data::DataSource>::Build dataset;
  DataOptions data_options;
  ModelRegistry::Build model;
  InitRules init;      ///< the first values of the model's parameters
  FreezeRules freeze;  ///< those that are not trained
  Registry<nn::Loss>::Build loss;
  optim::Registry::Build optimizer;
  optim::ScheduleRegistry::Build schedule;  ///< empty: the learning rate stays
  MetricsConfig metrics;                    ///< what is measured on the test part beside the loss
  JsonValue resolved;                       ///< with every option and its value

  /// Checks all of `json`. Throws ConfigError.
  explicit Config(const Json& json);
  /// Of a file, with settings: see load_config.
  static Config load(const std::filesystem::path& path,
                     const std::vector<std::string>& settings = {});
};

/// Reads a config file, with those it builds on, and applies settings such as "optimizer.lr=0.01"
/// (the value is JSON, or else a string). Throws ConfigError, also for a file that is missing or no
/// JSON.
Json load_config(const std::filesystem::path& path, const std::vector<std::string>& settings = {});

/// The same settings on a config that is no file.
Json with_settings(Json json, const std::vector<std::string>& settings);

/// The JSON paths at which two configs differ.
std::vector<std::string> differing_keys(const Json& a, const Json& b);

}  // namespace gradus
