// The operations of Tensor that are spelt as methods: each calls the function of the same name.
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {

Tensor Tensor::to(DType dtype, Location at) const {
  return gradus::to(*this, dtype, at);
}
Tensor Tensor::clone(Location at) const {
  return gradus::clone(*this, {}, at);
}
Tensor Tensor::contiguous(MemoryFormat format, Location at) const {
  return gradus::contiguous(*this, format, at);
}
Tensor Tensor::reshape(const Shape& sizes, Location at) const {
  return gradus::reshape(*this, sizes, at);
}
Tensor Tensor::flatten(int start_dim, int end_dim, Location at) const {
  return gradus::flatten(*this, start_dim, end_dim, at);
}
Tensor Tensor::transpose(int a, int b, Location at) const {
  return gradus::transpose(*this, a, b, at);
}
Tensor Tensor::t(Location at) const {
  if (dim() > 2) {
    ShapeError error("t: needs at most 2 dims, got " + to_string(sizes()) + "; use transpose");
    error.locate(at);
    throw error;
  }
  return dim() < 2 ? *this : gradus::transpose(*this, 0, 1, at);
}
Tensor Tensor::permute(const Shape& dims, Location at) const {
  return gradus::permute(*this, dims, at);
}
Tensor Tensor::expand(const Shape& sizes, Location at) const {
  return gradus::expand(*this, sizes, at);
}
Tensor Tensor::slice(int dim, std::int64_t start, std::int64_t end, std::int64_t step,
                     Location at) const {
  return gradus::slice(*this, dim, start, end, step, at);
}
Tensor Tensor::gather(int dim, const Tensor& index, Location at) const {
  return gradus::gather(*this, dim, index, at);
}
Tensor Tensor::sum(Location at) const {
  return gradus::sum(*this, {}, false, at);
}
Tensor Tensor::sum(const Shape& dims, bool keepdim, Location at) const {
  return gradus::sum(*this, dims, keepdim, at);
}
Tensor Tensor::mean(Location at) const {
  return gradus::mean(*this, {}, false, at);
}
Tensor Tensor::mean(const Shape& dims, bool keepdim, Location at) const {
  return gradus::mean(*this, dims, keepdim, at);
}
Tensor Tensor::max(Location at) const {
  return gradus::max(*this, at);
}
Tensor Tensor::argmax(std::optional<int> dim, bool keepdim, Location at) const {
  return gradus::argmax(*this, dim, keepdim, at);
}
Tensor Tensor::exp(Location at) const {
  return gradus::exp(*this, at);
}
Tensor Tensor::log(Location at) const {
  return gradus::log(*this, at);
}
Tensor Tensor::sqrt(Location at) const {
  return gradus::sqrt(*this, at);
}
Tensor Tensor::abs(Location at) const {
  return gradus::abs(*this, at);
}
Tensor Tensor::pow(Scalar exponent, Location at) const {
  return gradus::pow(Operand(*this, at), exponent);
}
Tensor Tensor::relu(Location at) const {
  return gradus::relu(*this, at);
}
Tensor Tensor::sigmoid(Location at) const {
  return gradus::sigmoid(*this, at);
}
Tensor Tensor::tanh(Location at) const {
  return gradus::tanh(*this, at);
}
Tensor Tensor::log_softmax(int dim, Location at) const {
  return gradus::log_softmax(*this, dim, at);
}
Tensor Tensor::matmul(const Tensor& other, Location at) const {
  return gradus::matmul(*this, other, at);
}

}  // namespace gradus
