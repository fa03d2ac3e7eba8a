// The texts of tensors against PyTorch's.
#include <gtest/gtest.h>

#include "framework/tensor/creation.h"
#include "tests/support/golden.h"

namespace gradus {
namespace {

DType dtype_called(const std::string& name) {
  for (const DType dtype : {kBool, kUInt8, kInt64, kBFloat16, kFloat32, kFloat64}) {
    if (name == name_of(dtype)) return dtype;
  }
  throw ValueError("an unknown dtype: " + name);
}

// The values of a case: listed, or {"start", "step"}. Integers are read as such.
template <class T>
std::vector<T> values_of(const Json& json, std::int64_t count) {
  std::vector<T> result;
  if (json.is_object()) {
    const T start = json["start"].get<T>();
    const T step = json["step"].get<T>();
    for (std::int64_t i = 0; i < count; ++i) {
      result.push_back(static_cast<T>(start + static_cast<T>(i) * step));
    }
    return result;
  }
  for (const Json& each : json) {
    if (each.is_string()) {
      result.push_back(static_cast<T>(std::stod(each.get<std::string>())));
    } else if (each.is_boolean()) {
      result.push_back(static_cast<T>(each.get<bool>()));
    } else {
      result.push_back(each.get<T>());
    }
  }
  return result;
}

Tensor tensor_of(const Json& json) {
  const Shape sizes = golden::shape_of(json["shape"]);
  const DType dtype = dtype_called(json["dtype"]);
  const Tensor flat = is_floating(dtype)
                          ? tensor(values_of<double>(json["values"], sizes.numel()))
                          : tensor(values_of<std::int64_t>(json["values"], sizes.numel()));
  return flat.reshape(sizes).to(dtype).requires_grad_(json.value("requires_grad", false));
}

TEST(PrintGoldenTest, TensorsReadAsInPyTorch) {
  const Json cases = golden::load("printing.json").at("cases");
  ASSERT_GT(cases.size(), 200U);
  for (const Json& each : cases) {
    EXPECT_EQ(to_string(tensor_of(each)), each["text"].get<std::string>())
        << each["dtype"] << " " << each["shape"] << " " << each["values"];
  }
}

TEST(PrintGoldenTest, StridesDoNotShow) {
  const Tensor x = arange(2400).reshape({40, 60});
  EXPECT_EQ(to_string(x.t().slice(0, 1, 60)),
            to_string(x.t().slice(0, 1, 60).clone().contiguous()));
}

}  // namespace
}  // namespace gradus
