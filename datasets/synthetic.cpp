// xor, spirals, moons, sine and linear: small problems that are drawn from a seed. The examples of
// a part are the same however many there are of them or of the other part's.
#include "framework/tensor/creation.h"
#include "framework/tensor/sampling.h"
#include "framework/train/dataset.h"

#include <cmath>
#include <numbers>

namespace gradus::data {
namespace {

using std::numbers::pi;

struct SyntheticOptions {
  std::int64_t size = 1000;
  std::int64_t test_size = 1000;
  double noise = 0.1;
  std::int64_t seed = 1;

  void describe_with(OptionReader& o, const char* noise_doc) {
    o("size", size, "training examples", {.min = 1});
    o("test_size", test_size, "test examples", {.min = 1});
    o("noise", noise, noise_doc, {.min = 0});
    o("seed", seed, "of all numbers", {.min = 0});
  }
};

constexpr const char* kPointNoise =
    "standard deviation of what is added to the points, after they have their labels";
constexpr const char* kValueNoise = "standard deviation of what is added to the targets";

struct XorOptions : SyntheticOptions {
  void describe(OptionReader& o) { describe_with(o, kPointNoise); }
};

struct MoonsOptions : SyntheticOptions {
  void describe(OptionReader& o) { describe_with(o, kPointNoise); }
};

struct SpiralsOptions : SyntheticOptions {
  std::int64_t classes = 2;
  double turns = 1;
  SpiralsOptions() { noise = 0.02; }
  void describe(OptionReader& o) {
    describe_with(o, kPointNoise);
    o("classes", classes, "arms of the spiral", {.min = 2});
    o("turns", turns, "how often each goes round", {.above = 0});
  }
};

struct SineOptions : SyntheticOptions {
  double frequency = 1;
  void describe(OptionReader& o) {
    describe_with(o, kValueNoise);
    o("frequency", frequency, "periods within the inputs, [-pi, pi]", {.above = 0});
  }
};

struct LinearOptions : SyntheticOptions {
  std::int64_t features = 3;
  std::int64_t outputs = 1;
  void describe(OptionReader& o) {
    describe_with(o, kValueNoise);
    o("features", features, "inputs of an example", {.min = 1});
    o("outputs", outputs, "targets of an example", {.min = 1});
  }
};

using Numbers = std::vector<double>;

Numbers uniform(std::int64_t count, Generator& generator) {
  return rand({count}, kFloat64, generator).to_vector<double>();
}

Numbers normal(std::int64_t count, double std, Generator& generator) {
  Numbers numbers = randn({count}, kFloat64, generator).to_vector<double>();
  for (double& each : numbers) each *= std;
  return numbers;
}

Tensor as_rows(const Numbers& numbers, std::int64_t width) {
  return tensor(numbers).to(kFloat32).reshape(
      {static_cast<std::int64_t>(numbers.size()) / width, width});
}

// Points in the plane with labels; place(i, two uniform numbers) gives a point and its label.
struct Labelled {
  std::array<double, 2> point;
  std::int64_t label;
};

template <class Place>
DatasetPtr draw_points(std::int64_t count, double noise, Generator& generator, Place place) {
  const Numbers uniforms = uniform(2 * count, generator);
  Numbers points = normal(2 * count, noise, generator);
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < points.size(); i += 2) {
    const Labelled drawn =
        place(static_cast<std::int64_t>(i / 2), std::array{uniforms[i], uniforms[i + 1]});
    points[i] += drawn.point[0];
    points[i + 1] += drawn.point[1];
    labels.push_back(drawn.label);
  }
  return std::make_shared<TensorDataset>(as_rows(points, 2), tensor(labels));
}

template <class Place>
std::shared_ptr<DataSource> make_points(const SyntheticOptions& options, std::int64_t classes,
                                        Place place) {
  Generator generator(static_cast<std::uint64_t>(options.seed));
  DatasetPtr train = draw_points(options.size, options.noise, generator, place);
  DatasetPtr test = draw_points(options.test_size, options.noise, generator, place);
  return std::make_shared<DataSource>(
      DataSource{std::move(train), std::move(test), {2}, classes, TargetKind::Labels});
}

std::shared_ptr<DataSource> make_xor(const XorOptions& options) {
  return make_points(options, 2, [](std::int64_t /*i*/, const std::array<double, 2>& u) {
    const std::array<double, 2> point = {2 * u[0] - 1, 2 * u[1] - 1};
    return Labelled{point, (point[0] > 0) != (point[1] > 0) ? 1 : 0};
  });
}

std::shared_ptr<DataSource> make_moons(const MoonsOptions& options) {
  return make_points(options, 2, [](std::int64_t i, const std::array<double, 2>& u) {
    const double x = std::cos(pi * u[0]);
    const double y = std::sin(pi * u[0]);
    return i % 2 == 0 ? Labelled{{x, y}, 0} : Labelled{{1 - x, 0.5 - y}, 1};
  });
}

std::shared_ptr<DataSource> make_spirals(const SpiralsOptions& options) {
  const auto place = [&](std::int64_t i, const std::array<double, 2>& u) {
    const std::int64_t label = i % options.classes;
    const double arm = static_cast<double>(label) / static_cast<double>(options.classes);
    const double angle = 2 * pi * (options.turns * u[0] + arm);
    return Labelled{{u[0] * std::cos(angle), u[0] * std::sin(angle)}, label};
  };
  return make_points(options, options.classes, place);
}

// draw(count) gives the inputs of a part and their values without noise.
template <class Draw>
std::shared_ptr<DataSource> make_values(const SyntheticOptions& options, std::int64_t features,
                                        std::int64_t outputs, Generator& generator, Draw draw) {
  const auto part = [&](std::int64_t count) {
    auto [inputs, targets] = draw(count);
    const Numbers noise = normal(count * outputs, options.noise, generator);
    for (std::size_t i = 0; i < noise.size(); ++i) targets[i] += noise[i];
    return std::make_shared<TensorDataset>(as_rows(inputs, features), as_rows(targets, outputs));
  };
  DatasetPtr train = part(options.size);
  DatasetPtr test = part(options.test_size);
  return std::make_shared<DataSource>(
      DataSource{std::move(train), std::move(test), {features}, outputs, TargetKind::Values});
}

std::shared_ptr<DataSource> make_sine(const SineOptions& options) {
  Generator generator(static_cast<std::uint64_t>(options.seed));
  return make_values(options, 1, 1, generator, [&](std::int64_t count) {
    Numbers inputs = uniform(count, generator);
    Numbers targets;
    for (double& x : inputs) {
      x = pi * (2 * x - 1);
      targets.push_back(std::sin(options.frequency * x));
    }
    return std::pair(std::move(inputs), std::move(targets));
  });
}

std::shared_ptr<DataSource> make_linear(const LinearOptions& options) {
  Generator generator(static_cast<std::uint64_t>(options.seed));
  const auto features = static_cast<std::size_t>(options.features);
  const auto outputs = static_cast<std::size_t>(options.outputs);
  const Numbers weights = normal(options.outputs * options.features, 1, generator);
  const Numbers biases = normal(options.outputs, 1, generator);
  return make_values(options, options.features, options.outputs, generator,
                     [&](std::int64_t count) {
                       Numbers inputs = normal(count * options.features, 1, generator);
                       Numbers targets(static_cast<std::size_t>(count) * outputs);
                       for (std::size_t i = 0; i < targets.size(); ++i) {
                         const std::size_t row = i / outputs * features;
                         const std::size_t output = i % outputs;
                         targets[i] = biases[output];
                         for (std::size_t f = 0; f < features; ++f) {
                           targets[i] += weights[output * features + f] * inputs[row + f];
                         }
                       }
                       return std::pair(std::move(inputs), std::move(targets));
                     });
}

const bool kRegistered[] = {
    datasets().add<XorOptions>("xor", "points of a square; the label is whether signs differ",
                               make_xor),
    datasets().add<MoonsOptions>("moons", "two half circles that reach into each other",
                                 make_moons),
    datasets().add<SpiralsOptions>("spirals", "arms of a spiral, one for each class", make_spirals),
    datasets().add<SineOptions>("sine", "the sine of a number, to predict", make_sine),
    datasets().add<LinearOptions>("linear", "a weighted sum of normal numbers, to predict",
                                  make_linear),
};

}  // namespace
}  // namespace gradus::data
