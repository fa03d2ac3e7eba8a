// random: examples drawn from a seed, of any shape and kind. There is nothing in them to learn: for
// measurements and trials of models that have no data at hand.
#include "framework/tensor/creation.h"
#include "framework/tensor/sampling.h"
#include "framework/train/dataset.h"

namespace gradus::data {
namespace {

struct RandomOptions {
  std::vector<std::int64_t> input_shape = {784};
  std::int64_t outputs = 10;
  std::string target = "class";
  std::int64_t size = 8192;
  std::int64_t test_size = 256;
  std::int64_t seed = 1;

  void describe(OptionReader& o) {
    o("input_shape", input_shape, "of one example; for tokens their number", {.min = 1});
    o("outputs", outputs, "classes, values, or the size of the vocabulary", {.min = 1});
    o("target", target,
      "class: a label; value: normal numbers; binary: zeros and ones; token: the inputs are "
      "tokens, "
      "the targets those that follow them",
      {"class", "value", "binary", "token"});
    o("size", size, "training examples", {.min = 1});
    o("test_size", test_size, "test examples", {.min = 1});
    o("seed", seed, "of all numbers", {.min = 0});
    if (target == "token" && input_shape.size() != 1) {
      throw ConfigError(o.path() + "/input_shape", "of tokens it is one number, got " +
                                                       to_string(Shape(std::span(input_shape))));
    }
  }
};

DatasetPtr draw_tokens(const RandomOptions& options, std::int64_t count, Generator& generator) {
  const std::int64_t length = options.input_shape[0];
  const Tensor text = randint(options.outputs, {count, length + 1}, kInt64, generator);
  const Tensor inputs({count, length}, kInt64);
  const Tensor targets({count, length}, kInt64);
  const auto* from = text.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i, from += length + 1) {
    std::copy_n(from, length, inputs.data_ptr<std::int64_t>() + i * length);
    std::copy_n(from + 1, length, targets.data_ptr<std::int64_t>() + i * length);
  }
  return std::make_shared<TensorDataset>(inputs, targets);
}

DatasetPtr draw(const RandomOptions& options, std::int64_t count, Generator& generator) {
  if (options.target == "token") return draw_tokens(options, count, generator);
  Shape sizes{std::span(options.input_shape)};
  sizes.insert(0, count);
  const Tensor inputs = randn(sizes, kFloat32, generator);
  const Shape values = {count, options.outputs};
  Tensor targets;
  if (options.target == "class") {
    targets = randint(options.outputs, {count}, kInt64, generator);
  } else if (options.target == "value") {
    targets = randn(values, kFloat32, generator);
  } else {
    targets = randint(2, values, kFloat32, generator);
  }
  return std::make_shared<TensorDataset>(inputs, targets);
}

std::shared_ptr<DataSource> make(const RandomOptions& options) {
  Generator generator(static_cast<std::uint64_t>(options.seed));
  DatasetPtr train = draw(options, options.size, generator);
  DatasetPtr test = draw(options, options.test_size, generator);
  const TargetKind targets = options.target == "value"    ? TargetKind::Values
                             : options.target == "binary" ? TargetKind::Binary
                                                          : TargetKind::Labels;
  return std::make_shared<DataSource>(DataSource{std::move(train), std::move(test),
                                                 Shape(std::span(options.input_shape)),
                                                 options.outputs, targets});
}

const bool kRegistered = datasets().add<RandomOptions>(
    "random", "random numbers of any shape, to measure and to try with", make);

}  // namespace
}  // namespace gradus::data
