// Losses: extreme inputs, mixed precision, what configs make of them, errors. Their values and
// gradients are held by tests/ops (golden cases, and the samples of the registry of ops).
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/json.h"

#include <cmath>

namespace gradus {
namespace {

using test::message_of;
using LossOf = std::function<Tensor(const Tensor& output, Reduction how)>;

KlDivReduction of_kl_div(Reduction how) {
  return how == Reduction::None  ? KlDivReduction::None
         : how == Reduction::Sum ? KlDivReduction::Sum
                                 : KlDivReduction::Mean;
}

// Losses of outputs [2, 3] of any size.
std::map<std::string, LossOf> losses_of_anything() {
  const Tensor values = tensor({{0.5, -1.0, 2.0}, {0.0, 1.0, -0.25}});
  const Tensor shares = tensor({{0.0, 1.0, 0.25}, {1.0, 0.0, 0.5}});
  const Tensor signs = tensor({{1, -1, 1}, {-1, -1, 1}});
  const Tensor labels = tensor({2, 0});
  return {
      {"mse", [=](auto& x, auto how) { return mse_loss(x, values, how); }},
      {"l1", [=](auto& x, auto how) { return l1_loss(x, values, how); }},
      {"smooth_l1", [=](auto& x, auto how) { return smooth_l1_loss(x, values, how, 0.5); }},
      {"huber", [=](auto& x, auto how) { return huber_loss(x, values, how, 2); }},
      {"cross_entropy", [=](auto& x, auto how) { return cross_entropy(x, labels, how); }},
      {"nll of log_softmax",
       [=](auto& x, auto how) { return nll_loss(log_softmax(x, 1), labels, {.reduction = how}); }},
      {"kl_div of log_softmax",
       [=](auto& x, auto how) { return kl_div(log_softmax(x, 1), shares, {of_kl_div(how)}); }},
      {"binary_cross_entropy of sigmoid",
       [=](auto& x, auto how) { return binary_cross_entropy(sigmoid(x), shares, {}, how); }},
      {"binary_cross_entropy_with_logits",
       [=](auto& x, auto how) {
         return binary_cross_entropy_with_logits(x, shares, {.reduction = how});
       }},
      {"poisson_nll of a rate",
       [=](auto& x, auto how) {
         return poisson_nll_loss(x.abs(), shares, {.log_input = false, .reduction = how});
       }},
      {"gaussian_nll",
       [=](auto& x, auto how) {
         return gaussian_nll_loss(x, values, full({2, 1}, 0.0), {.reduction = how});
       }},
      {"hinge_embedding",
       [=](auto& x, auto how) { return hinge_embedding_loss(x, signs, 1, how); }},
      {"multi_margin",
       [=](auto& x, auto how) { return multi_margin_loss(x, labels, {.p = 2, .reduction = how}); }},
      {"soft_margin", [=](auto& x, auto how) { return soft_margin_loss(x, signs, how); }},
      {"cosine_embedding",
       [=](auto& x, auto how) {
         return cosine_embedding_loss(x, values, tensor({1, -1}), 0, how);
       }},
      {"triplet_margin",
       [=](auto& x, auto how) { return triplet_margin_loss(x, values, -x, {.reduction = how}); }},
  };
}

double worst(const Tensor& x) {
  return x.detach().abs().max().item<double>();
}

// float32 against float64, where nothing overflows: loss and gradient are finite and near.
TEST(LossTest, StaysExactAndFiniteForExtremeOutputs) {
  const Tensor outputs[] = {
      tensor({{1e4, -1e4, 1e4}, {-1e4, -1e4, 1e4}}),
      tensor({{-1e4, 1e4, 0.0}, {0.0, 1e-4, -1e4}}),
      tensor({{1e4, 1e4, 1e4}, {0.0, 0.0, 0.0}}),
  };
  for (const auto& [name, loss] : losses_of_anything()) {
    for (const Tensor& output : outputs) {
      for (const Reduction how : {Reduction::None, Reduction::Mean, Reduction::Sum}) {
        SCOPED_TRACE(name + " of " + to_string(output));
        const auto run = [&, loss = loss](DType dtype) {
          const Tensor x = output.to(dtype).clone().requires_grad_();
          const Tensor y = loss(x, how);
          return std::pair(y.detach().to(kFloat64), grad({y.sum()}, {x})[0].to(kFloat64));
        };
        const auto [single, single_slope] = run(kFloat32);
        const auto [exact, slope] = run(kFloat64);
        EXPECT_TRUE(isfinite(single).all().item<bool>());
        EXPECT_TRUE(isfinite(single_slope).all().item<bool>());
        EXPECT_LE(worst(single - exact), 1e-6 * worst(exact) + 1e-7);
        EXPECT_LE(worst(single_slope - slope), 1e-6 * worst(slope) + 1e-7);
      }
    }
  }
}

TEST(LossTest, ReductionsAreOfTheLossesOfTheElements) {
  const Tensor x = tensor({{0.3, -0.7, 1.5}, {0.9, 0.1, -2.0}}, kFloat64);
  for (const auto& [name, loss] : losses_of_anything()) {
    const Tensor each = loss(x, Reduction::None);
    EXPECT_NEAR(loss(x, Reduction::Sum).item<double>(), each.sum().item<double>(), 1e-12) << name;
    EXPECT_NEAR(loss(x, Reduction::Mean).item<double>(), each.mean().item<double>(), 1e-12) << name;
  }
}

TEST(LossTest, ComputesInFloat32UnderAutocast) {
  const AutocastGuard autocast(true, WithoutBfloat16::Emulated);
  const Tensor x = tensor({{0.3, -0.7, 1.5}, {0.9, 0.1, -2.0}}).to(kBFloat16);
  for (const auto& [name, loss] : losses_of_anything()) {
    const Tensor y = loss(x, Reduction::Mean);
    EXPECT_EQ(y.dtype(), kFloat32) << name;
    if (name.ends_with("of sigmoid")) continue;  // which itself gives bfloat16
    EXPECT_EQ(y.item<float>(), loss(x.to(kFloat32), Reduction::Mean).item<float>()) << name;
  }
}

TEST(LossTest, ALabelThatIsIgnoredCountsForNothingWhateverTheOutput) {
  const Tensor x = tensor({{-1.0, -0.5}, {-INFINITY, 0.0}}).requires_grad_();
  nll_loss(x, tensor({1, -100})).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{0, -1, 0, 0}));
  const Tensor none = tensor({{-1.0, -0.5}}).requires_grad_();
  const Tensor loss = nll_loss(none, tensor({-100}));
  EXPECT_TRUE(std::isnan(loss.item<float>()));  // the mean over nothing, as in PyTorch
  loss.backward();
  EXPECT_EQ(none.grad().to_vector<float>(), (std::vector<float>{0, 0}));
}

// The gradient of a bounded loss: PyTorch's is infinite there.
TEST(LossTest, BinaryCrossEntropyHasABoundedGradientOfTheTarget) {
  const Tensor x = tensor({0.0, 1.0, 0.5});
  const Tensor y = tensor({0.5, 0.5, 0.5}).requires_grad_();
  binary_cross_entropy(x, y, {}, Reduction::Sum).backward();
  EXPECT_EQ(y.grad().to_vector<float>(), (std::vector<float>{100, -100, 0}));
}

// ---- By name ------------------------------------------------------------------------------------

Tensor call(const Json& config, const Tensor& output, const Tensor& target) {
  return (*nn::losses().make(config))(output, target);
}

TEST(LossByNameTest, AllAreThere) {
  EXPECT_EQ(nn::losses().names(),
            (std::vector<std::string>{"binary_cross_entropy", "binary_cross_entropy_with_logits",
                                      "cross_entropy", "huber", "kl_div", "l1", "mse",
                                      "multi_margin", "nll", "poisson_nll", "smooth_l1"}));
  for (const std::string& name : nn::losses().names()) {
    const bool labels = name == "cross_entropy" || name == "nll" || name == "multi_margin";
    EXPECT_EQ(nn::losses().make({{"type", name}})->is_classification(), labels) << name;
  }
}

TEST(LossByNameTest, OptionsAreThoseOfTheFunctions) {
  const Tensor x = tensor({{0.3, -0.7, 1.5}, {0.9, 0.1, -2.0}});
  const Tensor y = tensor({{0.5, 0.25, 3.0}, {0.0, 1.0, 2.0}});
  const Tensor labels = tensor({2, 0});
  const Tensor weight = tensor({0.5, 1.0, 2.0});
  const Reduction sum = Reduction::Sum;
  const std::tuple<Json, Tensor, Tensor> cases[] = {
      {{{"type", "mse"}}, y, mse_loss(x, y)},
      {{{"type", "l1"}, {"reduction", "sum"}}, y, l1_loss(x, y, sum)},
      {{{"type", "smooth_l1"}, {"beta", 0.25}}, y, smooth_l1_loss(x, y, Reduction::Mean, 0.25)},
      {{{"type", "huber"}, {"delta", 0.5}, {"reduction", "sum"}}, y, huber_loss(x, y, sum, 0.5)},
      {{{"type", "cross_entropy"},
        {"weight", {0.5, 1, 2}},
        {"label_smoothing", 0.1},
        {"ignore_index", 0}},
       labels,
       cross_entropy(x, labels, {.weight = weight, .ignore_index = 0, .label_smoothing = 0.1})},
      {{{"type", "nll"}, {"weight", {0.5, 1, 2}}, {"ignore_index", 2}},
       labels,
       nll_loss(x, labels, {.weight = weight, .ignore_index = 2})},
      {{{"type", "multi_margin"}, {"p", 2}, {"margin", 0.5}, {"weight", {0.5, 1, 2}}},
       labels,
       multi_margin_loss(x, labels, {.p = 2, .margin = 0.5, .weight = weight})},
      {{{"type", "kl_div"}, {"reduction", "batchmean"}, {"log_target", true}},
       y,
       kl_div(x, y, {KlDivReduction::BatchMean, true})},
      {{{"type", "poisson_nll"}, {"full", true}, {"reduction", "sum"}},
       y,
       poisson_nll_loss(x, y, {.full = true, .reduction = sum})},
      {{{"type", "poisson_nll"}, {"log_input", false}, {"eps", 3}},
       y,
       poisson_nll_loss(x, y, {.log_input = false, .eps = 3})},
      {{{"type", "binary_cross_entropy_with_logits"}, {"pos_weight", 3}},
       y,
       binary_cross_entropy_with_logits(x, y, {.pos_weight = tensor(3.0)})},
  };
  for (const auto& [config, target, expected] : cases) {
    EXPECT_EQ(call(config, x, target).item<float>(), expected.item<float>()) << config;
  }
  EXPECT_EQ(call({{"type", "binary_cross_entropy"}}, sigmoid(x), sigmoid(y)).item<float>(),
            binary_cross_entropy(sigmoid(x), sigmoid(y)).item<float>());
}

TEST(LossByNameTest, OptionsHaveRanges) {
  const auto expect = [](const Json& config, const char* message) {
    EXPECT_EQ(message_of([&] { nn::losses().make(config); }), message);
  };
  expect({{"type", "huber"}, {"delta", 0}}, "/delta: 0 is out of range: must be > 0");
  expect({{"type", "smooth_l1"}, {"beta", -1}}, "/beta: -1 is out of range: must be >= 0");
  expect({{"type", "multi_margin"}, {"p", 3}}, "/p: 3 is out of range: must be >= 1 and <= 2");
  expect({{"type", "nll"}, {"weight", {1, -1}}}, "/weight/1: -1 is out of range: must be >= 0");
  expect({{"type", "mse"}, {"reduction", "none"}},
         "/reduction: unknown value \"none\" (valid: mean, sum)");
}

TEST(LossByNameTest, AWeightForOtherClassesIsRefused) {
  const std::string text = message_of([] {
    call({{"type", "cross_entropy"}, {"weight", {1, 2}}}, zeros({1, 3}), tensor({0}));
  });
  EXPECT_NE(text.find("cross_entropy: needs a weight for each of 3 classes, got shape [2]"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace gradus
