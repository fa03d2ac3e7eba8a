// DataLoader: batches of a data set, epoch by epoch, fetched ahead.
//
//   data::DataLoader loader(dataset, {.batch_size = 64, .shuffle = true, .seed = 1});
//   loader.start_epoch(1);
//   while (auto batch = loader.next()) { ... batch->input, batch->target ... }
//
// The order of an epoch is a function of (seed, epoch) alone, so a loader can go on from a saved
// state exactly; so are the transforms of each example. Batches are made on the shared threads
// while the caller computes.
// Thread rules: one thread at a time.
#pragma once

#include "framework/kernels/parallel.h"
#include "framework/train/dataset.h"
#include "framework/train/transform.h"

#include <deque>

namespace gradus::data {

/// What a model is to predict of an example.
enum class TargetSource : std::uint8_t {
  Data,              ///< its target, as the data set has it
  Input,             ///< its input, before any transform: a denoising autoencoder's
  TransformedInput,  ///< its input, as the model sees it
};

struct DataLoaderOptions {
  std::int64_t batch_size = 64;
  bool shuffle = false;
  std::uint64_t seed = 0;
  bool drop_last = false;         ///< leave out a last batch that is not full
  std::int64_t prefetch = 2;      ///< batches made ahead
  TransformList transforms = {};  ///< what every batch goes through
  std::int64_t classes = 0;       ///< how many labels there are, for transforms that mix them
  TargetSource target = TargetSource::Data;
};

/// Where a loader stands: the epoch, and how many of its batches next() has given out.
struct LoaderState {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
};

class DataLoader {
 public:
  DataLoader(DatasetPtr dataset, const DataLoaderOptions& options);

  /// The number of batches in an epoch.
  [[nodiscard]] std::int64_t batches() const;
  /// Begins an epoch, or goes on within one.
  void start_epoch(std::int64_t epoch) { restore({epoch, 0}); }
  /// Throws ValueError for a batch that the epoch has not.
  void restore(const LoaderState& state);
  /// The state to restore() after the batches given out so far.
  [[nodiscard]] const LoaderState& state() const { return state_; }
  /// The next batch; nothing at the end of the epoch. Errors of the data set come out here; the
  /// call after one goes on with the batch behind it.
  std::optional<Example> next();

 private:
  struct Pending {
    Example batch;
    std::unique_ptr<kernels::BackgroundTask> task;
  };

  [[nodiscard]] std::vector<std::int64_t> indices_of(std::int64_t batch) const;
  // Makes sure that `count` batches are in the making, if there are so many.
  void fetch_ahead(std::int64_t count);

  DatasetPtr dataset_;
  std::shared_ptr<DataLoaderOptions> options_;  // which batches in the making see too
  LoaderState state_;
  std::vector<std::int64_t> order_;
  std::int64_t fetched_ = 0;
  std::deque<std::unique_ptr<Pending>> pending_;
};

}  // namespace gradus::data
