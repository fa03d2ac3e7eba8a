// Checkpoints: everything a run depends on, in one safetensors file per saved step.
//
// The model's tensors stand under their PyTorch names, so it loads elsewhere as a state dict (where
// other entries are ignored, strict=False); the optimizer's under "optimizer/<parameter>/<slot>".
// In a run with an average of the weights (Ema) the model's are the averaged ones, as they are
// tested, and those that training goes on with stand under "trained/<parameter>".
// The metadata entry "gradus" holds the rest as JSON: {"format": 1, "loop": {...}, "config": {...},
// "classes": ["names", "of", "the", "data's"]}.
#pragma once

#include "framework/tensor/generator.h"
#include "framework/train/config.h"
#include "framework/train/data_loader.h"
#include "framework/train/metrics.h"
#include "framework/train/safetensors.h"

namespace gradus {

/// What the names of the optimizer's tensors begin with, and those of weights before averaging.
inline constexpr std::string_view kOptimizerPrefix = "optimizer/";
inline constexpr std::string_view kTrainedPrefix = "trained/";

/// Where the training loop stands.
struct LoopState {
  std::int64_t step = 0;     ///< steps done
  data::LoaderState loader;  ///< where the next step's batch comes from
  Generator::State generator;
  MeanMetric epoch_loss{};     ///< of the steps of an epoch that has not ended
  JsonValue schedule{};        ///< Schedule::state()
  JsonValue early_stopping{};  ///< MetricWatch::state()
  JsonValue best{};            ///< of the metric of the best checkpoint: its name and its state()
};

struct Checkpoint {
  nn::StateDict model;
  nn::StateDict optimizer;
  nn::StateDict trained{};  ///< the weights of the optimizer, where the model's are averages
  LoopState loop;
  JsonValue config{};
  std::vector<std::string> classes{};  ///< DataSource::classes of the data, where it has any
  bool has_loop = false;               ///< false for plain weights, saved by another program
};

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
/// Reads a checkpoint, or plain weights. Throws FileError.
Checkpoint load_checkpoint(const std::filesystem::path& path);

/// The checkpoints of one run: DIR/checkpoints/step-0000000938.safetensors, and the best one by a
/// metric, best.safetensors.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Saves, then removes all but the newest `keep`. Returns the file's path.
  std::filesystem::path save(const Checkpoint& checkpoint, std::int64_t keep) const;
  /// Removes all but the newest `keep`, and what a run that was killed had not written to its end.
  void tidy(std::int64_t keep) const;
  /// Saves it as the best one, instead of the one before.
  void save_best(const Checkpoint& checkpoint) const;
  /// Where the best one is, if there is one.
  [[nodiscard]] std::filesystem::path best() const;
  /// The newest checkpoint's path; nothing if there is none.
  [[nodiscard]] std::optional<std::filesystem::path> newest() const;

 private:
  [[nodiscard]] std::vector<std::filesystem::path> files() const;  // oldest first
  void remove_old(std::int64_t keep) const;

  std::filesystem::path folder_;
};

}  // namespace gradus
