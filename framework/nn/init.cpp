#include "framework/nn/init.h"
#include "framework/autograd/grad_mode.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/special.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gradus::nn::init {
namespace {

struct Fans {
  double in;
  double out;
};

Fans fans_of(const char* name, const Tensor& tensor) {
  if (tensor.dim() < 2) {
    throw ShapeError(std::string(name) + ": a tensor of shape " + to_string(tensor.sizes()) +
                     " has no fan-in and fan-out; it needs 2 dims at least");
  }
  const auto out = static_cast<double>(tensor.size(0));
  const auto in = static_cast<double>(tensor.size(1));
  const auto all = static_cast<double>(tensor.numel());
  if (all == 0) return {in, out};
  return {all / out, all / in};
}

double kaiming_std(const char* name, const Tensor& tensor, double a, const std::string& mode,
                   const std::string& nonlinearity) {
  if (mode != "fan_in" && mode != "fan_out") {
    throw ValueError(std::string(name) + ": mode is \"fan_in\" or \"fan_out\", got \"" + mode +
                     "\"");
  }
  const Fans fans = fans_of(name, tensor);
  return calculate_gain(nonlinearity, a) / std::sqrt(mode == "fan_in" ? fans.in : fans.out);
}

double xavier_std(const char* name, const Tensor& tensor, double gain) {
  const Fans fans = fans_of(name, tensor);
  return gain * std::sqrt(2 / (fans.in + fans.out));
}

// The standard normal distribution's function.
double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double dot(const double* a, const double* b, std::int64_t size) {
  return std::inner_product(a, a + size, b, 0.0);
}

// Makes the rows orthonormal, each against those before it; twice, since the first time leaves
// rounding errors that are large where a row lies nearly in the space of those before.
void orthonormalize(double* rows, std::int64_t count, std::int64_t size) {
  for (std::int64_t i = 0; i < count; ++i) {
    double* row = rows + i * size;
    for (int pass = 0; pass < 2; ++pass) {
      for (std::int64_t j = 0; j < i; ++j) {
        const double* other = rows + j * size;
        const double share = dot(row, other, size);
        for (std::int64_t k = 0; k < size; ++k) row[k] -= share * other[k];
      }
    }
    const double length = std::sqrt(dot(row, row, size));
    for (std::int64_t k = 0; k < size; ++k) row[k] /= length;
  }
}

}  // namespace

Tensor uniform(const Shape& sizes, double low, double high, Generator& generator) {
  return rand(sizes, kFloat32, generator) * (high - low) + low;
}

Tensor normal(const Shape& sizes, double mean, double std, Generator& generator) {
  return randn(sizes, kFloat32, generator) * std + mean;
}

double calculate_gain(const std::string& nonlinearity, std::optional<double> param) {
  for (const char* plain : {"linear", "sigmoid", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
                            "conv_transpose2d", "conv_transpose3d"}) {
    if (nonlinearity == plain) return 1;
  }
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") {
    const double slope = param.value_or(0.01);
    return std::sqrt(2 / (1 + slope * slope));
  }
  if (nonlinearity == "selu") return 0.75;
  throw ValueError("calculate_gain: \"" + nonlinearity +
                   "\" is unknown; there are linear, sigmoid, tanh, relu, leaky_relu, selu and "
                   "conv1d to conv_transpose3d");
}

Tensor uniform_(const Tensor& tensor, double a, double b, Generator& generator) {
  const NoGradGuard no_grad;
  return tensor.uniform_(a, b, generator);
}

Tensor normal_(const Tensor& tensor, double mean, double std, Generator& generator) {
  const NoGradGuard no_grad;
  return tensor.normal_(mean, std, generator);
}

Tensor constant_(const Tensor& tensor, double val) {
  const NoGradGuard no_grad;
  return tensor.fill_(val);
}

Tensor zeros_(const Tensor& tensor) {
  return constant_(tensor, 0);
}

Tensor ones_(const Tensor& tensor) {
  return constant_(tensor, 1);
}

Tensor eye_(const Tensor& tensor) {
  if (tensor.dim() != 2) {
    throw ShapeError("eye_: needs a matrix, got shape " + to_string(tensor.sizes()));
  }
  const NoGradGuard no_grad;
  return tensor.copy_(eye(tensor.size(0), tensor.size(1), tensor.dtype()));
}

Tensor xavier_uniform_(const Tensor& tensor, double gain, Generator& generator) {
  const double bound = std::sqrt(3.0) * xavier_std("xavier_uniform_", tensor, gain);
  return uniform_(tensor, -bound, bound, generator);
}

Tensor xavier_normal_(const Tensor& tensor, double gain, Generator& generator) {
  return normal_(tensor, 0, xavier_std("xavier_normal_", tensor, gain), generator);
}

Tensor kaiming_uniform_(const Tensor& tensor, double a, const std::string& mode,
                        const std::string& nonlinearity, Generator& generator) {
  const double bound =
      std::sqrt(3.0) * kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity);
  return uniform_(tensor, -bound, bound, generator);
}

Tensor kaiming_normal_(const Tensor& tensor, double a, const std::string& mode,
                       const std::string& nonlinearity, Generator& generator) {
  const double std = kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity);
  return normal_(tensor, 0, std, generator);
}

// The inverse of the distribution's function, at places between its values at a and b.
Tensor trunc_normal_(const Tensor& tensor, double mean, double std, double a, double b,
                     Generator& generator) {
  if (!(a < b)) {
    throw ValueError("trunc_normal_: a must be less than b, got " + std::to_string(a) + " and " +
                     std::to_string(b));
  }
  const NoGradGuard no_grad;
  const double low = 2 * normal_cdf((a - mean) / std) - 1;
  const double high = 2 * normal_cdf((b - mean) / std) - 1;
  const Tensor places = rand(tensor.sizes(), kFloat64, generator) * (high - low) + low;
  return tensor.copy_((erfinv(places) * (std * std::sqrt(2.0)) + mean).clamp(a, b));
}

Tensor orthogonal_(const Tensor& tensor, double gain, Generator& generator) {
  if (tensor.dim() < 2) {
    throw ShapeError("orthogonal_: needs 2 dims at least, got shape " + to_string(tensor.sizes()));
  }
  const NoGradGuard no_grad;
  if (tensor.numel() == 0) return tensor;
  const std::int64_t rows = tensor.size(0);
  const std::int64_t columns = tensor.numel() / rows;
  const std::int64_t count = std::min(rows, columns);
  const std::int64_t size = std::max(rows, columns);
  const Tensor matrix = randn({count, size}, kFloat64, generator);
  orthonormalize(matrix.data_ptr<double>(), count, size);
  const Tensor turned = rows > columns ? matrix.t() : matrix;
  return tensor.copy_((turned * gain).reshape(tensor.sizes()));
}

}  // namespace gradus::nn::init
