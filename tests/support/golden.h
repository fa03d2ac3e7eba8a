// The golden files of tests/golden, which PyTorch wrote (make_golden.py): reading their tensors,
// and comparing with them.
#pragma once

#include <gtest/gtest.h>
#include "framework/tensor/tensor.h"

#include <cctype>
#include <filesystem>
#include <string>

#include "tests/support/json.h"

namespace gradus::golden {

std::filesystem::path path_of(const std::string& name);

Json load(const std::string& name);

Shape shape_of(const Json& list);

/// The tensor written as {"shape": [...], "values": [...]}, float64 unless it says int64 or bool. A
/// floating one is converted to `floating`.
Tensor tensor_of(const Json& json, DType floating = kFloat64);

/// Two numbers are close when they differ by no more than absolute + relative * |expected|.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// Whether all elements are close; if not, names the one that is furthest off. NaN is close to NaN.
testing::AssertionResult is_close(const Tensor& actual, const Tensor& expected,
                                  const Tolerance& tolerance);

void expect_close(const Tensor& actual, const Tensor& expected, const Tolerance& tolerance,
                  const Location& at = Location::current());

/// Names the cases of a parameterised test by their name(), in letters, digits and underscores.
struct NameOfCase {
  template <class Case>
  std::string operator()(const testing::TestParamInfo<Case>& info) const {
    std::string name = info.param.name();
    for (char& c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
  }
};

}  // namespace gradus::golden
