// npy and npz: arrays that NumPy has saved. Row i of the inputs belongs to row i of the targets.
// The test part is arrays of its own, or a share of the rows.
#include "datasets/npy.h"
#include "datasets/split.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/comparison.h"
#include "framework/ops/reduction.h"
#include "framework/ops/views.h"
#include "framework/train/dataset.h"

#include <algorithm>
#include <cmath>

namespace gradus::data {
namespace {

struct ArrayOptions {
  std::string inputs;
  std::string targets;
  std::string test_inputs;
  std::string test_targets;
  double test_ratio = 0.2;
  bool stratify = false;
  std::int64_t seed = 0;
  std::string task = "auto";
  std::int64_t classes = 0;
  bool tokens = false;
  double mean = 0;
  double std = 1;

  void describe(OptionReader& o, const std::string& what) {
    o.required()("inputs", inputs, (what + " of the inputs, [rows, ...]").c_str());
    o.required()("targets", targets, (what + " of the targets, [rows] or [rows, ...]").c_str());
    o("test_inputs", test_inputs,
      (what + " of the test part's inputs; empty: a share of the rows").c_str());
    o("test_targets", test_targets, (what + " of its targets").c_str());
    o("test_ratio", test_ratio, "that share", {.above = 0, .below = 1});
    o("stratify", stratify, "whether each class gives the same share (classification)");
    o("seed", seed, "of the choice of those rows", {.min = 0});
    o("task", task,
      "classification: labels from 0 on; regression: numbers; binary: zeros and ones; auto: "
      "classification for integers, else regression",
      {"auto", "classification", "regression", "binary"});
    o("classes", classes, "how many there are; 0: as many as the largest label says", {.min = 0});
    o("tokens", tokens, "whether inputs are int64 tokens; if not, they become float32");
    o("mean", mean, "subtracted from inputs that become float32");
    o("std", std, "what those are divided by afterwards", {.above = 0});
    if (test_inputs.empty() != test_targets.empty()) {
      throw ConfigError(o.path() + (test_inputs.empty() ? "/test_inputs" : "/test_targets"),
                        "missing; the test part needs both inputs and targets");
    }
  }
};

struct NpyOptions : ArrayOptions {
  void describe(OptionReader& o) { ArrayOptions::describe(o, ".npy file"); }
};

struct NpzOptions : ArrayOptions {
  std::string path;
  void describe(OptionReader& o) {
    o.required()("path", path, "the .npz file");
    ArrayOptions::describe(o, "name of the array");
  }
};

// An array, and what messages call it.
struct Named {
  std::string name;
  Tensor tensor;
};

// Throws where a floating array is not finite, which would be found late and far away.
void check_finite(const Named& array) {
  if (!array.tensor.is_floating_point() || all(isfinite(array.tensor)).item<bool>()) return;
  const auto values = array.tensor.to_vector<double>();
  const auto bad = std::find_if(values.begin(), values.end(),
                                [](double value) { return !std::isfinite(value); });
  throw FileError(array.name + ": element " + std::to_string(bad - values.begin()) +
                  " (in row-major order) is " + (std::isnan(*bad) ? "NaN" : "infinite") +
                  "; replace such elements, or take their rows out");
}

Tensor as_inputs(const Named& array, const ArrayOptions& options) {
  if (array.tensor.dim() < 1) throw FileError(array.name + ": a single number, expected rows");
  check_finite(array);
  if (options.tokens) {
    if (array.tensor.is_floating_point()) {
      throw FileError(array.name + ": tokens are integers, got " +
                      std::string(name_of(array.tensor.dtype())));
    }
    return array.tensor.to(kInt64);
  }
  Tensor numbers = array.tensor.to(kFloat64);
  if (options.mean != 0 || options.std != 1) numbers = (numbers - options.mean) / options.std;
  numbers = numbers.to(kFloat32);
  check_finite({array.name + " as float32", numbers});
  return numbers.dim() == 1 ? numbers.unsqueeze(1) : numbers;
}

class ArrayReader : public InputReader {
 public:
  ArrayReader(ArrayOptions options, const Shape& example)
      : options_(std::move(options)), example_(example) {}
  [[nodiscard]] Tensor read(const std::filesystem::path& path) const override {
    const Named array = {path.string(), read_npy(path)};
    Tensor inputs = as_inputs(array, options_);
    Shape found = inputs.sizes();
    found.erase(0);
    if (!(found == example_)) {
      throw FileError(array.name + ": has shape " + to_string(array.tensor.sizes()) +
                      ", expected rows of " + to_string(example_) +
                      ", as the inputs to train on are");
    }
    if (inputs.size(0) == 0) throw FileError(array.name + ": there are no rows in it");
    return inputs;
  }

 private:
  ArrayOptions options_;
  Shape example_;
};

TargetKind kind_of(const Named& targets, const ArrayOptions& options) {
  if (options.task == "classification") return TargetKind::Labels;
  if (options.task == "binary") return TargetKind::Binary;
  if (options.task == "regression") return TargetKind::Values;
  return targets.tensor.is_floating_point() ? TargetKind::Values : TargetKind::Labels;
}

Tensor as_labels(const Named& array, std::int64_t classes) {
  if (array.tensor.is_floating_point()) {
    throw FileError(array.name + ": labels are integers, got " +
                    std::string(name_of(array.tensor.dtype())) +
                    "; save them as int64, or set \"task\"");
  }
  const Tensor labels = array.tensor.to(kInt64);
  const auto values = labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && (classes == 0 || values[i] < classes)) continue;
    throw FileError(array.name + ": label " + std::to_string(values[i]) + " at " +
                    std::to_string(i) + " is outside " +
                    (classes == 0 ? "[0, ...)" : "[0, " + std::to_string(classes) + ")"));
  }
  return labels;
}

Tensor as_targets(const Named& array, TargetKind kind, std::int64_t classes) {
  if (array.tensor.dim() < 1) throw FileError(array.name + ": a single number, expected rows");
  if (kind == TargetKind::Labels) return as_labels(array, classes);
  check_finite(array);
  Tensor values = array.tensor.to(kFloat32);
  check_finite({array.name + " as float32", values});
  if (kind == TargetKind::Binary && !all(eq(values * values, values)).item<bool>()) {
    throw FileError(array.name + ": targets of task \"binary\" are zeros and ones");
  }
  return values.dim() == 1 ? values.unsqueeze(1) : values;
}

struct Arrays {
  Named inputs;
  Named targets;
};

DatasetPtr as_dataset(const Arrays& arrays, TargetKind kind, std::int64_t classes,
                      const ArrayOptions& options) {
  const Tensor inputs = as_inputs(arrays.inputs, options);
  const Tensor targets = as_targets(arrays.targets, kind, classes);
  if (inputs.size(0) != targets.size(0)) {
    throw FileError(arrays.inputs.name + " has " + std::to_string(inputs.size(0)) + " rows, " +
                    arrays.targets.name + " " + std::to_string(targets.size(0)));
  }
  if (inputs.size(0) == 0) throw FileError(arrays.inputs.name + ": there are no rows in it");
  return std::make_shared<TensorDataset>(inputs, targets);
}

Parts split(const Arrays& arrays, TargetKind kind, std::int64_t classes,
            const ArrayOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  if (!options.stratify) {
    return split_rows(arrays.targets.tensor.size(0), options.test_ratio, seed);
  }
  if (kind != TargetKind::Labels || arrays.targets.tensor.dim() != 1) {
    throw ConfigError("/dataset/stratify",
                      "there is no class to each row; it is for labels [rows]");
  }
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < classes; ++c) names.push_back(std::to_string(c));
  return split_stratified(arrays.targets.tensor.to_vector<std::int64_t>(), names,
                          options.test_ratio, seed);
}

void check_alike(const Example& train, const Example& test, const std::string& name) {
  if (train.input.sizes() == test.input.sizes() && train.target.sizes() == test.target.sizes()) {
    return;
  }
  throw FileError(name + ": examples " + to_string(test.input.sizes()) + " -> " +
                  to_string(test.target.sizes()) + ", but those to train on are " +
                  to_string(train.input.sizes()) + " -> " + to_string(train.target.sizes()));
}

std::int64_t largest_label(const Tensor& labels) {
  return labels.numel() == 0 ? 0 : max(labels.to(kInt64)).item<std::int64_t>();
}

// read(name) gives an array.
template <class Read>
std::shared_ptr<DataSource> load(const ArrayOptions& options, Read read) {
  const auto both = [&](const std::string& inputs, const std::string& targets) {
    return Arrays{read(inputs), read(targets)};
  };
  const Arrays train = both(options.inputs, options.targets);
  const bool has_test = !options.test_inputs.empty();
  const Arrays test = has_test ? both(options.test_inputs, options.test_targets) : train;
  DataSource source;
  source.targets = kind_of(train.targets, options);
  std::int64_t classes = options.classes;
  if (source.targets == TargetKind::Labels && classes == 0) {
    classes = 1 + std::max(largest_label(train.targets.tensor), largest_label(test.targets.tensor));
  }
  source.train = as_dataset(train, source.targets, options.classes, options);
  const Example first = source.train->get(0);
  if (has_test) {
    source.test = as_dataset(test, source.targets, options.classes, options);
    check_alike(first, source.test->get(0), test.inputs.name);
  } else {
    const Parts parts = split(train, source.targets, classes, options);
    source.test = std::make_shared<Subset>(source.train, parts.test);
    source.train = std::make_shared<Subset>(source.train, parts.train);
  }
  source.input_shape = first.input.sizes();
  source.reader = std::make_shared<ArrayReader>(options, source.input_shape);
  source.outputs = source.targets == TargetKind::Labels ? classes : first.target.numel();
  return std::make_shared<DataSource>(std::move(source));
}

std::shared_ptr<DataSource> load_npy(const NpyOptions& options) {
  return load(options, [](const std::string& path) { return Named{path, read_npy(path)}; });
}

std::shared_ptr<DataSource> load_npz(const NpzOptions& options) {
  return load(options, [&](const std::string& name) {
    return Named{options.path + "[" + name + "]", read_npz(options.path, name)};
  });
}

const bool kRegistered[] = {
    datasets().add<NpyOptions>("npy", "arrays in .npy files of NumPy", load_npy),
    datasets().add<NpzOptions>("npz", "arrays in an .npz file of NumPy", load_npz),
};

}  // namespace
}  // namespace gradus::data
