// The levels of framework/kernels/native: the same bits from each, and objects that cannot hand
// their instructions to the rest of the program.
#include <gradus/gradus.h>
#include <gtest/gtest.h>
#include "framework/kernels/native/cross_entropy.h"
#include "framework/kernels/native/pointwise.h"
#include "framework/kernels/native/pointwise_loss.h"
#include "framework/kernels/native/softmax.h"
#include "optimizers/native/adam.h"
#include "optimizers/native/sgd.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace gradus {
namespace {

using namespace kernels::native;

// Lengths with every kind of remainder, and several blocks.
constexpr std::int64_t kCounts[] = {1, 7, 8, 15, 16, 31, 100, 1000, 1037};

template <class T>
std::vector<T> values(std::int64_t count, double scale = 3) {
  const Tensor drawn = randn({count}, kFloat64) * scale;
  std::vector<T> result;
  for (const double each : drawn.to_vector<double>()) result.push_back(static_cast<T>(each));
  return result;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// run(level) returns what a level computes.
template <class Run>
void expect_same(const Run& run) {
  EXPECT_TRUE(same_bits(run(Level::Base), run(Level::Avx512)));
}

template <class T>
class NativeLevels : public testing::Test {
 protected:
  void SetUp() override {
    if (!has(Level::Avx512)) GTEST_SKIP() << "one level on this machine or in this build";
    manual_seed(11);
  }
};
using Floating = testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(NativeLevels, Floating);

TYPED_TEST(NativeLevels, Optimizers) {
  using T = TypeParam;
  using C = Compute<T>;
  const auto c = [](double value) { return static_cast<C>(value); };
  for (const std::int64_t n : kCounts) {
    const auto w = values<T>(n), g = values<T>(n), m = values<T>(n);
    auto v = values<T>(n);
    for (T& each : v) each = static_cast<T>(std::abs(static_cast<C>(each)));
    const AdamStep<T> adam = {c(0.9),  c(0.999), c(0.1),  c(0.001), c(1e-8),
                              c(0.02), c(0.3),   c(0.01), c(0.99)};
    for (const bool amsgrad : {false, true}) {
      expect_same([&](Level level) {
        auto w1 = w, m1 = m, v1 = v, l1 = v;
        adam_loops(level).of<T>().run(adam, w1.data(), g.data(), m1.data(), v1.data(),
                                      amsgrad ? l1.data() : nullptr, 0, n);
        w1.insert(w1.end(), v1.begin(), v1.end());
        return w1;
      });
    }
    for (const bool nesterov : {false, true}) {
      expect_same([&](Level level) {
        auto w1 = w, b1 = m;
        const SgdStep<T> sgd = {c(0.01), c(0.1), c(0.9), c(0.8), nesterov};
        sgd_loops(level).of<T>().run(sgd, w1.data(), g.data(), b1.data(), 0, n);
        sgd_loops(level).of<T>().run(sgd, w1.data(), g.data(), nullptr, 0, n);
        return w1;
      });
    }
  }
}

TYPED_TEST(NativeLevels, Softmax) {
  using T = TypeParam;
  for (const std::int64_t n : kCounts) {
    const auto x = values<T>(3 * n), g = values<T>(3 * n);
    expect_same([&](Level level) {
      const auto& loops = softmax_loops(level).of<T>();
      std::vector<Compute<T>> scratch(static_cast<std::size_t>(n));
      std::vector<T> y(x.size()), gx(x.size()), log_y(x.size()), log_gx(x.size());
      loops.softmax(y.data(), x.data(), false, scratch.data(), n, 0, 3);
      loops.softmax_grad(gx.data(), g.data(), y.data(), n, 0, 3);
      loops.log_softmax(log_y.data(), x.data(), scratch.data(), n, 0, 3);
      loops.log_softmax_grad(log_gx.data(), g.data(), log_y.data(), n, 0, 3);
      for (const auto* each : {&gx, &log_y, &log_gx}) y.insert(y.end(), each->begin(), each->end());
      return y;
    });
  }
}

TYPED_TEST(NativeLevels, CrossEntropy) {
  using T = TypeParam;
  for (const std::int64_t n : kCounts) {
    const auto x = values<T>(3 * n), weight = values<T>(n), g = values<T>(3);
    const std::int64_t labels[] = {0, n / 2, n - 1};
    for (const double smoothing : {0.0, 0.2}) {
      expect_same([&](Level level) {
        const auto& loops = cross_entropy_loops(level).of<T>();
        const ScoreRows<T> rows = {x.data(), n, n, labels, -100, weight.data(), 1.5, smoothing};
        std::vector<RowScale<T>> scales(3);
        std::vector<T> losses(3), gx(x.size());
        loops.forward(rows, scales.data(), losses.data(), 0, 3);
        loops.backward(rows, scales.data(), gx.data(), 0.3, g.data(), 1, 0, 3);
        gx.insert(gx.end(), losses.begin(), losses.end());
        return gx;
      });
    }
  }
}

TYPED_TEST(NativeLevels, PointwiseLosses) {
  using T = TypeParam;
  using Losses = PointwiseLossOf<T>;
  for (const std::int64_t n : kCounts) {
    const auto x = values<T>(n), y = values<T>(n), w = values<T>(n), g = values<T>(n);
    std::vector<T> shares = x;
    for (T& each : shares) each = static_cast<T>(1 / (1 + std::exp(-static_cast<double>(each))));
    for (const auto loss : {&Losses::mse, &Losses::l1, &Losses::smooth_l1, &Losses::huber,
                            &Losses::bce, &Losses::bce_with_logits}) {
      for (const bool weighed : {false, true}) {
        expect_same([&](Level level) {
          const LossLoops<T>& loops = pointwise_loss_loops(level).of<T>().*loss;
          const LossPairs<T> in = {loss == &Losses::bce ? shares.data() : x.data(), y.data(),
                                   weighed ? w.data() : nullptr, weighed ? y.data() : nullptr, 1.5};
          std::vector<T> gx(x.size()), gy(x.size());
          std::vector<double> result = {loops.forward(in, nullptr, 0, n)};
          for (const std::int64_t step : {0, 1}) {
            loops.backward(in, {gx.data(), gy.data(), 0.7, g.data(), step}, 0, n);
            for (const auto* each : {&gx, &gy}) {
              for (const T value : *each) result.push_back(static_cast<double>(value));
            }
          }
          return result;
        });
      }
    }
  }
}

TEST(NativePointwise, LevelsAgree) {
  if (!has(Level::Avx512)) GTEST_SKIP() << "one level on this machine or in this build";
  using Loops = PointwiseLoops;
  for (const std::int64_t n : kCounts) {
    for (const double scale : {1.0, 60.0}) {
      const auto x = values<float>(n, scale), g = values<float>(n);
      for (const auto loop : {&Loops::exp, &Loops::tanh, &Loops::sigmoid, &Loops::silu}) {
        expect_same([&](Level level) {
          std::vector<float> y(x.size());
          (pointwise_loops(level).*loop)(y.data(), x.data(), n);
          return y;
        });
      }
      for (const auto loop :
           {&Loops::tanh_backward, &Loops::sigmoid_backward, &Loops::silu_backward}) {
        expect_same([&](Level level) {
          std::vector<float> y(x.size());
          (pointwise_loops(level).*loop)(y.data(), g.data(), x.data(), n);
          return y;
        });
      }
    }
  }
}

TEST(NativePointwise, DenseLoopsAreTheFormula) {
  const Tensor x = randn({40, 37}) * 5;
  for (const auto op : {exp, tanh, sigmoid, silu}) {
    const auto dense = op(x, Location::current());
    const auto strided = op(x.t().contiguous().t(), Location::current());
    const auto sliced = op(cat({x, x}, 1).slice(1, 0, 74, 2), Location::current());
    EXPECT_EQ(dense.to_vector<float>(), strided.to_vector<float>());
    const auto one = op(x[3][5], Location::current()).item<float>();
    EXPECT_EQ(dense.to_vector<float>()[3 * 37 + 5], one);
    EXPECT_EQ(sliced.size(1), 37);
  }
  EXPECT_EQ(exp(tensor({-200.0F, 200.0F, 0.0F})).to_vector<float>(),
            (std::vector<float>{0, INFINITY, 1}));
  EXPECT_TRUE(std::isnan(exp(tensor(NAN)).item<float>()));
}

bool has_avx512_registers(const std::string& line) {
  if (line.find("%zmm") != std::string::npos || line.find("%k") != std::string::npos) return true;
  for (const char* kind : {"%xmm", "%ymm"}) {
    for (int number = 16; number < 32; ++number) {
      if (line.find(kind + std::to_string(number)) != std::string::npos) return true;
    }
  }
  return false;
}

// Counts the lines of the level's own code that need AVX-512; any other code must have none, for
// the linker may choose it for the whole program.
int expect_only_own_code(const std::string& object) {
  test::Process process({"/usr/bin/env", "objdump", "-dC", "--no-show-raw-insn", object});
  const test::ProcessResult result = process.finish();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::istringstream lines(result.out);
  std::string function;
  int own = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(">:")) function = line;
    if (line.find('%') == std::string::npos || !has_avx512_registers(line)) continue;
    ++own;
    EXPECT_NE(function.find("native::avx512::"), std::string::npos)
        << object << ": " << function << " has" << line;
  }
  return own;
}

TEST(NativeObjects, ShareNoCodeThatNeedsAvx512) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers rename what they instrument";
#endif
  namespace fs = std::filesystem;
  int objects = 0;
  for (const std::string part : {"framework", "optimizers"}) {
    const fs::path folder =
        test::build_path(part) / "CMakeFiles" / ("gradus_" + part + "_avx512.dir");
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".o") continue;
      ++objects;
      EXPECT_GT(expect_only_own_code(entry.path().string()), 0) << entry.path();
    }
  }
  if (has(Level::Avx512)) {
    EXPECT_GE(objects, 6);
  }
}

}  // namespace
}  // namespace gradus
