// Activation functions, element by element. Integers are taken as float32 unless said otherwise.
// Values, first and second gradients stay finite and right for large inputs.
#pragma once

#include "framework/tensor/tensor.h"

#include <string_view>

namespace gradus {

/// max(x, 0); the gradient at 0 is 0. NaN stays NaN, integers stay integers; bool throws
/// DTypeError.
Tensor relu(const Tensor& x, Location at = Location::current());
/// min(max(x, 0), 6), with gradient 0 at both ends. Integers stay integers.
Tensor relu6(const Tensor& x, Location at = Location::current());
/// x where x > 0, else slope * x.
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01, Location at = Location::current());
/// x where x > 0, else weight * x. The weight has one element, or one for each channel (dim 1) of
/// x, else ShapeError.
Tensor prelu(const Tensor& x, const Tensor& weight, Location at = Location::current());
/// scale * x where x > 0, else scale * alpha * (exp(input_scale * x) - 1). A negative input_scale
/// throws ValueError.
Tensor elu(const Tensor& x, double alpha = 1, double scale = 1, double input_scale = 1,
           Location at = Location::current());
/// elu with the alpha and scale that keep the mean 0 and the variance 1.
Tensor selu(const Tensor& x, Location at = Location::current());
/// x where x > 0, else alpha * (exp(x / alpha) - 1). alpha <= 0 throws ValueError.
Tensor celu(const Tensor& x, double alpha = 1, Location at = Location::current());

/// x times the normal distribution's function at x. `approximate` is "none", or "tanh" for
/// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); else ValueError.
Tensor gelu(const Tensor& x, std::string_view approximate = "none",
            Location at = Location::current());
/// x * sigmoid(x).
Tensor silu(const Tensor& x, Location at = Location::current());
/// x * tanh(softplus(x)).
Tensor mish(const Tensor& x, Location at = Location::current());
/// log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold.
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20,
                Location at = Location::current());

/// 1 / (1 + exp(-x)), without overflow.
Tensor sigmoid(const Tensor& x, Location at = Location::current());
/// log(sigmoid(x)), without overflow or loss.
Tensor logsigmoid(const Tensor& x, Location at = Location::current());
Tensor tanh(const Tensor& x, Location at = Location::current());
/// x / (1 + |x|).
Tensor softsign(const Tensor& x, Location at = Location::current());
/// x - tanh(x).
Tensor tanhshrink(const Tensor& x, Location at = Location::current());

/// x kept within [min_val, max_val], with gradient 0 at both ends. Integers stay integers when the
/// bounds are. min_val > max_val throws ValueError.
Tensor hardtanh(const Tensor& x, Scalar min_val = -1, Scalar max_val = 1,
                Location at = Location::current());
/// relu6(x + 3) / 6.
Tensor hardsigmoid(const Tensor& x, Location at = Location::current());
/// x * relu6(x + 3) / 6.
Tensor hardswish(const Tensor& x, Location at = Location::current());
/// x brought nearer to 0 by lambd, 0 where |x| <= lambd. A negative lambd throws ValueError.
Tensor softshrink(const Tensor& x, double lambd = 0.5, Location at = Location::current());
/// x, but 0 where |x| <= lambd.
Tensor hardshrink(const Tensor& x, double lambd = 0.5, Location at = Location::current());
/// x, but `value` where x <= threshold. Integers stay integers when the numbers are.
Tensor threshold(const Tensor& x, Scalar threshold, Scalar value,
                 Location at = Location::current());
/// The first half of x along `dim`, times the sigmoid of the second. An odd size throws ShapeError.
Tensor glu(const Tensor& x, int dim = -1, Location at = Location::current());

// ---- What their backwards are made of: the gradient times the derivative at x (or where the
// function gave y). Each is differentiable again.

/// gradient where y > 0, else 0.
Tensor relu_backward(const Tensor& gradient, const Tensor& y, Location at = Location::current());
Tensor leaky_relu_backward(const Tensor& gradient, const Tensor& x, double negative_slope,
                           Location at = Location::current());
Tensor elu_backward(const Tensor& gradient, const Tensor& x, double alpha, double scale,
                    double input_scale, Location at = Location::current());
Tensor gelu_backward(const Tensor& gradient, const Tensor& x, std::string_view approximate,
                     Location at = Location::current());
Tensor silu_backward(const Tensor& gradient, const Tensor& x, Location at = Location::current());
Tensor softplus_backward(const Tensor& gradient, const Tensor& x, double beta, double threshold,
                         Location at = Location::current());
Tensor sigmoid_backward(const Tensor& gradient, const Tensor& y, Location at = Location::current());
Tensor tanh_backward(const Tensor& gradient, const Tensor& y, Location at = Location::current());

}  // namespace gradus
