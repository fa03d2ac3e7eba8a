// Training against PyTorch: the models that are registered, 50 steps on the real Fashion-MNIST,
// with the losses of golden/training.json.
#include "framework/nn/loss.h"
#include "framework/train/dataset.h"
#include "framework/train/model.h"
#include "framework/train/optimizer.h"

#include <numeric>

#include "tests/support/golden.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

constexpr char kData[] = "/usr/share/datasets/fashion-mnist";
// Relative. Measured: 6e-7 in float32 (3e-6 when only the rounding differs), 5e-16 in float64.
constexpr double kFloatTolerance = 1e-4;
constexpr double kDoubleTolerance = 1e-12;
constexpr std::int64_t kAllSteps = 50;
constexpr std::int64_t kNaiveSteps = 2;  // float64 convolutions are naive loops

const Json& file() {
  static const Json kFile = golden::load("training.json");
  return kFile;
}

const data::DataSource& fashion_mnist() {
  static const auto kSource = data::datasets().make({{"type", "fashion_mnist"}, {"path", kData}});
  return *kSource;
}

// The Lcg of make_golden.py.
class Lcg {
 public:
  explicit Lcg(std::uint64_t seed) : state_(seed) {}
  /// In [-bound, bound).
  double uniform(double bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (2 * static_cast<double>(state_ >> 40U) / (1U << 24U) - 1) * bound;
  }

 private:
  std::uint64_t state_;
};

// A layer's weight and bias are both drawn within 1 / sqrt(fan in).
void fill_parameters(const nn::Module& model, std::uint64_t seed) {
  Lcg lcg(seed);
  double bound = 0;
  for (const auto& [name, parameter] : model.named_parameters()) {
    if (parameter.dim() > 1) {
      bound = 1 / std::sqrt(static_cast<double>(parameter.numel() / parameter.size(0)));
    }
    float* values = parameter.data_ptr<float>();
    for (std::int64_t i = 0; i < parameter.numel(); ++i) {
      values[i] = static_cast<float>(lcg.uniform(bound));
    }
  }
}

struct Run {
  std::string model;
  std::string optimizer;
  DType dtype = kFloat32;

  [[nodiscard]] const Json& golden() const { return file().at(model).at(optimizer); }
  [[nodiscard]] std::int64_t steps() const {
    return model == "cnn" && dtype == kFloat64 ? kNaiveSteps : kAllSteps;
  }
  [[nodiscard]] std::vector<double> expected() const {
    std::vector<double> losses = golden().at(dtype == kFloat64 ? "losses_f64" : "losses");
    EXPECT_EQ(losses.size(), static_cast<std::size_t>(kAllSteps));
    losses.resize(static_cast<std::size_t>(steps()));
    return losses;
  }
  [[nodiscard]] std::string name() const {
    return model + "_" + optimizer + "_" + std::string(name_of(dtype));
  }
  friend void PrintTo(const Run& self, std::ostream* out) { *out << self.name(); }
};

// The loss of each step, before its update.
std::vector<double> train(const Run& run) {
  const data::DataSource& source = fashion_mnist();
  const auto model = models().make({{"type", run.model}}, {source.input_shape, source.outputs});
  fill_parameters(*model, run.golden().at("seed"));
  model->to(run.dtype);
  Json config = {{"type", run.optimizer}};
  config.update(run.golden().at("options"));
  const auto optimizer = optim::optimizers().make(config, model->named_parameters());

  std::vector<std::int64_t> indices(file().at("about").at("batch").get<std::size_t>());
  std::iota(indices.begin(), indices.end(), 0);
  std::vector<double> losses;
  for (std::int64_t step = 0; step < run.steps(); ++step) {
    const data::Example batch = source.train->get_batch(indices);
    for (std::int64_t& i : indices) i += static_cast<std::int64_t>(indices.size());
    optimizer->zero_grad();
    const Tensor loss = cross_entropy((*model)(batch.input.to(run.dtype)), batch.target);
    loss.backward();
    optimizer->step();
    losses.push_back(loss.item<double>());
  }
  return losses;
}

double largest_difference(const std::vector<double>& actual, const std::vector<double>& expected) {
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(actual[i] - expected[i]) / std::abs(expected[i]));
  }
  return largest;
}

class GoldenTraining : public testing::TestWithParam<Run> {};

TEST_P(GoldenTraining, losses_are_those_of_pytorch) {
  ASSERT_TRUE(std::filesystem::exists(kData))
      << "there is no Fashion-MNIST in " << kData << "; install Debian's dataset-fashion-mnist";
  const std::vector<double> expected = GetParam().expected();
  const std::vector<double> losses = train(GetParam());
  const double tolerance = GetParam().dtype == kFloat64 ? kDoubleTolerance : kFloatTolerance;
  golden::expect_close(tensor(losses), tensor(expected), {.relative = tolerance});
  const double largest = largest_difference(losses, expected);
  RecordProperty("largest_relative_difference", testing::PrintToString(largest));
}

INSTANTIATE_TEST_SUITE_P(Runs, GoldenTraining,
                         testing::Values(Run{"mlp", "sgd"}, Run{"mlp", "adam"}, Run{"mlp", "adamw"},
                                         Run{"cnn", "sgd"}, Run{"cnn", "adam"}, Run{"cnn", "adamw"},
                                         Run{"mlp", "sgd", kFloat64}, Run{"mlp", "adam", kFloat64},
                                         Run{"mlp", "adamw", kFloat64}, Run{"cnn", "sgd", kFloat64},
                                         Run{"cnn", "adam", kFloat64},
                                         Run{"cnn", "adamw", kFloat64}),
                         golden::NameOfCase());

}  // namespace
}  // namespace gradus
