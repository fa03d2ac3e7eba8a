// Making tensors of random numbers. A draw depends on the generator's seed and on how many draws
// came before it; never on threads.
#pragma once

#include "framework/tensor/generator.h"
#include "framework/tensor/tensor.h"

namespace gradus {

/// Uniform in [0, 1). Floating dtypes only.
Tensor rand(const Shape& sizes, DType dtype = kFloat32, Generator& from = default_generator(),
            Location at = Location::current());
/// Standard normal. Floating dtypes only.
Tensor randn(const Shape& sizes, DType dtype = kFloat32, Generator& from = default_generator(),
             Location at = Location::current());
/// Uniform integers in [low, high), low = 0 where it is left out. Any dtype that holds them.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& sizes, DType dtype = kInt64,
               Generator& from = default_generator(), Location at = Location::current());
Tensor randint(std::int64_t high, const Shape& sizes, DType dtype = kInt64,
               Generator& from = default_generator(), Location at = Location::current());
/// The numbers 0 to n - 1 in random order.
Tensor randperm(std::int64_t n, DType dtype = kInt64, Generator& from = default_generator(),
                Location at = Location::current());

/// Of the shape, the order of dims and, unless told, the dtype of `other`.
Tensor rand_like(const Tensor& other, std::optional<DType> dtype = {},
                 Generator& from = default_generator(), Location at = Location::current());
Tensor randn_like(const Tensor& other, std::optional<DType> dtype = {},
                  Generator& from = default_generator(), Location at = Location::current());
Tensor randint_like(const Tensor& other, std::int64_t low, std::int64_t high,
                    std::optional<DType> dtype = {}, Generator& from = default_generator(),
                    Location at = Location::current());
Tensor randint_like(const Tensor& other, std::int64_t high, std::optional<DType> dtype = {},
                    Generator& from = default_generator(), Location at = Location::current());

/// 1 with the probability that each element tells, else 0; of the shape and dtype of the
/// probabilities, which are floating and in [0, 1].
Tensor bernoulli(const Tensor& probabilities, Generator& from = default_generator(),
                 Location at = Location::current());
/// Indices (int64 [num_samples], or [rows, num_samples]) drawn with the given weights [n] or
/// [rows, n]: floating, finite, not negative, not all zero in a row. Without replacement no index
/// comes twice, and those of weight 0 come last.
Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement = false,
                   Generator& from = default_generator(), Location at = Location::current());

}  // namespace gradus
