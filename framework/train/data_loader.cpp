#include "framework/train/data_loader.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/profile.h"
#include "framework/train/shuffle.h"

#include <numeric>
#include <utility>

namespace gradus::data {

namespace {

Example make_batch(const Dataset& dataset, const DataLoaderOptions& options,
                   const std::vector<std::int64_t>& examples, std::int64_t epoch) {
  Example batch = dataset.get_batch(examples);
  if (options.target == TargetSource::Input) batch.target = batch.input;
  if (options.target == TargetSource::TransformedInput) batch.target = {};
  batch = options.transforms(std::move(batch), examples, options.seed, epoch, options.classes);
  if (options.target == TargetSource::TransformedInput) batch.target = batch.input;
  return batch;
}

}  // namespace

DataLoader::DataLoader(DatasetPtr dataset, const DataLoaderOptions& options)
    : dataset_(std::move(dataset)), options_(std::make_shared<DataLoaderOptions>(options)) {
  if (!dataset_) throw ValueError("DataLoader: there is no data set");
  if (options_->batch_size < 1) {
    throw ValueError("DataLoader: batch_size must be at least 1, got " +
                     std::to_string(options_->batch_size));
  }
  // More than all examples is as good as one more than all, and sums with it cannot overflow.
  options_->batch_size = std::min(options_->batch_size, dataset_->size() + 1);
}

std::int64_t DataLoader::batches() const {
  const std::int64_t spare = options_->drop_last ? 0 : options_->batch_size - 1;
  return (dataset_->size() + spare) / options_->batch_size;
}

void DataLoader::restore(const LoaderState& state) {
  if (state.batch < 0 || state.batch > batches()) {
    throw ValueError("DataLoader: batch " + std::to_string(state.batch) + " of an epoch of " +
                     std::to_string(batches()));
  }
  pending_.clear();
  state_ = state;
  fetched_ = state.batch;
  order_.resize(static_cast<std::size_t>(dataset_->size()));
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  if (options_->shuffle) shuffle(order_, {options_->seed, static_cast<std::uint64_t>(state.epoch)});
  fetch_ahead(options_->prefetch);
}

std::vector<std::int64_t> DataLoader::indices_of(std::int64_t batch) const {
  const std::int64_t begin = batch * options_->batch_size;
  const std::int64_t end = std::min(begin + options_->batch_size, dataset_->size());
  return {order_.begin() + begin, order_.begin() + end};
}

void DataLoader::fetch_ahead(std::int64_t count) {
  while (fetched_ < batches() && static_cast<std::int64_t>(pending_.size()) < count) {
    auto next = std::make_unique<Pending>();
    next->task = std::make_unique<kernels::BackgroundTask>(
        [dataset = dataset_, options = options_, epoch = state_.epoch,
         indices = indices_of(fetched_), to = next.get()] {
          const NoGradGuard no_grad;  // of whichever thread this runs on
          to->batch = make_batch(*dataset, *options, indices, epoch);
        });
    pending_.push_back(std::move(next));
    ++fetched_;
  }
}

std::optional<Example> DataLoader::next() {
  const kernels::profile::Scope profiled("next batch", kernels::profile::Phase::Other);
  if (std::cmp_not_equal(order_.size(), dataset_->size())) {
    throw StateError("DataLoader: start_epoch() comes before next()");
  }
  fetch_ahead(1);
  if (pending_.empty()) return {};
  const std::unique_ptr<Pending> first = std::move(pending_.front());
  pending_.pop_front();
  ++state_.batch;
  fetch_ahead(options_->prefetch);
  first->task->wait();
  return std::move(first->batch);
}

}  // namespace gradus::data
