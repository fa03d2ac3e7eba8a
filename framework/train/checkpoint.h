// Checkpoints: everything a run depends on, in one safetensors file per saved step.
//
// The model's tensors stand under their PyTorch names, so it loads elsewhere as a state dict (where
// other entries are ignored, strict=False); the optimizer's under "optimizer/<parameter>/<slot>".
// In a run with an average of the weights (Ema) the model's are the averaged ones, as they are
// tested, and those that training goes on with stand under "trained/<parameter>".
// The metadata entry "gradus" holds the rest as JSON. checkpoint_format.md has all of it.
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
  std::int64_t skipped = 0;    ///< steps that "on_nan" left out
};

struct Checkpoint {
  nn::StateDict model;
  nn::StateDict optimizer;
  nn::StateDict trained{};  ///< the weights of the optimizer, where the model's are averages
  LoopState loop;
  JsonValue config{};
  std::vector<std::string> classes{};  ///< DataSource::classes of the data, where it has any
  JsonValue environment{};             ///< environment() of the run that saved it
  bool has_loop = false;               ///< false for plain weights, saved by another program
};

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
/// Reads a checkpoint, or plain weights. Throws FileError for what is broken or, in a checkpoint
/// of the format since it has them, without checksums.
Checkpoint load_checkpoint(const std::filesystem::path& path);
/// The same of a file's bytes; `name` is what errors call it.
Checkpoint parse_checkpoint(std::string_view bytes, const std::string& name);

/// The checkpoints of one run: DIR/checkpoints/step-0000000938.safetensors, and the best one by a
/// metric, best.safetensors.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Makes the folder, if it is not there, and removes what a writer that was killed has left.
  void prepare() const;
  /// Saves, then removes all but the newest `keep`. Returns the file's path. Throws FileError, and
  /// leaves what was there, also where the folder is gone.
  std::filesystem::path save(const Checkpoint& checkpoint, std::int64_t keep) const;
  /// Removes all but the newest `keep`.
  void remove_old(std::int64_t keep) const;
  /// Saves it as the best one, instead of the one before.
  void save_best(const Checkpoint& checkpoint) const;
  /// Where the best one is, if there is one.
  [[nodiscard]] std::filesystem::path best() const;
  /// The path of the checkpoint of a step, whether it is there or not.
  [[nodiscard]] std::filesystem::path of_step(std::int64_t step) const;
  /// The paths of all but the best, oldest first.
  [[nodiscard]] std::vector<std::filesystem::path> all() const;
  /// The last of them; nothing if there is none.
  [[nodiscard]] std::optional<std::filesystem::path> newest() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace gradus
