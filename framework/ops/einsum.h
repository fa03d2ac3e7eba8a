// Sums of products by a formula.
#pragma once

#include "framework/tensor/tensor.h"

#include <span>
#include <string_view>

namespace gradus {

/// The sum of products that `equation` tells, with the rules of torch.einsum:
///
///   einsum("ik,kj->ij", {a, b});      // a matrix product
///   einsum("bhqd,bhkd->bhqk", {q, k});
///   einsum("...ii->...i", {x});       // diagonals
///
/// Each operand has a letter (a-z, A-Z) per dim; "..." stands for any further dims, which broadcast
/// from the right. A letter that an operand repeats takes the diagonal of those dims. Letters that
/// the output lacks are summed. Without "->" the output is "..." and then, in alphabetical order
/// (capitals first), the letters that occur once. Dims of size 1 broadcast. Spaces are ignored.
/// Operands meet from left to right, each pair in one batched matrix product.
Tensor einsum(std::string_view equation, std::span<const Tensor> operands,
              Location at = Location::current());
Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands,
              Location at = Location::current());

/// The sum of products over the last `dims` dims of a and the first of b.
Tensor tensordot(const Tensor& a, const Tensor& b, int dims = 2, Location at = Location::current());
/// The same over dims_a of a and dims_b of b, pair by pair.
Tensor tensordot(const Tensor& a, const Tensor& b, const Shape& dims_a, const Shape& dims_b,
                 Location at = Location::current());

}  // namespace gradus
