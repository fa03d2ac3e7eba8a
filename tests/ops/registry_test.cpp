// Walks the registry and checks every op on its own samples: first and second derivatives, strided
// inputs, float32 and bfloat16 against float64, refusals. A new op needs no new test file.
#include "framework/ops/registry.h"
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gradus {
namespace {

using ops::OpEntry;
using ops::OpRegistry;
using ops::Sample;

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : OpRegistry::instance().entries()) names.emplace_back(name);
  return names;
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  const std::vector<double> a = actual.to_vector<double>();
  const std::vector<double> b = expected.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    ASSERT_NEAR(a[i], b[i], tolerance * std::max(1.0, std::fabs(b[i])))
        << what << ", element " << i;
  }
}

// The same values in memory with gaps and reversed dims.
Tensor strided(const Tensor& x) {
  if (x.dim() == 0) return x;
  Shape wide;
  Shape reversed;
  for (int d = x.dim() - 1; d >= 0; --d) {
    wide.push_back(2 * x.size(d));
    reversed.push_back(d);
  }
  Tensor view = zeros(wide, x.dtype());
  for (int d = 0; d < x.dim(); ++d) view = view.slice(d, 0, kEnd, 2);
  view = view.permute(reversed);
  view.copy_(x);
  return view;
}

class EveryOp : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto found = OpRegistry::instance().entries().find(GetParam());
    entry_ = &found->second;
    samples_ = entry_->samples();
  }

  template <class Change>
  std::vector<Tensor> changed(const Sample& sample, Change change) {
    std::vector<Tensor> result;
    for (const Tensor& each : sample.inputs) result.push_back(change(each));
    return result;
  }

  const OpEntry* entry_ = nullptr;
  ops::Samples samples_;
};

TEST_P(EveryOp, IsDocumentedAndHasSamples) {
  EXPECT_EQ(entry_->info.name, GetParam());
  EXPECT_GT(entry_->info.doc.size(), 10U);
  EXPECT_EQ(entry_->info.doc.back(), '.');
  EXPECT_FALSE(samples_.good.empty());
}

TEST_P(EveryOp, GradientsAgreeWithFiniteDifferences) {
  if (!entry_->info.differentiable) return;
  for (const Sample& sample : samples_.good) {
    EXPECT_NO_THROW(gradcheck(sample.call, sample.inputs));
  }
}

TEST_P(EveryOp, SecondGradientsAgreeWithFiniteDifferences) {
  if (!entry_->info.differentiable) return;
  for (const Sample& sample : samples_.good) {
    EXPECT_NO_THROW(gradgradcheck(sample.call, sample.inputs, {.atol = 1e-4}));
  }
}

TEST_P(EveryOp, TakesStridedInputs) {
  for (const Sample& sample : samples_.good) {
    const Tensor expected = sample.call(sample.inputs);
    const Tensor actual = sample.call(changed(sample, strided));
    expect_near(actual, expected, 1e-12, "strided");
  }
}

TEST_P(EveryOp, RunsInFloat32AndBFloat16) {
  for (const Sample& sample : samples_.good) {
    for (const auto& [dtype, tolerance] : {std::pair(kFloat32, 2e-5), std::pair(kBFloat16, 0.1)}) {
      // The reference starts from the same rounded values.
      const auto rounded = changed(sample, [&](const Tensor& t) { return t.to(dtype); });
      const auto exact = changed(sample, [&](const Tensor& t) { return t.to(dtype).to(kFloat64); });
      const Tensor result = sample.call(rounded);
      expect_near(result, sample.call(exact), tolerance, std::string(name_of(dtype)));
      if (GetParam() != "to" && result.is_floating_point()) {
        EXPECT_EQ(result.dtype(), dtype);
      }
    }
  }
}

TEST_P(EveryOp, RefusesWhatDoesNotFit) {
  for (const ops::Refusal& refusal : samples_.bad) {
    try {
      refusal.call(refusal.inputs);
      ADD_FAILURE() << "expected a refusal: " << refusal.message;
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(refusal.message), std::string::npos) << text;
      EXPECT_NE(text.find(": "), std::string::npos) << text;
      EXPECT_NE(text.find(".cpp:"), std::string::npos) << "no place in: " << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, EveryOp, testing::ValuesIn(op_names()),
                         [](const auto& op) { return op.param; });

TEST(OpRegistryTest, HoldsEveryOpOfTheLibrary) {
  // Self-registering objects can be lost when a library is linked, a whole file of them at a time.
  EXPECT_GE(OpRegistry::instance().entries().size(), 290U);
}

}  // namespace
}  // namespace gradus
