// Initial values of parameters.
#pragma once

#include "framework/tensor/creation.h"

namespace gradus::nn::init {

/// Uniform in [low, high), float32.
Tensor uniform(const Shape& sizes, double low, double high,
               Generator& generator = default_generator());

/// Normal, float32.
Tensor normal(const Shape& sizes, double mean, double std,
              Generator& generator = default_generator());

}  // namespace gradus::nn::init
