// Tensors put together and taken apart. What takes apart gives views.
#pragma once

#include "framework/tensor/tensor.h"

#include <span>
#include <vector>

namespace gradus {

/// Joins tensors along a dim; all other sizes are equal. At least one tensor; empty ones of shape
/// [0] fit with any.
Tensor cat(std::span<const Tensor> tensors, int dim = 0, Location at = Location::current());
Tensor cat(std::initializer_list<Tensor> tensors, int dim = 0, Location at = Location::current());
/// Joins tensors of one shape along a new dim.
Tensor stack(std::span<const Tensor> tensors, int dim = 0, Location at = Location::current());
Tensor stack(std::initializer_list<Tensor> tensors, int dim = 0, Location at = Location::current());
/// Joins along dim 0 (1-dim tensors) or 1 (others); 0-dim tensors count as [1].
Tensor hstack(std::span<const Tensor> tensors, Location at = Location::current());
/// Joins along dim 0; tensors of fewer than 2 dims are taken as rows.
Tensor vstack(std::span<const Tensor> tensors, Location at = Location::current());

/// Parts of `size` along dim, the last one shorter where it does not divide.
std::vector<Tensor> split(const Tensor& x, std::int64_t size, int dim = 0,
                          Location at = Location::current());
/// Parts of the given sizes, which add up to the size of dim.
std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, int dim = 0,
                          Location at = Location::current());
/// At most `chunks` parts of equal size (the last one shorter where they cannot be).
std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, int dim = 0,
                          Location at = Location::current());
/// What stands at each index of dim, without that dim.
std::vector<Tensor> unbind(const Tensor& x, int dim = 0, Location at = Location::current());
/// Grids of coordinates: of 1-dim (or 0-dim) tensors of sizes a, b, ... each is expanded to
/// [a, b, ...], along its own dim. With MeshIndexing::XY the first two dims change places.
enum class MeshIndexing { IJ, XY };
std::vector<Tensor> meshgrid(std::span<const Tensor> tensors,
                             MeshIndexing indexing = MeshIndexing::IJ,
                             Location at = Location::current());

}  // namespace gradus
