// Transforms: changes of the inputs on their way into a batch, such as crops and flips.
//
//   "dataset": {"type": "cifar10", "transforms": [{"type": "random_crop", "padding": 4},
//                                                 {"type": "random_horizontal_flip"}]}
//
// They are applied in their order; the random ones to the training part only. What becomes of an
// example is a function of (seed, epoch, example, place in the list): the same bits for any number
// of threads, any batches, and after a restart. Shapes of inputs stay as they are.
//
// Those that mix the examples of a batch, inputs and targets (mixup, cutmix), are functions of
// (seed, epoch, first example of the batch, place in the list) and of the batch: the same bits for
// any number of threads and after a restart.
#pragma once

#include "framework/kernels/random.h"
#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"
#include "framework/train/dataset.h"

#include <span>

namespace gradus::data {

/// One image in memory, [channels, height, width], row-major. Of other examples the first dim is
/// the channels, and all else is one row.
struct ImageView {
  float* data;
  std::int64_t channels;
  std::int64_t height;
  std::int64_t width;

  [[nodiscard]] std::int64_t pixels() const { return height * width; }
  [[nodiscard]] float* channel(std::int64_t c) const { return data + c * pixels(); }
};

/// The random numbers of one transform for one example of one epoch.
class ExampleRandom {
 public:
  ExampleRandom(std::uint64_t seed, std::int64_t epoch, std::int64_t example, std::size_t place)
      : key_{seed,
             (static_cast<std::uint64_t>(place) + 1) << 40U | static_cast<std::uint64_t>(epoch)},
        next_(static_cast<std::uint64_t>(example) << 8U) {}
  /// In [0, 1).
  double uniform() { return static_cast<double>(below(std::uint64_t{1} << 53U)) * 0x1p-53; }
  /// In [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  /// Of a sequence of its own, for those that need more than 256 numbers.
  kernels::RandomKey key() {
    return {below(std::uint64_t{1} << 63U), below(std::uint64_t{1} << 63U)};
  }

 private:
  std::uint64_t below(std::uint64_t end) { return kernels::random_below(key_, next_++, end); }

  kernels::RandomKey key_;
  std::uint64_t next_;  // of the 256 numbers of an example
};

/// Thread rules: called from many threads at once.
class Transform {
 public:
  virtual ~Transform() = default;
  /// Changes the image in place.
  virtual void operator()(const ImageView& image, ExampleRandom& random) const = 0;
  /// Throws ShapeError for examples of a shape that it does not take.
  virtual void check(const Shape& example) const = 0;
  /// Whether the test part goes through it, too.
  [[nodiscard]] virtual bool is_for_testing() const { return false; }
};

/// A transform that mixes the examples of a batch. Of one image alone it makes nothing else.
class BatchTransform : public Transform {
 public:
  void operator()(const ImageView& /*image*/, ExampleRandom& /*random*/) const final {}
  /// The batch, mixed: new tensors, or those that came in where nothing changes. Inputs are float32
  /// and contiguous; targets are floating (see soft_labels()), or undefined. `random` is that of
  /// the batch.
  [[nodiscard]] virtual Example mix(const Example& batch, ExampleRandom& random) const = 0;
  void check(const Shape& /*example*/) const override {}
};

/// Labels, int64 [N] or [N, d...], as probabilities of the classes, float32 [N, classes] or
/// [N, classes, d...]; floating targets as they are. Throws ValueError for a label outside
/// [0, classes).
Tensor soft_labels(const Tensor& targets, std::int64_t classes);

/// The registry of transforms.
Registry<Transform>& transforms();

/// The "transforms" of a config: a list of names, and of objects with a "type".
class TransformList {
 public:
  TransformList();
  /// Throws ConfigError.
  TransformList(const Json& json, const std::string& path);
  /// With every option and its value.
  [[nodiscard]] const Json& resolved() const { return *resolved_; }
  [[nodiscard]] bool empty() const { return all_.empty(); }
  /// The name of the first one that mixes examples, whose labels become soft_labels(); or nothing.
  [[nodiscard]] std::string mixing() const;
  /// Those that the test part goes through, with the places that they have here.
  [[nodiscard]] TransformList for_testing() const;

  /// Throws DTypeError or ShapeError for an input of one example that is none for all of them.
  void check(const Tensor& example) const;
  /// A batch (inputs float32), changed; `examples` are their numbers in the data set. Throws as
  /// check() and soft_labels() do; `classes` is for those that mix.
  [[nodiscard]] Example operator()(Example batch, std::span<const std::int64_t> examples,
                                   std::uint64_t seed, std::int64_t epoch,
                                   std::int64_t classes = 0) const;
  /// The same of inputs alone.
  [[nodiscard]] Tensor operator()(const Tensor& inputs, std::span<const std::int64_t> examples,
                                  std::uint64_t seed, std::int64_t epoch) const {
    return (*this)({inputs, {}}, examples, seed, epoch).input;
  }

 private:
  struct Placed {
    std::shared_ptr<const Transform> transform;
    std::size_t place;
    const BatchTransform* mixes;  // the same, or null
  };
  void check(DType dtype, const Shape& example) const;
  // Runs `some`, none of which mixes, on each input where it lies.
  static void change_each(const Tensor& inputs, std::span<const Placed> some,
                          std::span<const std::int64_t> examples, std::uint64_t seed,
                          std::int64_t epoch);

  std::vector<Placed> all_;
  JsonValue resolved_;
};

}  // namespace gradus::data
