#include "framework/nn/init.h"
#include "framework/ops/arithmetic.h"

namespace gradus::nn::init {

Tensor uniform(const Shape& sizes, double low, double high, Generator& generator) {
  return rand(sizes, kFloat32, generator) * (high - low) + low;
}

}  // namespace gradus::nn::init
