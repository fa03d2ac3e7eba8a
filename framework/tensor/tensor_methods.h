// The operations of tensors that are spelt as methods: x.exp() is exp(x). Each calls the function
// of the same name in framework/ops, where its contract stands; all functions are there, the most
// used ones are here too. Those that end in _ write their result into the tensor (ops/in_place.h).
#pragma once

#include "framework/kernels/error.h"
#include "framework/kernels/shape.h"
#include "framework/tensor/generator.h"
#include "framework/tensor/scalar.h"

#include <optional>
#include <utility>
#include <vector>

namespace gradus {

class Tensor;

/// The order of a 4-dim tensor's elements in memory. Sizes are always [N, C, H, W].
enum class MemoryFormat { Contiguous, ChannelsLast };

namespace indexing {
class TensorIndex;
}
using TensorIndices = std::vector<indexing::TensorIndex>;

/// The base of Tensor.
class TensorMethods {
 public:
  // ---- Views, rearrangement, indexing -----------------------------------------------------------

  /// x[i] along the first dim, a view.
  Tensor operator[](std::int64_t i) const;
  [[nodiscard]] Tensor to(DType dtype, Location at = Location::current()) const;
  [[nodiscard]] Tensor clone(Location at = Location::current()) const;
  [[nodiscard]] Tensor contiguous(MemoryFormat format = MemoryFormat::Contiguous,
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor reshape(const Shape& sizes, Location at = Location::current()) const;
  [[nodiscard]] Tensor flatten(int start_dim = 0, int end_dim = -1,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor transpose(int a, int b, Location at = Location::current()) const;
  [[nodiscard]] Tensor t(Location at = Location::current()) const;
  [[nodiscard]] Tensor permute(const Shape& dims, Location at = Location::current()) const;
  [[nodiscard]] Tensor expand(const Shape& sizes, Location at = Location::current()) const;
  [[nodiscard]] Tensor slice(int dim, std::int64_t start, std::int64_t end, std::int64_t step = 1,
                             Location at = Location::current()) const;
  [[nodiscard]] Tensor gather(int dim, const Tensor& index,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor view(const Shape& sizes, Location at = Location::current()) const;
  [[nodiscard]] Tensor unflatten(int dim, const Shape& sizes,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor ravel(Location at = Location::current()) const;
  [[nodiscard]] Tensor movedim(const Shape& source, const Shape& destination,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor movedim(int source, int destination,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor expand_as(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor broadcast_to(const Shape& sizes, Location at = Location::current()) const;
  [[nodiscard]] Tensor squeeze(Location at = Location::current()) const;
  [[nodiscard]] Tensor squeeze(int dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor squeeze(const Shape& dims, Location at = Location::current()) const;
  [[nodiscard]] Tensor unsqueeze(int dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor narrow(int dim, std::int64_t start, std::int64_t length,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor select(int dim, std::int64_t index, Location at = Location::current()) const;
  [[nodiscard]] Tensor diagonal(int offset = 0, int dim1 = 0, int dim2 = 1,
                                Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> split(std::int64_t size, int dim = 0,
                                          Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> split(const std::vector<std::int64_t>& sizes, int dim = 0,
                                          Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> chunk(std::int64_t chunks, int dim = 0,
                                          Location at = Location::current()) const;
  [[nodiscard]] std::vector<Tensor> unbind(int dim = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor flip(const Shape& dims, Location at = Location::current()) const;
  [[nodiscard]] Tensor roll(const Shape& shifts, const Shape& dims = {},
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor tril(std::int64_t diagonal = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor triu(std::int64_t diagonal = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor diag(int diagonal = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor repeat(const Shape& repeats, Location at = Location::current()) const;
  [[nodiscard]] Tensor repeat_interleave(std::int64_t repeats, std::optional<int> dim = {},
                                         Location at = Location::current()) const;
  [[nodiscard]] Tensor repeat_interleave(const Tensor& repeats, std::optional<int> dim = {},
                                         Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter(int dim, const Tensor& index, const Tensor& src,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter(int dim, const Tensor& index, Scalar value,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor scatter_add(int dim, const Tensor& index, const Tensor& src,
                                   Location at = Location::current()) const;
  [[nodiscard]] Tensor index_select(int dim, const Tensor& index,
                                    Location at = Location::current()) const;
  [[nodiscard]] Tensor index_add(int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor index_fill(int dim, const Tensor& index, Scalar value,
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor nonzero(Location at = Location::current()) const;
  [[nodiscard]] Tensor masked_select(const Tensor& mask, Location at = Location::current()) const;
  [[nodiscard]] Tensor index(const TensorIndices& indices, Location at = Location::current()) const;
  [[nodiscard]] Tensor index_put(const TensorIndices& indices, const Tensor& values,
                                 bool accumulate = false, Location at = Location::current()) const;

  // ---- Element by element -----------------------------------------------------------------------

  [[nodiscard]] Tensor exp(Location at = Location::current()) const;
  [[nodiscard]] Tensor log(Location at = Location::current()) const;
  [[nodiscard]] Tensor sqrt(Location at = Location::current()) const;
  [[nodiscard]] Tensor abs(Location at = Location::current()) const;
  [[nodiscard]] Tensor relu(Location at = Location::current()) const;
  [[nodiscard]] Tensor sigmoid(Location at = Location::current()) const;
  [[nodiscard]] Tensor tanh(Location at = Location::current()) const;
  [[nodiscard]] Tensor pow(Scalar exponent, Location at = Location::current()) const;
  [[nodiscard]] Tensor add(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor add(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor sub(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor sub(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor mul(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor mul(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor div(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor div(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor floor_divide(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor floor_divide(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor remainder(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor remainder(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor fmod(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor fmod(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor pow(const Tensor& exponent, Location at = Location::current()) const;
  [[nodiscard]] Tensor neg(Location at = Location::current()) const;
  [[nodiscard]] Tensor sign(Location at = Location::current()) const;
  [[nodiscard]] Tensor square(Location at = Location::current()) const;
  [[nodiscard]] Tensor exp2(Location at = Location::current()) const;
  [[nodiscard]] Tensor expm1(Location at = Location::current()) const;
  [[nodiscard]] Tensor log2(Location at = Location::current()) const;
  [[nodiscard]] Tensor log10(Location at = Location::current()) const;
  [[nodiscard]] Tensor log1p(Location at = Location::current()) const;
  [[nodiscard]] Tensor rsqrt(Location at = Location::current()) const;
  [[nodiscard]] Tensor reciprocal(Location at = Location::current()) const;
  [[nodiscard]] Tensor floor(Location at = Location::current()) const;
  [[nodiscard]] Tensor ceil(Location at = Location::current()) const;
  [[nodiscard]] Tensor trunc(Location at = Location::current()) const;
  [[nodiscard]] Tensor round(int decimals = 0, Location at = Location::current()) const;
  [[nodiscard]] Tensor frac(Location at = Location::current()) const;
  [[nodiscard]] Tensor sin(Location at = Location::current()) const;
  [[nodiscard]] Tensor cos(Location at = Location::current()) const;
  [[nodiscard]] Tensor tan(Location at = Location::current()) const;
  [[nodiscard]] Tensor asin(Location at = Location::current()) const;
  [[nodiscard]] Tensor acos(Location at = Location::current()) const;
  [[nodiscard]] Tensor atan(Location at = Location::current()) const;
  [[nodiscard]] Tensor sinh(Location at = Location::current()) const;
  [[nodiscard]] Tensor cosh(Location at = Location::current()) const;
  [[nodiscard]] Tensor asinh(Location at = Location::current()) const;
  [[nodiscard]] Tensor acosh(Location at = Location::current()) const;
  [[nodiscard]] Tensor atanh(Location at = Location::current()) const;
  [[nodiscard]] Tensor erf(Location at = Location::current()) const;
  [[nodiscard]] Tensor erfc(Location at = Location::current()) const;
  [[nodiscard]] Tensor masked_fill(const Tensor& mask, Scalar value,
                                   Location at = Location::current()) const;
  [[nodiscard]] Tensor maximum(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor maximum(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor minimum(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor minimum(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_min(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_min(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_max(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp_max(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp(std::optional<Scalar> min, std::optional<Scalar> max = {},
                             Location at = Location::current()) const;
  [[nodiscard]] Tensor clamp(const Tensor& min, const Tensor& max,
                             Location at = Location::current()) const;
  [[nodiscard]] Tensor nan_to_num(double nan = 0, std::optional<double> posinf = {},
                                  std::optional<double> neginf = {},
                                  Location at = Location::current()) const;
  [[nodiscard]] Tensor eq(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor eq(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor ne(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor ne(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor lt(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor lt(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor le(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor le(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor gt(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor gt(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor ge(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor ge(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_and(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_and(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_or(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_or(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_xor(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_xor(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor logical_not(Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_and(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_and(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_or(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_or(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_xor(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_xor(Scalar other, Location at = Location::current()) const;
  [[nodiscard]] Tensor bitwise_not(Location at = Location::current()) const;
  [[nodiscard]] Tensor isnan(Location at = Location::current()) const;
  [[nodiscard]] Tensor isinf(Location at = Location::current()) const;
  [[nodiscard]] Tensor isfinite(Location at = Location::current()) const;
  [[nodiscard]] Tensor isclose(const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                               bool equal_nan = false, Location at = Location::current()) const;
  [[nodiscard]] bool allclose(const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                              bool equal_nan = false, Location at = Location::current()) const;
  [[nodiscard]] bool equal(const Tensor& b, Location at = Location::current()) const;

  // ---- Reductions, scans, sorting ---------------------------------------------------------------

  [[nodiscard]] Tensor sum(Location at = Location::current()) const;
  [[nodiscard]] Tensor sum(const Shape& dims, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor mean(Location at = Location::current()) const;
  [[nodiscard]] Tensor mean(const Shape& dims, bool keepdim = false,
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor max(Location at = Location::current()) const;
  [[nodiscard]] std::pair<Tensor, Tensor> max(int dim, bool keepdim = false,
                                              Location at = Location::current()) const;
  [[nodiscard]] Tensor argmax(std::optional<int> dim = {}, bool keepdim = false,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor prod(const Shape& dims = {}, bool keepdim = false,
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor amax(const Shape& dims = {}, bool keepdim = false,
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor amin(const Shape& dims = {}, bool keepdim = false,
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor min(Location at = Location::current()) const;
  [[nodiscard]] std::pair<Tensor, Tensor> min(int dim, bool keepdim = false,
                                              Location at = Location::current()) const;
  [[nodiscard]] Tensor argmin(std::optional<int> dim = {}, bool keepdim = false,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor all(const Shape& dims = {}, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor any(const Shape& dims = {}, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor count_nonzero(const Shape& dims = {},
                                     Location at = Location::current()) const;
  [[nodiscard]] Tensor var(const Shape& dims = {}, double correction = 1, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor std(const Shape& dims = {}, double correction = 1, bool keepdim = false,
                           Location at = Location::current()) const;
  [[nodiscard]] Tensor norm(double p = 2, const Shape& dims = {}, bool keepdim = false,
                            Location at = Location::current()) const;
  [[nodiscard]] Tensor logsumexp(const Shape& dims, bool keepdim = false,
                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor cumsum(int dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor cumprod(int dim, Location at = Location::current()) const;
  [[nodiscard]] std::pair<Tensor, Tensor> sort(int dim = -1, bool descending = false,
                                               Location at = Location::current()) const;
  [[nodiscard]] std::pair<Tensor, Tensor> sort(std::optional<bool> stable, int dim = -1,
                                               bool descending = false,
                                               Location at = Location::current()) const;
  [[nodiscard]] Tensor argsort(int dim = -1, bool descending = false,
                               Location at = Location::current()) const;
  [[nodiscard]] std::pair<Tensor, Tensor> topk(std::int64_t k, int dim = -1, bool largest = true,
                                               bool sorted = true,
                                               Location at = Location::current()) const;
  [[nodiscard]] std::pair<Tensor, Tensor> median(int dim, bool keepdim = false,
                                                 Location at = Location::current()) const;
  [[nodiscard]] Tensor median(Location at = Location::current()) const;

  // ---- Products, softmax ------------------------------------------------------------------------

  [[nodiscard]] Tensor matmul(const Tensor& other, Location at = Location::current()) const;
  [[nodiscard]] Tensor log_softmax(int dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor mm(const Tensor& b, Location at = Location::current()) const;
  [[nodiscard]] Tensor mv(const Tensor& v, Location at = Location::current()) const;
  [[nodiscard]] Tensor dot(const Tensor& b, Location at = Location::current()) const;
  [[nodiscard]] Tensor bmm(const Tensor& b, Location at = Location::current()) const;
  [[nodiscard]] Tensor outer(const Tensor& b, Location at = Location::current()) const;
  [[nodiscard]] Tensor softmax(int dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor softmax(int dim, DType dtype, Location at = Location::current()) const;

  // ---- In place ---------------------------------------------------------------------------------

  Tensor neg_(Location at = Location::current()) const;
  Tensor abs_(Location at = Location::current()) const;
  Tensor sign_(Location at = Location::current()) const;
  Tensor square_(Location at = Location::current()) const;
  Tensor exp_(Location at = Location::current()) const;
  Tensor exp2_(Location at = Location::current()) const;
  Tensor expm1_(Location at = Location::current()) const;
  Tensor log_(Location at = Location::current()) const;
  Tensor log2_(Location at = Location::current()) const;
  Tensor log10_(Location at = Location::current()) const;
  Tensor log1p_(Location at = Location::current()) const;
  Tensor sqrt_(Location at = Location::current()) const;
  Tensor rsqrt_(Location at = Location::current()) const;
  Tensor reciprocal_(Location at = Location::current()) const;
  Tensor floor_(Location at = Location::current()) const;
  Tensor ceil_(Location at = Location::current()) const;
  Tensor trunc_(Location at = Location::current()) const;
  Tensor frac_(Location at = Location::current()) const;
  Tensor sin_(Location at = Location::current()) const;
  Tensor cos_(Location at = Location::current()) const;
  Tensor tan_(Location at = Location::current()) const;
  Tensor asin_(Location at = Location::current()) const;
  Tensor acos_(Location at = Location::current()) const;
  Tensor atan_(Location at = Location::current()) const;
  Tensor sinh_(Location at = Location::current()) const;
  Tensor cosh_(Location at = Location::current()) const;
  Tensor tanh_(Location at = Location::current()) const;
  Tensor asinh_(Location at = Location::current()) const;
  Tensor acosh_(Location at = Location::current()) const;
  Tensor atanh_(Location at = Location::current()) const;
  Tensor erf_(Location at = Location::current()) const;
  Tensor erfc_(Location at = Location::current()) const;
  Tensor sigmoid_(Location at = Location::current()) const;
  Tensor relu_(Location at = Location::current()) const;
  Tensor round_(int decimals = 0, Location at = Location::current()) const;
  Tensor pow_(Scalar exponent, Location at = Location::current()) const;
  Tensor remainder_(Scalar divisor, Location at = Location::current()) const;
  Tensor clamp_(std::optional<Scalar> min, std::optional<Scalar> max = {},
                Location at = Location::current()) const;
  Tensor clamp_min_(Scalar min, Location at = Location::current()) const;
  Tensor clamp_max_(Scalar max, Location at = Location::current()) const;
  Tensor masked_fill_(const Tensor& mask, Scalar value, Location at = Location::current()) const;
  Tensor index_put_(const TensorIndices& indices, const Tensor& values, bool accumulate = false,
                    Location at = Location::current()) const;
  Tensor index_add_(int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1,
                    Location at = Location::current()) const;
  Tensor scatter_add_(int dim, const Tensor& index, const Tensor& src,
                      Location at = Location::current()) const;
  Tensor tril_(std::int64_t diagonal = 0, Location at = Location::current()) const;
  Tensor triu_(std::int64_t diagonal = 0, Location at = Location::current()) const;
  Tensor uniform_(double from = 0, double to = 1, Generator& generator = default_generator(),
                  Location at = Location::current()) const;
  Tensor normal_(double mean = 0, double std = 1, Generator& generator = default_generator(),
                 Location at = Location::current()) const;

 private:
  [[nodiscard]] const Tensor& self() const;
};

}  // namespace gradus
