// The golden cases of one family of ops, tests/golden/ops/FAMILY.json, as tests: forward and
// gradients in float64 and float32 against what PyTorch wrote.
//
//   const golden::Calls kCalls = {{"exp", golden::unary<exp>}, ...};
//   const bool kRegistered = golden::register_cases("elementwise", kCalls);
#pragma once

#include "framework/ops/arithmetic.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace gradus::golden {

using Tensors = std::vector<Tensor>;

inline constexpr Tolerance kDoubleTolerance = {1e-13, 1e-14};
inline constexpr Tolerance kFloatTolerance = {1e-5, 1e-6};

/// How an op of the file is called: with its inputs, and its attributes by PyTorch's names.
using Call = std::function<Tensor(const Tensors& in, const Json& attrs)>;
using Calls = std::map<std::string, Call>;

template <Tensor (*kOp)(const Tensor&, Location)>
Tensor unary(const Tensors& in, const Json& /*attrs*/) {
  return kOp(in[0], Location::current());
}

template <Tensor (*kOp)(const Operand&, const Operand&)>
Tensor binary(const Tensors& in, const Json& /*attrs*/) {
  return kOp(in[0], in[1]);
}

template <Tensor (*kOp)(const Tensor&, const Shape&, bool, Location)>
Tensor reduction(const Tensors& in, const Json& attrs) {
  const Shape dims = shape_of(attrs.value("dim", Json::array()));
  return kOp(in[0], dims, attrs.value("keepdim", false), Location::current());
}

/// The tensors of a case; the floating ones in `dtype` and requiring gradients.
Tensors inputs_of(const Json& json, DType dtype);

void check_case(const Call& call, const Json& json, DType dtype);

/// Registers a test that runs `body`.
void add_test(const std::string& suite, std::string name, std::function<void()> body);

/// The cases of tests/golden/ops/FAMILY.json.
const Json& cases_of(const std::string& family);

/// Registers a test for each case and floating dtype, and one that every call has cases.
bool register_cases(const std::string& family, const Calls& calls);

}  // namespace gradus::golden
