#include "framework/autograd/anomaly.h"

#include <cmath>
#include <sstream>

namespace gradus {

constinit thread_local bool AnomalyMode::enabled_ = false;

namespace autograd {
namespace {

struct Anomalies {
  bool nan = false;
  bool inf = false;
};

// What a tensor holds of them; nothing for integers and undefined tensors.
Anomalies anomalies_of(const Tensor& tensor) {
  Anomalies found;
  if (!tensor.defined() || !tensor.is_floating_point()) return found;
  for (const double value : tensor.to_vector<double>()) {
    found.nan = found.nan || std::isnan(value);
    found.inf = found.inf || std::isinf(value);
  }
  return found;
}

// "nan at [0, 3]": the first NaN or infinity of a kind that `given` has none of; or nothing.
std::string first_anomaly(const Tensor& tensor, const Anomalies& given) {
  if (!tensor.is_floating_point()) return "";
  const std::vector<double> values = tensor.to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) || given.nan || (given.inf && std::isinf(values[i]))) continue;
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
  const AnomalyModeGuard off(false);  // for the ops that look at the values
  Anomalies given;
  for (const Tensor& input : inputs) {
    const Anomalies of_input = anomalies_of(input);
    given = {given.nan || of_input.nan, given.inf || of_input.inf};
  }
  const std::string found = first_anomaly(result, given);
  if (found.empty()) return;
  std::string text = "the result has " + found;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) text += "; input " + std::to_string(i) + ": " + summary(inputs[i]);
  }
  throw AnomalyError(text);
}

void check_finite_gradients(const Node& node, const Gradients& gradients, const Tensor& gradient) {
  const AnomalyModeGuard off(false);
  const Anomalies given = anomalies_of(gradient);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::string found = gradients[i].defined() ? first_anomaly(gradients[i], given) : "";
    if (found.empty()) continue;
    const std::string input = node.inputs()[i] ? node.inputs()[i]->name() : "";
    throw AnomalyError("the gradient of input " + std::to_string(i) +
                       (input.empty() ? "" : " (" + input + ")") + " has " + found +
                       "; the gradient that came in: " + summary(gradient));
  }
}

}  // namespace autograd
}  // namespace gradus
