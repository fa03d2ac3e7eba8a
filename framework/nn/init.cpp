#include "framework/nn/init.h"
#include "framework/ops/arithmetic.h"

namespace gradus::nn::init {

Tensor uniform(const Shape& sizes, double low, double high, Generator& generator) {
  return rand(sizes, kFloat32, generator) * (high - low) + low;
}

Tensor normal(const Shape& sizes, double mean, double std, Generator& generator) {
  return randn(sizes, kFloat32, generator) * std + mean;
}

}  // namespace gradus::nn::init
