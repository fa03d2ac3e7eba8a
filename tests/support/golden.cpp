#include "tests/support/golden.h"

#include "framework/tensor/creation.h"

#include <cmath>
#include <fstream>
#include <vector>

#include "tests/support/paths.h"

namespace gradus::golden {
namespace {

// "[1, 2]": where the element with this number in row-major order stands.
std::string place_of(std::size_t element, const Shape& sizes) {
  auto rest = static_cast<std::int64_t>(element);
  Shape place = sizes;
  for (int dim = sizes.size() - 1; dim >= 0; --dim) {
    place[dim] = rest % sizes[dim];
    rest /= sizes[dim];
  }
  return to_string(place);
}

}  // namespace

std::filesystem::path path_of(const std::string& name) {
  return test::source_path("tests/golden/" + name);
}

Json load(const std::string& name) {
  std::ifstream file(path_of(name));
  if (!file) throw FileError("cannot open the golden file " + path_of(name).string());
  return Json::parse(file);
}

Shape shape_of(const Json& list) {
  return Shape(list.get<std::vector<std::int64_t>>());
}

Tensor tensor_of(const Json& json, DType floating) {
  const Shape sizes = shape_of(json.at("shape"));
  const Json& values = json.at("values");
  const std::string dtype = json.value("dtype", "float64");
  if (dtype == "int64") {
    return tensor(values.get<std::vector<std::int64_t>>()).reshape(sizes);
  }
  std::vector<double> numbers;
  for (const Json& each : values) {
    if (each.is_boolean()) {
      numbers.push_back(each.get<bool>() ? 1 : 0);
    } else {
      numbers.push_back(each.is_string() ? std::stod(each.get<std::string>()) : each.get<double>());
    }
  }
  return tensor(numbers).reshape(sizes).to(dtype == "bool" ? kBool : floating);
}

testing::AssertionResult is_close(const Tensor& actual, const Tensor& expected,
                                  const Tolerance& tolerance) {
  if (!(actual.sizes() == expected.sizes())) {
    return testing::AssertionFailure() << "shape is " << to_string(actual.sizes()) << ", expected "
                                       << to_string(expected.sizes());
  }
  const auto is = actual.to_vector<double>();
  const auto should = expected.to_vector<double>();
  std::size_t off = 0;
  std::size_t worst = 0;
  double worst_excess = 0;  // the difference, in multiples of the one allowed
  for (std::size_t i = 0; i < is.size(); ++i) {
    const bool both_nan = std::isnan(is[i]) && std::isnan(should[i]);
    if (is[i] == should[i] || both_nan) continue;
    const double difference = std::abs(is[i] - should[i]);
    const double allowed = tolerance.absolute + tolerance.relative * std::abs(should[i]);
    if (difference <= allowed) continue;
    const double excess = std::isnan(difference) ? INFINITY : difference / allowed;
    if (off++ == 0 || excess > worst_excess) {
      worst = i;
      worst_excess = excess;
    }
  }
  if (off == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << off << " of " << is.size() << " elements are off; the worst, "
         << place_of(worst, expected.sizes()) << ", is " << testing::PrintToString(is[worst])
         << ", expected " << testing::PrintToString(should[worst]) << ": " << worst_excess
         << " times the difference allowed";
}

void expect_close(const Tensor& actual, const Tensor& expected, const Tolerance& tolerance,
                  const Location& at) {
  const testing::AssertionResult close = is_close(actual, expected, tolerance);
  if (!close) ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << close.message();
}

}  // namespace gradus::golden
