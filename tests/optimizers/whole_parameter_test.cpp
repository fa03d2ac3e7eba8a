// LAMB and Muon, which look at whole parameters, against loops in double that are written here from
// their formulas. golden_test.cpp has 100 steps of each; this has other shapes, sizes and dtypes.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/json.h"

namespace gradus {
namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.size(), std::vector<double>(b[0].size()));
  for (std::size_t i = 0; i < c.size(); ++i) {
    for (std::size_t j = 0; j < c[0].size(); ++j) {
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix t(a[0].size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[0].size(); ++j) t[j][i] = a[i][j];
  }
  return t;
}

Matrix matrix_of(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  Matrix result(static_cast<std::size_t>(x.size(0)));
  auto at = values.begin();
  for (auto& row : result) {
    row.assign(at, at + x.size(1));
    at += x.size(1);
  }
  return result;
}

double norm_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double each : x) sum += each * each;
  return std::sqrt(sum);
}

// Muon's x for u, also for tall ones as the formula has it: x x^T on the left.
Matrix orthogonalized(Matrix x) {
  std::vector<double> all;
  for (const auto& row : x) all.insert(all.end(), row.begin(), row.end());
  for (auto& row : x) {
    for (double& each : row) each /= norm_of(all);
  }
  for (int step = 0; step < 5; ++step) {
    const Matrix square = product(x, transposed(x));
    const Matrix fourth = product(square, square);
    Matrix factor = square;
    for (std::size_t i = 0; i < factor.size(); ++i) {
      for (std::size_t j = 0; j < factor.size(); ++j) {
        factor[i][j] = -4.7750 * square[i][j] + 2.0315 * fourth[i][j];
      }
    }
    const Matrix rest = product(factor, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < x[0].size(); ++j) x[i][j] = 3.4445 * x[i][j] + rest[i][j];
    }
  }
  return x;
}

void expect_muon(const Shape& sizes, DType dtype, double tolerance) {
  SCOPED_TRACE(to_string(sizes) + " " + std::string(name_of(dtype)));
  manual_seed(3);
  const Tensor w = randn(sizes).to(dtype).requires_grad_();
  optim::Muon optimizer(std::vector{w}, {.lr = 0.1, .weight_decay = 0.2});
  Matrix expected = matrix_of(w);
  Matrix mean(expected.size(), std::vector<double>(expected[0].size()));
  const double aspect = static_cast<double>(sizes[0]) / static_cast<double>(sizes[1]);
  for (int step = 0; step < 3; ++step) {
    w.set_grad(randn(sizes).to(dtype));
    const Matrix g = matrix_of(w.grad());
    optimizer.step();
    Matrix update = g;
    for (std::size_t i = 0; i < g.size(); ++i) {
      for (std::size_t j = 0; j < g[0].size(); ++j) {
        mean[i][j] = 0.95 * mean[i][j] + 0.05 * g[i][j];
        update[i][j] = 0.95 * mean[i][j] + 0.05 * g[i][j];
      }
    }
    update = orthogonalized(update);
    for (std::size_t i = 0; i < g.size(); ++i) {
      for (std::size_t j = 0; j < g[0].size(); ++j) {
        expected[i][j] *= 1 - 0.1 * 0.2;
        expected[i][j] -= 0.1 * std::sqrt(std::max(1.0, aspect)) * update[i][j];
      }
    }
  }
  const Matrix actual = matrix_of(w);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    for (std::size_t j = 0; j < actual[0].size(); ++j) {
      EXPECT_NEAR(actual[i][j], expected[i][j], tolerance) << i << ", " << j;
    }
  }
}

TEST(Muon, IsTheFormulaForEveryShape) {
  for (const Shape& sizes : {Shape{3, 7}, Shape{7, 3}, Shape{5, 5}, Shape{1, 9}, Shape{40, 33}}) {
    expect_muon(sizes, kFloat64, 1e-12);
    expect_muon(sizes, kFloat32, 1e-5);
    expect_muon(sizes, kBFloat16, 0.03);
  }
}

TEST(Muon, AGradientOfZerosIsNoUpdate) {
  const Tensor w = ones({2, 3}).requires_grad_();
  optim::Muon optimizer(std::vector{w}, {.weight_decay = 0});
  w.set_grad(zeros({2, 3}));
  optimizer.step();
  EXPECT_EQ(w.to_vector<float>(), std::vector<float>(6, 1));
}

TEST(Muon, StaysInFullPrecisionUnderAutocast) {
  const auto run = [](bool autocast) {
    manual_seed(4);
    const Tensor w = randn({8, 6}).requires_grad_();
    optim::Muon optimizer(std::vector{w});
    w.set_grad(randn({8, 6}));
    const AutocastGuard guard(autocast, WithoutBfloat16::Emulated);
    optimizer.step();
    return w.to_vector<float>();
  };
  EXPECT_EQ(run(true), run(false));
}

// All that is no matrix, and matrices that are told to.
TEST(Muon, TheRestIsAdamWBitForBit) {
  const auto draw = [] {
    manual_seed(6);
    return nn::StateDict{{"conv", randn({4, 3, 2, 2}).requires_grad_()},
                         {"bias", randn({5}).requires_grad_()},
                         {"head", randn({5, 6}).requires_grad_()}};
  };
  const auto run = [](optim::Optimizer& optimizer, const nn::StateDict& parameters) {
    std::vector<float> result;
    for (int step = 0; step < 3; ++step) {
      for (const auto& each : parameters) each.tensor.set_grad(randn(each.tensor.sizes()));
      optimizer.step();
    }
    for (const auto& each : parameters) {
      for (const float value : each.tensor.to_vector<float>()) result.push_back(value);
    }
    return result;
  };
  const nn::StateDict a = draw();
  const auto muon = optim::optimizers().make(
      test::parse_json(R"({"type": "muon", "adamw_lr": 0.01, "adamw_weight_decay": 0.1,
                      "groups": [{"match": "head", "use_muon": false}]})"),
      a);
  const std::vector<float> by_muon = run(*muon, a);
  const nn::StateDict b = draw();
  optim::AdamW adamw(b, {.lr = 0.01, .betas = {0.9, 0.95}, .eps = 1e-10, .weight_decay = 0.1});
  EXPECT_EQ(by_muon, run(adamw, b));
}

// ---- LAMB --------------------------------------------------------------------------------------

// Several blocks, and one that is not full.
TEST(Lamb, IsTheFormulaForLargeParameters) {
  manual_seed(8);
  const Tensor w = randn({400, 101}, kFloat64).requires_grad_();
  optim::LAMB optimizer(std::vector{w}, {.lr = 0.1, .weight_decay = 0.3});
  std::vector<double> expected = w.to_vector<double>();
  std::vector<double> mean(expected.size());
  std::vector<double> square(expected.size());
  for (int t = 1; t <= 3; ++t) {
    w.set_grad(randn({400, 101}, kFloat64));
    const std::vector<double> g = w.grad().to_vector<double>();
    optimizer.step();
    std::vector<double> update(expected.size());
    for (std::size_t i = 0; i < g.size(); ++i) {
      mean[i] = 0.9 * mean[i] + 0.1 * g[i];
      square[i] = 0.999 * square[i] + 0.001 * g[i] * g[i];
      const double root = std::sqrt(square[i] / (1 - std::pow(0.999, t)));
      update[i] = mean[i] / (1 - std::pow(0.9, t)) / (root + 1e-6) + 0.3 * expected[i];
    }
    const double ratio = norm_of(expected) / norm_of(update);
    for (std::size_t i = 0; i < g.size(); ++i) expected[i] -= 0.1 * ratio * update[i];
  }
  const std::vector<double> actual = w.to_vector<double>();
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-12 * (1 + std::abs(expected[i]))) << i;
  }
}

TEST(Lamb, ANormOfZeroMeansARatioOfOne) {
  const Tensor w = zeros({3}, kFloat64).requires_grad_();
  optim::LAMB optimizer(std::vector{w}, {.lr = 0.5, .eps = 0});
  w.set_grad(tensor({2.0, -3.0, 4.0}, kFloat64));
  optimizer.step();
  const std::vector<double> after = w.to_vector<double>();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(after[i], i == 1 ? 0.5 : -0.5, 1e-12);

  const Tensor still = ones({3}).requires_grad_();
  optim::LAMB other(std::vector{still}, {.lr = 0.5, .weight_decay = 0});
  still.set_grad(zeros({3}));
  other.step();
  EXPECT_EQ(still.to_vector<float>(), std::vector<float>(3, 1));
}

TEST(Lamb, NaNInAGradientReachesTheWeights) {
  const Tensor w = ones({3}).requires_grad_();
  optim::LAMB optimizer(std::vector{w});
  w.set_grad(tensor({1.0F, NAN, 1.0F}));
  optimizer.step();
  for (const float each : w.to_vector<float>()) EXPECT_TRUE(std::isnan(each));
}

}  // namespace
}  // namespace gradus
