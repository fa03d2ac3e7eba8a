#include "framework/train/weights_diff.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

namespace gradus {
namespace {

using Kind = TensorDifference::Kind;

std::string form_of(const Tensor& tensor) {
  return std::string(name_of(tensor.dtype())) + " " + to_string(tensor.sizes());
}

void compare_values(const Tensor& a, const Tensor& b, TensorDifference& found) {
  const std::size_t bytes = size_of(a.dtype());
  const Tensor from = a.contiguous();
  const Tensor to = b.contiguous();
  const auto* x = static_cast<const char*>(from.raw().data);
  const auto* y = static_cast<const char*>(to.raw().data);
  const std::vector<double> u = from.to_vector<double>();
  const std::vector<double> v = to.to_vector<double>();
  double squares = 0;
  double distance = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    squares += u[i] * u[i];
    if (std::memcmp(x + i * bytes, y + i * bytes, bytes) == 0) continue;
    ++found.differing;
    const double error = std::abs(u[i] - v[i]);
    distance += error * error;
    if (std::isnan(error) || error > found.largest) found.largest = error;
  }
  if (std::isnan(distance)) found.largest = std::numeric_limits<double>::quiet_NaN();
  found.relative = distance == 0 ? 0 : std::sqrt(distance / squares);
  if (found.differing > 0) found.kind = Kind::OtherValues;
}

TensorDifference compare(const std::string& name, const Tensor& a, const Tensor& b) {
  TensorDifference found = {.name = name, .first = form_of(a), .second = form_of(b)};
  found.elements = a.numel();
  if (found.first != found.second) {
    found.kind = Kind::OtherForm;
  } else {
    compare_values(a, b, found);
  }
  return found;
}

}  // namespace

std::vector<TensorDifference> differences(const nn::StateDict& first, const nn::StateDict& second) {
  std::map<std::string, Tensor> others;
  for (const auto& [name, tensor] : second) others.emplace(name, tensor);
  std::vector<TensorDifference> result;
  for (const auto& [name, tensor] : first) {
    const auto other = others.find(name);
    if (other == others.end()) {
      result.push_back({.name = name, .kind = Kind::OnlyInFirst, .first = form_of(tensor)});
    } else {
      result.push_back(compare(name, tensor, other->second));
      others.erase(other);
    }
  }
  for (const auto& [name, tensor] : second) {
    if (!others.contains(name)) continue;
    result.push_back({.name = name, .kind = Kind::OnlyInSecond, .second = form_of(tensor)});
  }
  return result;
}

}  // namespace gradus
