#include "framework/train/dataset.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/indexing.h"
#include "framework/ops/shape.h"

#include <numeric>

namespace gradus::data {

Registry<DataSource>& datasets() {
  static Registry<DataSource> registry(
      "dataset", {"transforms", "reconstruct", "validation_ratio", "validation_seed"});
  return registry;
}

namespace {

void check_index(std::int64_t i, std::int64_t size) {
  if (i >= 0 && i < size) return;
  throw ValueError("example " + std::to_string(i) + " of a data set of " + std::to_string(size));
}

void check_not_empty(std::span<const std::int64_t> indices) {
  if (indices.empty()) throw ValueError("a batch needs at least one example");
}

Tensor rows_at(const Tensor& of, std::span<const std::int64_t> indices) {
  Shape sizes = of.sizes();
  sizes[0] = static_cast<std::int64_t>(indices.size());
  Tensor out(sizes, of.dtype());
  kernels::take_rows(out.raw(), of.raw(), 0, indices);
  return out;
}

Tensor stack(const std::vector<Tensor>& parts) {
  Shape sizes = parts.front().sizes();
  sizes.insert(0, static_cast<std::int64_t>(parts.size()));
  Tensor out(sizes, parts.front().dtype());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!(parts[i].sizes() == parts.front().sizes())) {
      throw ShapeError("examples of different shapes in one batch: " +
                       to_string(parts.front().sizes()) + " and " + to_string(parts[i].sizes()));
    }
    const kernels::View row = out.raw().shifted(static_cast<std::int64_t>(i) * out.strides()[0]);
    kernels::copy(row.with(parts[i].sizes(), contiguous_strides(parts[i].sizes())), parts[i].raw());
  }
  return out;
}

}  // namespace

Example Dataset::get_batch(std::span<const std::int64_t> indices) const {
  check_not_empty(indices);
  std::vector<Tensor> inputs;
  std::vector<Tensor> targets;
  for (const std::int64_t i : indices) {
    Example example = get(i);
    inputs.push_back(std::move(example.input));
    targets.push_back(std::move(example.target));
  }
  return {stack(inputs), stack(targets)};
}

TensorDataset::TensorDataset(Tensor inputs, Tensor targets)
    : inputs_(std::move(inputs)), targets_(std::move(targets)) {
  if (inputs_.dim() < 1 || targets_.dim() < 1 || inputs_.size(0) != targets_.size(0)) {
    throw ShapeError("TensorDataset: needs as many inputs as targets, got " +
                     to_string(inputs_.sizes()) + " and " + to_string(targets_.sizes()));
  }
  inputs_ = inputs_.contiguous();
  targets_ = targets_.contiguous();
}

Example TensorDataset::get(std::int64_t i) const {
  check_index(i, size());
  return {squeeze(slice(inputs_, 0, i, i + 1), 0), squeeze(slice(targets_, 0, i, i + 1), 0)};
}

Example TensorDataset::get_batch(std::span<const std::int64_t> indices) const {
  check_not_empty(indices);
  for (const std::int64_t i : indices) check_index(i, size());
  return {rows_at(inputs_, indices), rows_at(targets_, indices)};
}

Subset::Subset(DatasetPtr of, std::vector<std::int64_t> indices)
    : of_(std::move(of)), indices_(std::move(indices)) {
  for (const std::int64_t i : indices_) check_index(i, of_->size());
}

DatasetPtr Subset::first(const DatasetPtr& of, std::int64_t count) {
  if (count >= of->size()) return of;
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  return std::make_shared<Subset>(of, std::move(indices));
}

Example Subset::get(std::int64_t i) const {
  check_index(i, size());
  return of_->get(indices_[static_cast<std::size_t>(i)]);
}

Example Subset::get_batch(std::span<const std::int64_t> indices) const {
  std::vector<std::int64_t> mapped;
  for (const std::int64_t i : indices) {
    check_index(i, size());
    mapped.push_back(indices_[static_cast<std::size_t>(i)]);
  }
  return of_->get_batch(mapped);
}

}  // namespace gradus::data
