#include "framework/autograd/anomaly.h"

#include <cmath>
#include <sstream>

namespace gradus {

thread_local bool AnomalyMode::enabled_ = false;

namespace autograd {
namespace {

// "nan at [0, 3]", or nothing if all elements are finite.
std::string first_anomaly(const Tensor& tensor) {
  if (!tensor.is_floating_point()) return "";
  const std::vector<double> values = tensor.to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    Shape place = tensor.sizes();
    auto rest = static_cast<std::int64_t>(i);
    for (int d = place.size() - 1; d >= 0; --d) {
      place[d] = rest % tensor.sizes()[d];
      rest /= tensor.sizes()[d];
    }
    const char* what = std::isnan(values[i]) ? "nan" : values[i] < 0 ? "-inf" : "inf";
    return std::string(what) + " at " + to_string(place);
  }
  return "";
}

// "float32 [64, 10], from 0 to 0.93"
std::string summary(const Tensor& tensor) {
  std::ostringstream text;
  text << name_of(tensor.dtype()) << ' ' << to_string(tensor.sizes());
  const std::vector<double> values = tensor.to_vector<double>();
  if (values.empty()) return text.str();
  double low = INFINITY;
  double high = -INFINITY;
  for (const double value : values) {
    low = std::fmin(low, value);
    high = std::fmax(high, value);
  }
  text << ", from " << low << " to " << high;
  if (!tensor.name().empty()) text << ", " << tensor.name();
  return text.str();
}

}  // namespace

void check_finite_result(const Tensor& result, std::span<const Tensor> inputs) {
  const std::string found = first_anomaly(result);
  if (found.empty()) return;
  std::string text = "the result has " + found;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    text += "; input " + std::to_string(i) + ": " + summary(inputs[i]);
  }
  throw AnomalyError(text);
}

void check_finite_gradients(const Node& node, const Gradients& gradients, const Tensor& gradient) {
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::string found = gradients[i].defined() ? first_anomaly(gradients[i]) : "";
    if (found.empty()) continue;
    const std::string input = node.inputs()[i] ? node.inputs()[i]->name() : "";
    throw AnomalyError("the gradient of input " + std::to_string(i) +
                       (input.empty() ? "" : " (" + input + ")") + " has " + found +
                       "; the gradient that came in: " + summary(gradient));
  }
}

}  // namespace autograd
}  // namespace gradus
