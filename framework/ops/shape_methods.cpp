// The methods of Tensor that rearrange, index, reduce and multiply.
#include "framework/ops/conversion.h"
#include "framework/ops/indexing.h"
#include "framework/ops/joining.h"
#include "framework/ops/linear.h"
#include "framework/ops/normalization.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/reduction.h"
#include "framework/ops/scan.h"
#include "framework/ops/sorting.h"
#include "framework/ops/statistics.h"
#include "framework/ops/tensor_index.h"
#include "framework/ops/views.h"

namespace gradus {

Tensor TensorMethods::operator[](std::int64_t i) const {
  return gradus::select(self(), 0, i);
}
Tensor TensorMethods::to(DType dtype, Location at) const {
  return gradus::to(self(), dtype, at);
}
Tensor TensorMethods::clone(Location at) const {
  return gradus::clone(self(), {}, at);
}
Tensor TensorMethods::contiguous(MemoryFormat format, Location at) const {
  return gradus::contiguous(self(), format, at);
}
Tensor TensorMethods::reshape(const Shape& sizes, Location at) const {
  return gradus::reshape(self(), sizes, at);
}
Tensor TensorMethods::flatten(int start_dim, int end_dim, Location at) const {
  return gradus::flatten(self(), start_dim, end_dim, at);
}
Tensor TensorMethods::transpose(int a, int b, Location at) const {
  return gradus::transpose(self(), a, b, at);
}
Tensor TensorMethods::t(Location at) const {
  return gradus::t(self(), at);
}
Tensor TensorMethods::permute(const Shape& dims, Location at) const {
  return gradus::permute(self(), dims, at);
}
Tensor TensorMethods::expand(const Shape& sizes, Location at) const {
  return gradus::expand(self(), sizes, at);
}
Tensor TensorMethods::slice(int dim, std::int64_t start, std::int64_t end, std::int64_t step,
                            Location at) const {
  return gradus::slice(self(), dim, start, end, step, at);
}
Tensor TensorMethods::gather(int dim, const Tensor& index, Location at) const {
  return gradus::gather(self(), dim, index, at);
}
Tensor TensorMethods::view(const Shape& sizes, Location at) const {
  return gradus::view(self(), sizes, at);
}
Tensor TensorMethods::unflatten(int dim, const Shape& sizes, Location at) const {
  return gradus::unflatten(self(), dim, sizes, at);
}
Tensor TensorMethods::ravel(Location at) const {
  return gradus::ravel(self(), at);
}
Tensor TensorMethods::movedim(const Shape& source, const Shape& destination, Location at) const {
  return gradus::movedim(self(), source, destination, at);
}
Tensor TensorMethods::movedim(int source, int destination, Location at) const {
  return gradus::movedim(self(), source, destination, at);
}
Tensor TensorMethods::expand_as(const Tensor& other, Location at) const {
  return gradus::expand_as(self(), other, at);
}
Tensor TensorMethods::broadcast_to(const Shape& sizes, Location at) const {
  return gradus::broadcast_to(self(), sizes, at);
}
Tensor TensorMethods::squeeze(Location at) const {
  return gradus::squeeze(self(), at);
}
Tensor TensorMethods::squeeze(int dim, Location at) const {
  return gradus::squeeze(self(), dim, at);
}
Tensor TensorMethods::squeeze(const Shape& dims, Location at) const {
  return gradus::squeeze(self(), dims, at);
}
Tensor TensorMethods::unsqueeze(int dim, Location at) const {
  return gradus::unsqueeze(self(), dim, at);
}
Tensor TensorMethods::narrow(int dim, std::int64_t start, std::int64_t length, Location at) const {
  return gradus::narrow(self(), dim, start, length, at);
}
Tensor TensorMethods::select(int dim, std::int64_t index, Location at) const {
  return gradus::select(self(), dim, index, at);
}
Tensor TensorMethods::diagonal(int offset, int dim1, int dim2, Location at) const {
  return gradus::diagonal(self(), offset, dim1, dim2, at);
}
std::vector<Tensor> TensorMethods::split(std::int64_t size, int dim, Location at) const {
  return gradus::split(self(), size, dim, at);
}
std::vector<Tensor> TensorMethods::split(const std::vector<std::int64_t>& sizes, int dim,
                                         Location at) const {
  return gradus::split(self(), sizes, dim, at);
}
std::vector<Tensor> TensorMethods::chunk(std::int64_t chunks, int dim, Location at) const {
  return gradus::chunk(self(), chunks, dim, at);
}
std::vector<Tensor> TensorMethods::unbind(int dim, Location at) const {
  return gradus::unbind(self(), dim, at);
}
Tensor TensorMethods::flip(const Shape& dims, Location at) const {
  return gradus::flip(self(), dims, at);
}
Tensor TensorMethods::roll(const Shape& shifts, const Shape& dims, Location at) const {
  return gradus::roll(self(), shifts, dims, at);
}
Tensor TensorMethods::tril(std::int64_t diagonal, Location at) const {
  return gradus::tril(self(), diagonal, at);
}
Tensor TensorMethods::triu(std::int64_t diagonal, Location at) const {
  return gradus::triu(self(), diagonal, at);
}
Tensor TensorMethods::diag(int diagonal, Location at) const {
  return gradus::diag(self(), diagonal, at);
}
Tensor TensorMethods::repeat(const Shape& repeats, Location at) const {
  return gradus::repeat(self(), repeats, at);
}
Tensor TensorMethods::repeat_interleave(std::int64_t repeats, std::optional<int> dim,
                                        Location at) const {
  return gradus::repeat_interleave(self(), repeats, dim, at);
}
Tensor TensorMethods::repeat_interleave(const Tensor& repeats, std::optional<int> dim,
                                        Location at) const {
  return gradus::repeat_interleave(self(), repeats, dim, at);
}
Tensor TensorMethods::scatter(int dim, const Tensor& index, const Tensor& src, Location at) const {
  return gradus::scatter(self(), dim, index, src, at);
}
Tensor TensorMethods::scatter(int dim, const Tensor& index, Scalar value, Location at) const {
  return gradus::scatter(self(), dim, index, value, at);
}
Tensor TensorMethods::scatter_add(int dim, const Tensor& index, const Tensor& src,
                                  Location at) const {
  return gradus::scatter_add(self(), dim, index, src, at);
}
Tensor TensorMethods::index_select(int dim, const Tensor& index, Location at) const {
  return gradus::index_select(self(), dim, index, at);
}
Tensor TensorMethods::index_add(int dim, const Tensor& index, const Tensor& src, Scalar alpha,
                                Location at) const {
  return gradus::index_add(self(), dim, index, src, alpha, at);
}
Tensor TensorMethods::index_fill(int dim, const Tensor& index, Scalar value, Location at) const {
  return gradus::index_fill(self(), dim, index, value, at);
}
Tensor TensorMethods::nonzero(Location at) const {
  return gradus::nonzero(self(), at);
}
Tensor TensorMethods::masked_select(const Tensor& mask, Location at) const {
  return gradus::masked_select(self(), mask, at);
}
Tensor TensorMethods::index(const TensorIndices& indices, Location at) const {
  return gradus::index(self(), indices, at);
}
Tensor TensorMethods::index_put(const TensorIndices& indices, const Tensor& values, bool accumulate,
                                Location at) const {
  return gradus::index_put(self(), indices, values, accumulate, at);
}
Tensor TensorMethods::sum(Location at) const {
  return gradus::sum(self(), {}, false, at);
}
Tensor TensorMethods::sum(const Shape& dims, bool keepdim, Location at) const {
  return gradus::sum(self(), dims, keepdim, at);
}
Tensor TensorMethods::mean(Location at) const {
  return gradus::mean(self(), {}, false, at);
}
Tensor TensorMethods::mean(const Shape& dims, bool keepdim, Location at) const {
  return gradus::mean(self(), dims, keepdim, at);
}
Tensor TensorMethods::max(Location at) const {
  return gradus::max(self(), at);
}
std::pair<Tensor, Tensor> TensorMethods::max(int dim, bool keepdim, Location at) const {
  return gradus::max(self(), dim, keepdim, at);
}
Tensor TensorMethods::argmax(std::optional<int> dim, bool keepdim, Location at) const {
  return gradus::argmax(self(), dim, keepdim, at);
}
Tensor TensorMethods::prod(const Shape& dims, bool keepdim, Location at) const {
  return gradus::prod(self(), dims, keepdim, at);
}
Tensor TensorMethods::amax(const Shape& dims, bool keepdim, Location at) const {
  return gradus::amax(self(), dims, keepdim, at);
}
Tensor TensorMethods::amin(const Shape& dims, bool keepdim, Location at) const {
  return gradus::amin(self(), dims, keepdim, at);
}
Tensor TensorMethods::min(Location at) const {
  return gradus::min(self(), at);
}
std::pair<Tensor, Tensor> TensorMethods::min(int dim, bool keepdim, Location at) const {
  return gradus::min(self(), dim, keepdim, at);
}
Tensor TensorMethods::argmin(std::optional<int> dim, bool keepdim, Location at) const {
  return gradus::argmin(self(), dim, keepdim, at);
}
Tensor TensorMethods::all(const Shape& dims, bool keepdim, Location at) const {
  return gradus::all(self(), dims, keepdim, at);
}
Tensor TensorMethods::any(const Shape& dims, bool keepdim, Location at) const {
  return gradus::any(self(), dims, keepdim, at);
}
Tensor TensorMethods::count_nonzero(const Shape& dims, Location at) const {
  return gradus::count_nonzero(self(), dims, at);
}
Tensor TensorMethods::var(const Shape& dims, double correction, bool keepdim, Location at) const {
  return gradus::var(self(), dims, correction, keepdim, at);
}
Tensor TensorMethods::std(const Shape& dims, double correction, bool keepdim, Location at) const {
  return gradus::std(self(), dims, correction, keepdim, at);
}
Tensor TensorMethods::norm(double p, const Shape& dims, bool keepdim, Location at) const {
  return gradus::norm(self(), p, dims, keepdim, at);
}
Tensor TensorMethods::logsumexp(const Shape& dims, bool keepdim, Location at) const {
  return gradus::logsumexp(self(), dims, keepdim, at);
}
Tensor TensorMethods::cumsum(int dim, Location at) const {
  return gradus::cumsum(self(), dim, at);
}
Tensor TensorMethods::cumprod(int dim, Location at) const {
  return gradus::cumprod(self(), dim, at);
}
std::pair<Tensor, Tensor> TensorMethods::sort(int dim, bool descending, Location at) const {
  return gradus::sort(self(), dim, descending, at);
}
std::pair<Tensor, Tensor> TensorMethods::sort(std::optional<bool> stable, int dim, bool descending,
                                              Location at) const {
  return gradus::sort(self(), stable, dim, descending, at);
}
Tensor TensorMethods::argsort(int dim, bool descending, Location at) const {
  return gradus::argsort(self(), dim, descending, at);
}
std::pair<Tensor, Tensor> TensorMethods::topk(std::int64_t k, int dim, bool largest, bool sorted,
                                              Location at) const {
  return gradus::topk(self(), k, dim, largest, sorted, at);
}
std::pair<Tensor, Tensor> TensorMethods::median(int dim, bool keepdim, Location at) const {
  return gradus::median(self(), dim, keepdim, at);
}
Tensor TensorMethods::median(Location at) const {
  return gradus::median(self(), at);
}
Tensor TensorMethods::matmul(const Tensor& other, Location at) const {
  return gradus::matmul(self(), other, at);
}
Tensor TensorMethods::log_softmax(int dim, Location at) const {
  return gradus::log_softmax(self(), dim, at);
}
Tensor TensorMethods::mm(const Tensor& b, Location at) const {
  return gradus::mm(self(), b, at);
}
Tensor TensorMethods::mv(const Tensor& v, Location at) const {
  return gradus::mv(self(), v, at);
}
Tensor TensorMethods::dot(const Tensor& b, Location at) const {
  return gradus::dot(self(), b, at);
}
Tensor TensorMethods::bmm(const Tensor& b, Location at) const {
  return gradus::bmm(self(), b, at);
}
Tensor TensorMethods::outer(const Tensor& b, Location at) const {
  return gradus::outer(self(), b, at);
}
Tensor TensorMethods::softmax(int dim, Location at) const {
  return gradus::softmax(self(), dim, at);
}
Tensor TensorMethods::softmax(int dim, DType dtype, Location at) const {
  return gradus::softmax(self(), dim, dtype, at);
}

}  // namespace gradus
