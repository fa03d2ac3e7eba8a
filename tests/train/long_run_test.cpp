// Memory stays flat over many steps of random batch sizes and sequence lengths: once caches are
// filled and every shape came several times, a step takes nothing that it does not give back.
//
// As it stands this takes seconds, of few shapes. tools/long_run runs it for longer, by
//   GRADUS_LONG_RUN_STEPS  steps of each net, of up to 32 examples and, of texts, 32 tokens;
//                          half as many before them are not looked at
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <random>

#include "framework/ops/views.h"
#include "framework/train/trainer.h"
#include "tests/support/json.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kInstrumented = true;  // what a process holds says little then
#else
constexpr bool kInstrumented = false;
#endif

constexpr double kGrowth = 1.02;

struct Net {
  const char* name;
  const char* model;
  bool is_text;
};

void PrintTo(const Net& net, std::ostream* out) {
  *out << net.name;
}

const Net kNets[] = {
    {"mlp", R"({"type": "mlp", "hidden": [64, 32]})", false},
    {"cnn", R"({"type": "cnn"})", false},
    {"resnet", R"({"type": "resnet", "depth": 8})", false},
    {"lstm", R"({"type": "char_lstm", "embedding": 16, "hidden": 32, "dropout": 0.2})", true},
    {"gpt", R"({"type": "gpt", "layers": 2, "heads": 2, "embedding": 32, "dropout": 0.2})", true}};

/// Bytes, of this process.
struct Memory {
  std::int64_t tensors = 0;   ///< in tensors
  std::int64_t heap = 0;      ///< in all that was allocated and not freed, the pool of tensors too
  std::int64_t resident = 0;  ///< in pages

  static Memory now() {
    const struct mallinfo2 heap = ::mallinfo2();
    std::int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    return {memory_stats().in_use, static_cast<std::int64_t>(heap.uordblks + heap.hblkhd),
            pages * ::sysconf(_SC_PAGESIZE)};
  }
  void raise_to(const Memory& other) {
    tensors = std::max(tensors, other.tensors);
    heap = std::max(heap, other.heap);
    resident = std::max(resident, other.resident);
  }
};

std::ostream& operator<<(std::ostream& out, const Memory& memory) {
  return out << memory.tensors << " B in tensors, " << memory.heap << " B allocated, "
             << memory.resident / 1024 << " kB resident";
}

/// How many steps, of which shapes.
struct Plan {
  std::int64_t steps = kInstrumented ? 60 : 400;
  std::int64_t batch = 6;
  std::int64_t length = 4;

  static Plan wanted() {
    const char* steps = std::getenv("GRADUS_LONG_RUN_STEPS");
    return steps == nullptr ? Plan() : Plan{std::stoll(steps), 32, 32};
  }
};

class LongRun : public testing::TestWithParam<Net> {
 protected:
  Config config() const {
    test::write_small_data(folder_.path());
    Json json =
        test::parse_json(R"({"optimizer": {"type": "adam"}, "loss": {"type": "cross_entropy"},
                                "batch_size": 32, "clip_grad_norm": 1, "epochs": 1})");
    json["model"] = test::parse_json(GetParam().model);
    json["dataset"] = {{"type", "fashion_mnist"}, {"path", folder_.path().string()}};
    if (GetParam().is_text) json["dataset"] = {{"type", "text"}, {"length", plan_.length}};
    return Config(json);
  }

  // Every shape once, in an order of chance.
  std::vector<Shape> deck() {
    std::vector<Shape> shapes;
    for (std::int64_t n = 1; n <= plan_.batch; ++n) {
      for (std::int64_t t = 1; t <= (GetParam().is_text ? plan_.length : 1); ++t) {
        shapes.push_back({n, t});
      }
    }
    std::shuffle(shapes.begin(), shapes.end(), random_);
    return shapes;
  }

  // Of as many examples and, of texts, tokens.
  [[nodiscard]] data::Example part(const data::Example& whole, const Shape& shape) const {
    const auto cut = [&](const Tensor& tensor) {
      const Tensor examples = slice(tensor, 0, 0, shape[0]);
      return GetParam().is_text ? slice(examples, 1, 0, shape[1]).contiguous() : examples;
    };
    return {cut(whole.input), cut(whole.target)};
  }

  Plan plan_ = Plan::wanted();
  std::mt19937 random_{5};
  test::TempDir folder_;
};

TEST_P(LongRun, holds_no_more_than_in_its_first_steps) {
  // Whether the system joins pages to huge ones is a matter of its own.
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  Trainer trainer(config());
  const data::Example whole = trainer.test_examples(plan_.batch);
  Memory first;
  Memory last;
  std::int64_t step = -plan_.steps / 2;
  while (step < plan_.steps) {
    for (const Shape& shape : deck()) {
      ASSERT_TRUE(std::isfinite(trainer.step(part(whole, shape))));
      (step < 0 ? first : last).raise_to(Memory::now());
      ++step;
    }
  }
  std::cout << GetParam().name << ": " << first << "; in " << step << " steps then " << last
            << '\n';
  EXPECT_EQ(last.tensors, first.tensors);
  if (kInstrumented) return;
  EXPECT_LE(static_cast<double>(last.heap), kGrowth * static_cast<double>(first.heap));
  EXPECT_LE(static_cast<double>(last.resident), kGrowth * static_cast<double>(first.resident));
}

INSTANTIATE_TEST_SUITE_P(All, LongRun, testing::ValuesIn(kNets),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace gradus
