// Clipping of gradients, against PyTorch's definition written with plain loops.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gradus {
namespace {

using nn::utils::clip_grad_norm_;
using nn::utils::clip_grad_value_;

// Three parameters, of which the second has no gradient and the third's is channels-last.
std::vector<Tensor> parameters(double scale) {
  manual_seed(3);
  std::vector<Tensor> result;
  for (const Shape& sizes : {Shape{300, 100}, Shape{7}, Shape{8, 5, 3, 3}}) {
    result.push_back(zeros(sizes).requires_grad_());
  }
  result[0].set_grad(randn({300, 100}) * scale);
  result[2].set_grad((randn({8, 5, 3, 3}) * scale).contiguous(MemoryFormat::ChannelsLast));
  return result;
}

double norm_of(const std::vector<Tensor>& all, double p) {
  double sum = 0;
  double most = 0;
  for (const Tensor& each : all) {
    if (!each.grad().defined()) continue;
    for (const double g : each.grad().to_vector<double>()) {
      sum += std::pow(std::abs(g), p);
      most = std::max(most, std::abs(g));
    }
  }
  return std::isinf(p) ? most : std::pow(sum, 1 / p);
}

TEST(ClipGradTest, ScalesDownToTheNormAndReturnsTheOneBefore) {
  for (const double p : {2.0, 1.0, 3.0, std::numeric_limits<double>::infinity()}) {
    const std::vector<Tensor> all = parameters(10);
    const double before = norm_of(all, p);
    const auto gradient = all[2].grad().to_vector<double>();
    EXPECT_NEAR(clip_grad_norm_(all, 2.0, p), before, 1e-6 * before) << p;
    EXPECT_NEAR(norm_of(all, p), 2.0, 1e-5) << p;
    const auto scaled = all[2].grad().to_vector<double>();
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      EXPECT_NEAR(scaled[i], gradient[i] * 2 / (before + 1e-6), 1e-6 * std::abs(gradient[i]));
    }
    EXPECT_FALSE(all[1].grad().defined());
  }
}

TEST(ClipGradTest, LeavesASmallNormAlone) {
  const std::vector<Tensor> all = parameters(1e-3);
  const auto before = all[0].grad().to_vector<float>();
  EXPECT_LT(clip_grad_norm_(all, 5), 5);
  EXPECT_EQ(all[0].grad().to_vector<float>(), before);
  EXPECT_EQ(clip_grad_norm_({}, 5), 0);
}

TEST(ClipGradTest, HasTheSameBitsForAnyNumberOfThreads) {
  const int threads = num_threads();
  std::vector<std::vector<float>> results;
  for (const int count : {1, 2, 4}) {
    set_num_threads(count);
    const std::vector<Tensor> all = parameters(10);
    clip_grad_norm_(all, 1);
    results.push_back(all[0].grad().to_vector<float>());
  }
  set_num_threads(threads);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST(ClipGradTest, RefusesANormThatIsNoNumberIfAsked) {
  const std::vector<Tensor> all = parameters(1);
  all[0].grad().fill_(std::numeric_limits<float>::quiet_NaN());
  const auto before = all[2].grad().to_vector<float>();
  EXPECT_THROW(clip_grad_norm_(all, 1, 2, true), ValueError);
  EXPECT_EQ(all[2].grad().to_vector<float>(), before);
  EXPECT_TRUE(std::isnan(clip_grad_norm_(all, 1)));
  EXPECT_TRUE(std::isnan(all[2].grad().to_vector<float>()[0]));
}

TEST(ClipGradTest, ClampsValues) {
  const std::vector<Tensor> all = parameters(1);
  const auto before = all[2].grad().to_vector<float>();
  clip_grad_value_(all, 0.5);
  const auto after = all[2].grad().to_vector<float>();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i], std::clamp(before[i], -0.5F, 0.5F));
  }
}

}  // namespace
}  // namespace gradus
