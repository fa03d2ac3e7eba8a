// Dataset: examples by number. Wrappers compose: a Subset of a Transformed data set is a data set.
//
// Thread rules: get() and get_batch() are const and may be called from any thread.
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace gradus::data {

/// One example, or a batch of them with one more dim in front.
struct Example {
  Tensor input;
  Tensor target;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  [[nodiscard]] virtual std::int64_t size() const = 0;
  /// Example i of [0, size()).
  [[nodiscard]] virtual Example get(std::int64_t i) const = 0;
  /// The examples of `indices` as one batch. By default get() for each; data in memory does better.
  [[nodiscard]] virtual Example get_batch(std::span<const std::int64_t> indices) const;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

/// Tensors in memory: row i of the inputs with row i of the targets. Those that are not contiguous
/// are copied.
class TensorDataset : public Dataset {
 public:
  TensorDataset(Tensor inputs, Tensor targets);
  [[nodiscard]] std::int64_t size() const override { return inputs_.size(0); }
  [[nodiscard]] Example get(std::int64_t i) const override;
  [[nodiscard]] Example get_batch(std::span<const std::int64_t> indices) const override;

 private:
  Tensor inputs_;
  Tensor targets_;
};

/// Some examples of another data set, in the order of `indices`.
class Subset : public Dataset {
 public:
  Subset(DatasetPtr of, std::vector<std::int64_t> indices);
  /// The first `count`, or all if there are fewer.
  static DatasetPtr first(const DatasetPtr& of, std::int64_t count);
  [[nodiscard]] std::int64_t size() const override {
    return static_cast<std::int64_t>(indices_.size());
  }
  [[nodiscard]] Example get(std::int64_t i) const override;
  [[nodiscard]] Example get_batch(std::span<const std::int64_t> indices) const override;

 private:
  DatasetPtr of_;
  std::vector<std::int64_t> indices_;
};

/// A function of each example.
class Transformed : public Dataset {
 public:
  using Function = std::function<Example(Example)>;
  Transformed(DatasetPtr of, Function function)
      : of_(std::move(of)), function_(std::move(function)) {}
  [[nodiscard]] std::int64_t size() const override { return of_->size(); }
  [[nodiscard]] Example get(std::int64_t i) const override { return function_(of_->get(i)); }

 private:
  DatasetPtr of_;
  Function function_;
};

/// What the targets of a data set are; it decides which metrics are measured by default.
enum class TargetKind {
  Labels,  ///< int64 numbers of classes
  Values,  ///< floating numbers to predict
  Binary   ///< floating zeros and ones
};

/// Makes inputs of what is not part of the data, as those of its parts were made: with the
/// categories, means and alphabets of the training part.
///
///   const Tensor inputs = trainer.data().reader->read("new.csv");
///
/// Thread rules: as a Dataset's.
class InputReader {
 public:
  virtual ~InputReader() = default;
  /// The inputs in a file, [N, ...] with DataSource::input_shape behind N, N >= 1. Throws FileError
  /// that names what is expected and what was found.
  [[nodiscard]] virtual Tensor read(const std::filesystem::path& path) const = 0;
};

/// A column of targets that has a name in the data.
struct TargetColumn {
  std::string name;
  std::vector<std::string> levels = {};  ///< of TargetKind::Binary: what 0 and 1 stand for
};

/// What a config's "dataset" gives: the two parts, and what a model must know of them.
struct DataSource {
  DatasetPtr train;
  DatasetPtr test;
  Shape input_shape;         ///< of one example
  std::int64_t outputs = 0;  ///< classes, or values to predict
  TargetKind targets = TargetKind::Labels;
  std::vector<std::string> classes = {};           ///< their names, where the data has any
  std::vector<TargetColumn> columns = {};          ///< of other targets than labels, likewise
  std::shared_ptr<const InputReader> reader = {};  ///< of new inputs; none where there can be none
};

/// The registry of data sets.
Registry<DataSource>& datasets();

}  // namespace gradus::data
