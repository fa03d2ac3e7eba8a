// Memory stays flat in training whose shapes never settle: random batch sizes, lengths of sequences
// and sizes of images, thousands of steps long. Caches fill up in the warm-up; from then on the
// resident set may grow by 2 %.
//
// A short version runs with the other tests. The whole one, 10,000 steps a net, tells what each
// thousand of them came to:
//
//   GRADUS_LONG_RUN=10000 build/release/tests/train_tests --gtest_filter='LongRun*'
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include "framework/kernels/memory.h"
#include "framework/kernels/primitive_cache.h"
#include "framework/tensor/creation.h"
#include "framework/train/trainer.h"

#include <malloc.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <random>

#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = false;  // they keep what is freed
#else
constexpr bool kMeasures = true;
#endif

template <class T>
double megabytes(T bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  statm >> all >> resident;
  return megabytes(resident * ::sysconf(_SC_PAGESIZE));
}

std::int64_t steps_or(std::int64_t otherwise) {
  const char* steps = std::getenv("GRADUS_LONG_RUN");
  return steps == nullptr ? otherwise : std::atoll(steps);
}

bool is_told() {
  return std::getenv("GRADUS_LONG_RUN") != nullptr;
}

// The resident set while steps go on; a fifth of them are the warm-up.
class Watch {
 public:
  explicit Watch(std::int64_t steps) : steps_(steps), warm_up_(steps / 5) {}

  void after(std::int64_t step) {
    const double now = resident_megabytes();
    if (step == warm_up_) before_ = now;
    if (is_told() && step % 1000 == 0) {
      const MemoryStats pool = memory_stats();
      const struct mallinfo2 heap = ::mallinfo2();  // the main arena's, but for those of mmap
      std::printf(
          "  step %6lld: %.1f MB resident, pool %.1f MB, %zu primitives, heap %.1f MB in use, "
          "%.1f MB free, %.1f MB mapped\n",
          static_cast<long long>(step), now, megabytes(pool.in_use + pool.cached),
          kernels::primitive_cache_size(), megabytes(heap.uordblks), megabytes(heap.fordblks),
          megabytes(heap.hblkhd));
      std::fflush(stdout);
    }
    if (step == steps_) after_ = now;
  }
  [[nodiscard]] double growth() const { return after_ / before_ - 1; }
  [[nodiscard]] std::string text() const {
    return std::to_string(before_) + " MB after the warm-up, " + std::to_string(after_) +
           " MB after step " + std::to_string(steps_);
  }

 private:
  std::int64_t steps_, warm_up_;
  double before_ = 0, after_ = 0;
};

struct Net {
  const char* name;
  const char* dataset;
  const char* model;
  std::int64_t quick_steps;
};

const Net kNets[] = {
    {"mlp", R"({"input_shape": [20], "outputs": 5})", R"({"type": "mlp", "hidden": [32, 16]})",
     3000},
    {"lstm", R"({"input_shape": [16], "outputs": 20, "target": "token"})",
     R"({"type": "char_lstm", "embedding": 8, "hidden": 16, "dropout": 0.1})", 1000},
    {"gpt", R"({"input_shape": [24], "outputs": 20, "target": "token"})",
     R"({"type": "gpt", "layers": 2, "heads": 2, "embedding": 16, "dropout": 0.1})", 1000},
    {"conv", R"({"input_shape": [3, 20, 20], "outputs": 4})", R"({"type": "resnet", "depth": 8})",
     500},
};

Config config_of(const Net& net) {
  Json json = {{"dataset", Json::parse(net.dataset)},
               {"model", Json::parse(net.model)},
               {"loss", {{"type", "cross_entropy"}}},
               {"optimizer", {{"type", "adam"}}}};
  json["dataset"]["type"] = "random";
  return Config(json);
}

// Up to 24 examples; each size of an example but the channels is at most what the data has.
data::Example random_batch(const data::DataSource& data, std::mt19937& random) {
  const auto draw = [&](std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
  };
  const std::int64_t count = draw(1, 24);
  const Shape& shape = data.input_shape;
  if (data.train->get(0).target.dim() == 1) {
    const std::int64_t length = draw(2, shape[0]);
    return {randint(data.outputs, {count, length}), randint(data.outputs, {count, length})};
  }
  Shape sizes = shape;
  if (shape.size() == 3) {
    sizes[1] = draw(8, shape[1]);
    sizes[2] = draw(8, shape[2]);
  }
  sizes.insert(0, count);
  return {randn(sizes), randint(data.outputs, {count})};
}

class LongRun : public testing::TestWithParam<Net> {};

TEST_P(LongRun, keeps_its_memory_whatever_the_shapes) {
  const Net& net = GetParam();
  const std::int64_t steps = steps_or(kMeasures ? net.quick_steps : 100);
  Trainer trainer(config_of(net));
  std::mt19937 random(1);
  Watch watch(steps);
  for (std::int64_t step = 1; step <= steps; ++step) {
    ASSERT_TRUE(std::isfinite(trainer.step(random_batch(trainer.data(), random))));
    watch.after(step);
  }
  if (kMeasures) {
    EXPECT_LE(watch.growth(), 0.02) << watch.text();
  }
}

INSTANTIATE_TEST_SUITE_P(Nets, LongRun, testing::ValuesIn(kNets),
                         [](const auto& each) { return std::string(each.param.name); });

// Epochs of the loader with a ragged last batch, evaluations and checkpoints.
TEST(LongRunOfTheTrainer, keeps_its_memory) {
  const std::int64_t steps = steps_or(kMeasures ? 2000 : 100);
  Json json = *config_of(kNets[0]).resolved;
  json["dataset"]["size"] = 100;
  json["dataset"]["test_size"] = 30;
  json["batch_size"] = 11;
  json["epochs"] = steps / 10;  // of ten steps
  Watch watch(steps / 10 * 10);
  std::int64_t step = 0;
  const test::TempDir folder;
  Trainer trainer{Config(json)};
  trainer.train({.out = folder / "run", .stop_requested = [&] {
                   watch.after(++step);
                   return false;
                 }});
  EXPECT_EQ(step, steps / 10 * 10);
  if (kMeasures) {
    EXPECT_LE(watch.growth(), 0.02) << watch.text();
  }
}

}  // namespace
}  // namespace gradus
