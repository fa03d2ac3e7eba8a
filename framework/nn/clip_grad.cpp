#include "framework/nn/clip_grad.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/lanes.h"
#include "framework/kernels/update.h"
#include "framework/ops/statistics.h"
#include "framework/tensor/creation.h"

#include <cmath>

namespace gradus::nn::utils {
namespace {

// The gradients of some parameters, as one array.
class Gradients {
 public:
  explicit Gradients(const std::vector<Tensor>& parameters) {
    for (const Tensor& each : parameters) {
      const Tensor gradient = each.grad();
      if (!gradient.defined()) continue;
      gradients_.push_back(gradient.detach());
      elements_.add(gradient.numel());
    }
  }

  [[nodiscard]] double norm(double p) const {
    if (p == 2) return std::sqrt(squares());
    std::vector<double> norms;
    for (const Tensor& each : gradients_) {
      if (each.numel() != 0) norms.push_back(gradus::norm(each.to(kFloat64), p).item<double>());
    }
    return norms.empty() ? 0 : gradus::norm(tensor(norms), p).item<double>();
  }

  /// element = f(element), in the type that it computes in.
  template <class F>
  void change(const char* writer, F f) const {
    for (const Tensor& each : gradients_) {
      if (is_dense(each.sizes(), each.strides())) continue;
      throw ValueError(std::string(writer) + ": a gradient of shape " + to_string(each.sizes()) +
                       " and strides " + to_string(each.strides()) +
                       " has gaps or overlaps in memory; set a contiguous one");
    }
    elements_.run([&](std::size_t i, std::int64_t begin, std::int64_t end) {
      kernels::dispatch_floating(gradients_[i].dtype(), [&]<class T>(T) {
        T* data = gradients_[i].data_ptr<T>();
        for (std::int64_t k = begin; k < end; ++k) {
          data[k] = static_cast<T>(f(static_cast<Compute<T>>(data[k])));
        }
      });
    });
    for (const Tensor& each : gradients_) each.impl()->storage->mark_written(writer);
  }

 private:
  // The order within a tensor does not matter much, but is that of its elements, not of memory.
  [[nodiscard]] double squares() const {
    std::vector<Tensor> dense;
    for (const Tensor& each : gradients_) dense.push_back(each.contiguous());
    std::vector<double> sums(static_cast<std::size_t>(elements_.split().chunks));
    elements_.run([&](std::int64_t chunk, std::size_t i, std::int64_t begin, std::int64_t end) {
      kernels::dispatch_floating(dense[i].dtype(), [&]<class T>(T) {
        const T* data = dense[i].data_ptr<T>() + begin;
        sums[static_cast<std::size_t>(chunk)] +=
            kernels::lane_sum(end - begin, [data](std::int64_t k) {
              const auto value = static_cast<double>(data[k]);
              return value * value;
            });
      });
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
  }

  std::vector<Tensor> gradients_;
  kernels::Concatenation elements_;
};

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const NoGradGuard no_grad;
  const Gradients gradients(parameters);
  const double norm = gradients.norm(norm_type);
  if (error_if_nonfinite && !std::isfinite(norm)) {
    throw NonFiniteNormError("clip_grad_norm_: the norm of the gradients is " +
                             std::to_string(norm));
  }
  const double factor = max_norm / (norm + 1e-6);
  if (!(factor >= 1)) {
    gradients.change("clip_grad_norm_",
                     [=](auto g) { return g * static_cast<decltype(g)>(factor); });
  }
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  const NoGradGuard no_grad;
  const Gradients gradients(parameters);
  gradients.change("clip_grad_value_", [=](auto g) {
    const auto bound = static_cast<decltype(g)>(clip_value);
    return g > bound ? bound : g < -bound ? -bound : g;
  });
}

}  // namespace gradus::nn::utils
