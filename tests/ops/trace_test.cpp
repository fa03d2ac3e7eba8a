// Traces: which calls they see, and what they tell of them.
#include "framework/ops/trace.h"
#include <gtest/gtest.h>
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/attention.h"
#include "framework/ops/comparison.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/selection.h"
#include "framework/ops/shape.h"
#include "framework/ops/sorting.h"
#include "framework/tensor/sampling.h"

#include <thread>

namespace gradus {
namespace {

using ops::Attribute;
using ops::Trace;
using ops::TraceGuard;

template <class T>
T attribute(const Trace::Call& call, std::string_view name) {
  for (const auto& [key, value] : call.attributes) {
    if (key == name) return std::get<T>(value);
  }
  throw std::runtime_error("no attribute " + std::string(name));
}

TEST(Trace, SeesCallsOfOpsButNotWhatRunsWithinThem) {
  const Tensor x = randn({2, 3});
  Trace trace;
  Tensor y;
  {
    const TraceGuard tracing(trace);
    trace.set_label("here");
    y = self_attention(randn({4, 6}), 2, {.is_causal = true});
    trace.set_label("");
    leaky_relu(x.t(), 0.25);
  }
  exp(x);  // nobody looks any more
  ASSERT_EQ(trace.calls().size(), 3U);
  const Trace::Call& attention = trace.calls()[0];
  EXPECT_EQ(attention.op, "self_attention");
  EXPECT_EQ(attention.label, "here");
  EXPECT_EQ(attribute<std::int64_t>(attention, "heads"), 2);
  EXPECT_EQ(attribute<std::int64_t>(attention, "causal"), 1);
  EXPECT_TRUE(attention.output.tensor.is_same(y));
  const Trace::Call& turned = trace.calls()[1];
  EXPECT_EQ(turned.op, "permute");
  EXPECT_TRUE(turned.inputs[0].tensor.is_same(x));
  EXPECT_EQ(attribute<std::vector<std::int64_t>>(turned, "dims"),
            (std::vector<std::int64_t>{1, 0}));
  const Trace::Call& bent = trace.calls()[2];
  EXPECT_EQ(bent.op, "leaky_relu");
  EXPECT_TRUE(bent.inputs[0].tensor.is_same(turned.output.tensor));
  EXPECT_EQ(attribute<double>(bent, "slope"), 0.25);
  EXPECT_EQ(bent.label, "");
}

TEST(Trace, TellsTensorsThatAreNoInputsAndFurtherResults) {
  const Tensor x = randn({2, 3});
  const Tensor mask = x > 0;
  Trace trace;
  std::pair<Tensor, Tensor> largest;
  {
    const TraceGuard tracing(trace);
    where(mask, x, x);
    largest = max(x, 1, false);
    sort(x, 1);
  }
  ASSERT_EQ(trace.calls().size(), 3U);
  ASSERT_EQ(trace.calls()[0].tensors.size(), 1U);
  EXPECT_EQ(trace.calls()[0].tensors[0].name, "condition");
  EXPECT_TRUE(trace.calls()[0].tensors[0].seen.tensor.is_same(mask));
  ASSERT_EQ(trace.calls()[1].results.size(), 1U);
  EXPECT_TRUE(trace.calls()[1].results[0].seen.tensor.is_same(largest.second));
  EXPECT_TRUE(trace.calls()[1].is_described);
  EXPECT_FALSE(trace.calls()[2].is_described);  // sort has settings and does not tell them
}

TEST(Trace, SeesWritesInPlaceAndVersions) {
  const Tensor x = ones({3});
  Trace trace;
  {
    const TraceGuard tracing(trace);
    x.mul_(x);
    exp(x);
  }
  ASSERT_EQ(trace.calls().size(), 3U);
  EXPECT_EQ(trace.calls()[0].op, "mul");
  EXPECT_EQ(trace.calls()[1].op, Trace::kWritten);
  EXPECT_TRUE(trace.calls()[1].output.tensor.is_same(x));
  EXPECT_EQ(trace.calls()[2].inputs[0].version, trace.calls()[1].output.version);
  EXPECT_LT(trace.calls()[0].inputs[0].version, trace.calls()[2].inputs[0].version);
}

TEST(Trace, IsOfOneThreadAndEndsWithItsGuardWhateverHappens) {
  Trace trace;
  try {
    const TraceGuard tracing(trace);
    std::thread([] { exp(ones({2})); }).join();
    ones({2, 3}) + ones({2, 4});
    ADD_FAILURE() << "shapes that do not fit are refused";
  } catch (const ShapeError&) {
    EXPECT_EQ(Trace::current(), nullptr);
  }
  EXPECT_TRUE(trace.calls().empty());
  const TraceGuard tracing(trace);
  EXPECT_THROW(ones({2, 3}) + ones({2, 4}), ShapeError);
  EXPECT_EQ(Trace::current(), &trace);  // the failed op has not switched it off
}

}  // namespace
}  // namespace gradus
