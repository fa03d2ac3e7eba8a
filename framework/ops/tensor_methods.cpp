#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/in_place.h"
#include "framework/ops/indexing.h"
#include "framework/ops/joining.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/selection.h"
#include "framework/ops/special.h"
#include "framework/ops/tensor_index.h"
#include "framework/ops/trigonometry.h"
#include "framework/ops/views.h"

namespace gradus {
namespace {

template <Tensor (*kOp)(const Tensor&, Location)>
Tensor in_place_unary(const Tensor& tensor, const char* writer, const Location& at) {
  return ops::in_place(tensor, {}, writer, at, [&](const Tensor& x) { return kOp(x, at); });
}

}  // namespace

const Tensor& TensorMethods::self() const {
  return static_cast<const Tensor&>(*this);
}

Tensor TensorMethods::exp(Location at) const {
  return gradus::exp(self(), at);
}
Tensor TensorMethods::log(Location at) const {
  return gradus::log(self(), at);
}
Tensor TensorMethods::sqrt(Location at) const {
  return gradus::sqrt(self(), at);
}
Tensor TensorMethods::abs(Location at) const {
  return gradus::abs(self(), at);
}
Tensor TensorMethods::relu(Location at) const {
  return gradus::relu(self(), at);
}
Tensor TensorMethods::sigmoid(Location at) const {
  return gradus::sigmoid(self(), at);
}
Tensor TensorMethods::tanh(Location at) const {
  return gradus::tanh(self(), at);
}
Tensor TensorMethods::pow(Scalar exponent, Location at) const {
  return gradus::pow(Operand(self(), at), exponent);
}
Tensor TensorMethods::add(const Tensor& other, Location at) const {
  return gradus::add(Operand(self(), at), other);
}
Tensor TensorMethods::add(Scalar other, Location at) const {
  return gradus::add(Operand(self(), at), other);
}
Tensor TensorMethods::sub(const Tensor& other, Location at) const {
  return gradus::sub(Operand(self(), at), other);
}
Tensor TensorMethods::sub(Scalar other, Location at) const {
  return gradus::sub(Operand(self(), at), other);
}
Tensor TensorMethods::mul(const Tensor& other, Location at) const {
  return gradus::mul(Operand(self(), at), other);
}
Tensor TensorMethods::mul(Scalar other, Location at) const {
  return gradus::mul(Operand(self(), at), other);
}
Tensor TensorMethods::div(const Tensor& other, Location at) const {
  return gradus::div(Operand(self(), at), other);
}
Tensor TensorMethods::div(Scalar other, Location at) const {
  return gradus::div(Operand(self(), at), other);
}
Tensor TensorMethods::floor_divide(const Tensor& other, Location at) const {
  return gradus::floor_divide(Operand(self(), at), other);
}
Tensor TensorMethods::floor_divide(Scalar other, Location at) const {
  return gradus::floor_divide(Operand(self(), at), other);
}
Tensor TensorMethods::remainder(const Tensor& other, Location at) const {
  return gradus::remainder(Operand(self(), at), other);
}
Tensor TensorMethods::remainder(Scalar other, Location at) const {
  return gradus::remainder(Operand(self(), at), other);
}
Tensor TensorMethods::fmod(const Tensor& other, Location at) const {
  return gradus::fmod(Operand(self(), at), other);
}
Tensor TensorMethods::fmod(Scalar other, Location at) const {
  return gradus::fmod(Operand(self(), at), other);
}
Tensor TensorMethods::pow(const Tensor& exponent, Location at) const {
  return gradus::pow(Operand(self(), at), exponent);
}
Tensor TensorMethods::neg(Location at) const {
  return gradus::neg(self(), at);
}
Tensor TensorMethods::sign(Location at) const {
  return gradus::sign(self(), at);
}
Tensor TensorMethods::square(Location at) const {
  return gradus::square(self(), at);
}
Tensor TensorMethods::exp2(Location at) const {
  return gradus::exp2(self(), at);
}
Tensor TensorMethods::expm1(Location at) const {
  return gradus::expm1(self(), at);
}
Tensor TensorMethods::log2(Location at) const {
  return gradus::log2(self(), at);
}
Tensor TensorMethods::log10(Location at) const {
  return gradus::log10(self(), at);
}
Tensor TensorMethods::log1p(Location at) const {
  return gradus::log1p(self(), at);
}
Tensor TensorMethods::rsqrt(Location at) const {
  return gradus::rsqrt(self(), at);
}
Tensor TensorMethods::reciprocal(Location at) const {
  return gradus::reciprocal(self(), at);
}
Tensor TensorMethods::floor(Location at) const {
  return gradus::floor(self(), at);
}
Tensor TensorMethods::ceil(Location at) const {
  return gradus::ceil(self(), at);
}
Tensor TensorMethods::trunc(Location at) const {
  return gradus::trunc(self(), at);
}
Tensor TensorMethods::round(int decimals, Location at) const {
  return gradus::round(self(), decimals, at);
}
Tensor TensorMethods::frac(Location at) const {
  return gradus::frac(self(), at);
}
Tensor TensorMethods::sin(Location at) const {
  return gradus::sin(self(), at);
}
Tensor TensorMethods::cos(Location at) const {
  return gradus::cos(self(), at);
}
Tensor TensorMethods::tan(Location at) const {
  return gradus::tan(self(), at);
}
Tensor TensorMethods::asin(Location at) const {
  return gradus::asin(self(), at);
}
Tensor TensorMethods::acos(Location at) const {
  return gradus::acos(self(), at);
}
Tensor TensorMethods::atan(Location at) const {
  return gradus::atan(self(), at);
}
Tensor TensorMethods::sinh(Location at) const {
  return gradus::sinh(self(), at);
}
Tensor TensorMethods::cosh(Location at) const {
  return gradus::cosh(self(), at);
}
Tensor TensorMethods::asinh(Location at) const {
  return gradus::asinh(self(), at);
}
Tensor TensorMethods::acosh(Location at) const {
  return gradus::acosh(self(), at);
}
Tensor TensorMethods::atanh(Location at) const {
  return gradus::atanh(self(), at);
}
Tensor TensorMethods::erf(Location at) const {
  return gradus::erf(self(), at);
}
Tensor TensorMethods::erfc(Location at) const {
  return gradus::erfc(self(), at);
}
Tensor TensorMethods::masked_fill(const Tensor& mask, Scalar value, Location at) const {
  return gradus::masked_fill(self(), mask, value, at);
}
Tensor TensorMethods::maximum(const Tensor& other, Location at) const {
  return gradus::maximum(Operand(self(), at), other);
}
Tensor TensorMethods::maximum(Scalar other, Location at) const {
  return gradus::maximum(Operand(self(), at), other);
}
Tensor TensorMethods::minimum(const Tensor& other, Location at) const {
  return gradus::minimum(Operand(self(), at), other);
}
Tensor TensorMethods::minimum(Scalar other, Location at) const {
  return gradus::minimum(Operand(self(), at), other);
}
Tensor TensorMethods::clamp_min(const Tensor& other, Location at) const {
  return gradus::clamp_min(Operand(self(), at), other);
}
Tensor TensorMethods::clamp_min(Scalar other, Location at) const {
  return gradus::clamp_min(Operand(self(), at), other);
}
Tensor TensorMethods::clamp_max(const Tensor& other, Location at) const {
  return gradus::clamp_max(Operand(self(), at), other);
}
Tensor TensorMethods::clamp_max(Scalar other, Location at) const {
  return gradus::clamp_max(Operand(self(), at), other);
}
Tensor TensorMethods::clamp(std::optional<Scalar> min, std::optional<Scalar> max,
                            Location at) const {
  return gradus::clamp(self(), min, max, at);
}
Tensor TensorMethods::clamp(const Tensor& min, const Tensor& max, Location at) const {
  return gradus::clamp(self(), min, max, at);
}
Tensor TensorMethods::nan_to_num(double nan, std::optional<double> posinf,
                                 std::optional<double> neginf, Location at) const {
  return gradus::nan_to_num(self(), nan, posinf, neginf, at);
}
Tensor TensorMethods::eq(const Tensor& other, Location at) const {
  return gradus::eq(Operand(self(), at), other);
}
Tensor TensorMethods::eq(Scalar other, Location at) const {
  return gradus::eq(Operand(self(), at), other);
}
Tensor TensorMethods::ne(const Tensor& other, Location at) const {
  return gradus::ne(Operand(self(), at), other);
}
Tensor TensorMethods::ne(Scalar other, Location at) const {
  return gradus::ne(Operand(self(), at), other);
}
Tensor TensorMethods::lt(const Tensor& other, Location at) const {
  return gradus::lt(Operand(self(), at), other);
}
Tensor TensorMethods::lt(Scalar other, Location at) const {
  return gradus::lt(Operand(self(), at), other);
}
Tensor TensorMethods::le(const Tensor& other, Location at) const {
  return gradus::le(Operand(self(), at), other);
}
Tensor TensorMethods::le(Scalar other, Location at) const {
  return gradus::le(Operand(self(), at), other);
}
Tensor TensorMethods::gt(const Tensor& other, Location at) const {
  return gradus::gt(Operand(self(), at), other);
}
Tensor TensorMethods::gt(Scalar other, Location at) const {
  return gradus::gt(Operand(self(), at), other);
}
Tensor TensorMethods::ge(const Tensor& other, Location at) const {
  return gradus::ge(Operand(self(), at), other);
}
Tensor TensorMethods::ge(Scalar other, Location at) const {
  return gradus::ge(Operand(self(), at), other);
}
Tensor TensorMethods::logical_and(const Tensor& other, Location at) const {
  return gradus::logical_and(Operand(self(), at), other);
}
Tensor TensorMethods::logical_and(Scalar other, Location at) const {
  return gradus::logical_and(Operand(self(), at), other);
}
Tensor TensorMethods::logical_or(const Tensor& other, Location at) const {
  return gradus::logical_or(Operand(self(), at), other);
}
Tensor TensorMethods::logical_or(Scalar other, Location at) const {
  return gradus::logical_or(Operand(self(), at), other);
}
Tensor TensorMethods::logical_xor(const Tensor& other, Location at) const {
  return gradus::logical_xor(Operand(self(), at), other);
}
Tensor TensorMethods::logical_xor(Scalar other, Location at) const {
  return gradus::logical_xor(Operand(self(), at), other);
}
Tensor TensorMethods::logical_not(Location at) const {
  return gradus::logical_not(self(), at);
}
Tensor TensorMethods::bitwise_and(const Tensor& other, Location at) const {
  return gradus::bitwise_and(Operand(self(), at), other);
}
Tensor TensorMethods::bitwise_and(Scalar other, Location at) const {
  return gradus::bitwise_and(Operand(self(), at), other);
}
Tensor TensorMethods::bitwise_or(const Tensor& other, Location at) const {
  return gradus::bitwise_or(Operand(self(), at), other);
}
Tensor TensorMethods::bitwise_or(Scalar other, Location at) const {
  return gradus::bitwise_or(Operand(self(), at), other);
}
Tensor TensorMethods::bitwise_xor(const Tensor& other, Location at) const {
  return gradus::bitwise_xor(Operand(self(), at), other);
}
Tensor TensorMethods::bitwise_xor(Scalar other, Location at) const {
  return gradus::bitwise_xor(Operand(self(), at), other);
}
Tensor TensorMethods::bitwise_not(Location at) const {
  return gradus::bitwise_not(self(), at);
}
Tensor TensorMethods::isnan(Location at) const {
  return gradus::isnan(self(), at);
}
Tensor TensorMethods::isinf(Location at) const {
  return gradus::isinf(self(), at);
}
Tensor TensorMethods::isfinite(Location at) const {
  return gradus::isfinite(self(), at);
}
Tensor TensorMethods::isclose(const Tensor& b, double rtol, double atol, bool equal_nan,
                              Location at) const {
  return gradus::isclose(self(), b, rtol, atol, equal_nan, at);
}
bool TensorMethods::allclose(const Tensor& b, double rtol, double atol, bool equal_nan,
                             Location at) const {
  return gradus::allclose(self(), b, rtol, atol, equal_nan, at);
}
bool TensorMethods::equal(const Tensor& b, Location at) const {
  return gradus::equal(self(), b, at);
}

// ---- In place -----------------------------------------------------------------------------------

Tensor TensorMethods::neg_(Location at) const {
  return in_place_unary<gradus::neg>(self(), "neg_", at);
}
Tensor TensorMethods::abs_(Location at) const {
  return in_place_unary<gradus::abs>(self(), "abs_", at);
}
Tensor TensorMethods::sign_(Location at) const {
  return in_place_unary<gradus::sign>(self(), "sign_", at);
}
Tensor TensorMethods::square_(Location at) const {
  return in_place_unary<gradus::square>(self(), "square_", at);
}
Tensor TensorMethods::exp_(Location at) const {
  return in_place_unary<gradus::exp>(self(), "exp_", at);
}
Tensor TensorMethods::exp2_(Location at) const {
  return in_place_unary<gradus::exp2>(self(), "exp2_", at);
}
Tensor TensorMethods::expm1_(Location at) const {
  return in_place_unary<gradus::expm1>(self(), "expm1_", at);
}
Tensor TensorMethods::log_(Location at) const {
  return in_place_unary<gradus::log>(self(), "log_", at);
}
Tensor TensorMethods::log2_(Location at) const {
  return in_place_unary<gradus::log2>(self(), "log2_", at);
}
Tensor TensorMethods::log10_(Location at) const {
  return in_place_unary<gradus::log10>(self(), "log10_", at);
}
Tensor TensorMethods::log1p_(Location at) const {
  return in_place_unary<gradus::log1p>(self(), "log1p_", at);
}
Tensor TensorMethods::sqrt_(Location at) const {
  return in_place_unary<gradus::sqrt>(self(), "sqrt_", at);
}
Tensor TensorMethods::rsqrt_(Location at) const {
  return in_place_unary<gradus::rsqrt>(self(), "rsqrt_", at);
}
Tensor TensorMethods::reciprocal_(Location at) const {
  return in_place_unary<gradus::reciprocal>(self(), "reciprocal_", at);
}
Tensor TensorMethods::floor_(Location at) const {
  return in_place_unary<gradus::floor>(self(), "floor_", at);
}
Tensor TensorMethods::ceil_(Location at) const {
  return in_place_unary<gradus::ceil>(self(), "ceil_", at);
}
Tensor TensorMethods::trunc_(Location at) const {
  return in_place_unary<gradus::trunc>(self(), "trunc_", at);
}
Tensor TensorMethods::frac_(Location at) const {
  return in_place_unary<gradus::frac>(self(), "frac_", at);
}
Tensor TensorMethods::sin_(Location at) const {
  return in_place_unary<gradus::sin>(self(), "sin_", at);
}
Tensor TensorMethods::cos_(Location at) const {
  return in_place_unary<gradus::cos>(self(), "cos_", at);
}
Tensor TensorMethods::tan_(Location at) const {
  return in_place_unary<gradus::tan>(self(), "tan_", at);
}
Tensor TensorMethods::asin_(Location at) const {
  return in_place_unary<gradus::asin>(self(), "asin_", at);
}
Tensor TensorMethods::acos_(Location at) const {
  return in_place_unary<gradus::acos>(self(), "acos_", at);
}
Tensor TensorMethods::atan_(Location at) const {
  return in_place_unary<gradus::atan>(self(), "atan_", at);
}
Tensor TensorMethods::sinh_(Location at) const {
  return in_place_unary<gradus::sinh>(self(), "sinh_", at);
}
Tensor TensorMethods::cosh_(Location at) const {
  return in_place_unary<gradus::cosh>(self(), "cosh_", at);
}
Tensor TensorMethods::tanh_(Location at) const {
  return in_place_unary<gradus::tanh>(self(), "tanh_", at);
}
Tensor TensorMethods::asinh_(Location at) const {
  return in_place_unary<gradus::asinh>(self(), "asinh_", at);
}
Tensor TensorMethods::acosh_(Location at) const {
  return in_place_unary<gradus::acosh>(self(), "acosh_", at);
}
Tensor TensorMethods::atanh_(Location at) const {
  return in_place_unary<gradus::atanh>(self(), "atanh_", at);
}
Tensor TensorMethods::erf_(Location at) const {
  return in_place_unary<gradus::erf>(self(), "erf_", at);
}
Tensor TensorMethods::erfc_(Location at) const {
  return in_place_unary<gradus::erfc>(self(), "erfc_", at);
}
Tensor TensorMethods::sigmoid_(Location at) const {
  return in_place_unary<gradus::sigmoid>(self(), "sigmoid_", at);
}
Tensor TensorMethods::relu_(Location at) const {
  return in_place_unary<gradus::relu>(self(), "relu_", at);
}
Tensor TensorMethods::round_(int decimals, Location at) const {
  return ops::in_place(self(), {}, "round_", at,
                       [&](const Tensor& x) { return gradus::round(x, decimals, at); });
}
Tensor TensorMethods::pow_(Scalar exponent, Location at) const {
  return ops::in_place(self(), {}, "pow_", at,
                       [&](const Tensor& x) { return gradus::pow(Operand(x, at), exponent); });
}
Tensor TensorMethods::remainder_(Scalar divisor, Location at) const {
  return ops::in_place(self(), {}, "remainder_", at,
                       [&](const Tensor& x) { return gradus::remainder(Operand(x, at), divisor); });
}
Tensor TensorMethods::clamp_(std::optional<Scalar> min, std::optional<Scalar> max,
                             Location at) const {
  return ops::in_place(self(), {}, "clamp_", at,
                       [&](const Tensor& x) { return gradus::clamp(x, min, max, at); });
}
Tensor TensorMethods::clamp_min_(Scalar min, Location at) const {
  return ops::in_place(self(), {}, "clamp_min_", at,
                       [&](const Tensor& x) { return gradus::clamp_min(Operand(x, at), min); });
}
Tensor TensorMethods::clamp_max_(Scalar max, Location at) const {
  return ops::in_place(self(), {}, "clamp_max_", at,
                       [&](const Tensor& x) { return gradus::clamp_max(Operand(x, at), max); });
}
Tensor TensorMethods::masked_fill_(const Tensor& mask, Scalar value, Location at) const {
  return ops::in_place(self(), {mask}, "masked_fill_", at,
                       [&](const Tensor& x) { return gradus::masked_fill(x, mask, value, at); });
}
Tensor TensorMethods::index_put_(const TensorIndices& indices, const Tensor& values,
                                 bool accumulate, Location at) const {
  return ops::in_place(self(), {values}, "index_put_", at, [&](const Tensor& x) {
    return gradus::index_put(x, indices, values, accumulate, at);
  });
}
Tensor TensorMethods::index_add_(int dim, const Tensor& index, const Tensor& src, Scalar alpha,
                                 Location at) const {
  return ops::in_place(self(), {src}, "index_add_", at, [&](const Tensor& x) {
    return gradus::index_add(x, dim, index, src, alpha, at);
  });
}
Tensor TensorMethods::scatter_add_(int dim, const Tensor& index, const Tensor& src,
                                   Location at) const {
  return ops::in_place(self(), {src}, "scatter_add_", at, [&](const Tensor& x) {
    return gradus::scatter_add(x, dim, index, src, at);
  });
}
Tensor TensorMethods::tril_(std::int64_t diagonal, Location at) const {
  return ops::in_place(self(), {}, "tril_", at,
                       [&](const Tensor& x) { return gradus::tril(x, diagonal, at); });
}
Tensor TensorMethods::triu_(std::int64_t diagonal, Location at) const {
  return ops::in_place(self(), {}, "triu_", at,
                       [&](const Tensor& x) { return gradus::triu(x, diagonal, at); });
}
Tensor TensorMethods::uniform_(double from, double to, Generator& generator, Location at) const {
  return ops::in_place(self(), {}, "uniform_", at, [&](const Tensor& x) {
    return gradus::rand(x.sizes(), x.dtype(), generator, at) * (to - from) + from;
  });
}
Tensor TensorMethods::normal_(double mean, double std, Generator& generator, Location at) const {
  return ops::in_place(self(), {}, "normal_", at, [&](const Tensor& x) {
    return gradus::randn(x.sizes(), x.dtype(), generator, at) * std + mean;
  });
}

}  // namespace gradus
